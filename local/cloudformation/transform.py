"""template.yaml as plain CloudFormation: SAM's transform, without AWS and without network."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml

from local.errors import TemplateError
from local.places import TEMPLATE

REGION = "us-east-1"
LOCAL_CODE_BUCKET = "local"
Value = Any  # any YAML value
Document = dict[str, Value]

# The property that names a folder of this repository, for each SAM type that has one.
_CODE_PROPERTIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}


def transform(template_path: Path) -> Document:
    """Return a template as plain CloudFormation.

    A folder of code becomes an object of the bucket `local` with the folder's path as its key,
    since SAM accepts nothing but S3 before packaging.

    Raises:
        TemplateError: the file is missing, is not YAML, or SAM refuses it; names every fault.
    """
    # SAM takes a second to import, and most processes of the local stack need only this module's
    # names.
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    template = _read(template_path)
    for resource in template["Resources"].values():
        _point_code_to_s3(resource)
    # The translator asks boto3 for a region, only to choose the partition.
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    # Values are given later: SAM would replace them by defaults.
    references = {name: {"Ref": name} for name in template.get("Parameters", {})}
    try:
        translated = Translator({}, Parser()).translate(template, parameter_values=references)
    except InvalidDocumentException as error:
        faults = "; ".join(str(cause.message) for cause in error.causes)
        raise TemplateError(f"{template_path.name}: {faults}") from error
    # SAM has dictionaries of its own kind, whose keys() is a list.
    plain: Document = json.loads(json.dumps(translated))
    return plain


def _read(template_path: Path) -> Document:
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415 - as in transform

    try:
        template = yaml_parse(template_path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TemplateError(f"{template_path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"{template_path.name} is not YAML: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError(f"{template_path.name} has no Resources")
    return template


def _point_code_to_s3(resource: Document) -> None:
    name = _CODE_PROPERTIES.get(resource.get("Type", ""))
    properties = resource.get("Properties") or {}
    folder = properties.get(name) if name else None
    if isinstance(folder, str) and "://" not in folder:
        properties[name] = f"s3://{LOCAL_CODE_BUCKET}/{folder.removeprefix('./').rstrip('/')}"


if __name__ == "__main__":
    try:
        json.dump(transform(Path(sys.argv[1]) if sys.argv[1:] else TEMPLATE), sys.stdout, indent=2)
    except TemplateError as fault:
        sys.exit(str(fault))
