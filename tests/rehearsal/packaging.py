"""`sam build` and `sam package`, and what they leave: a template, and objects in a bucket."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.cloudformation.transform import REGION, Document, transform
from local.moto.clients import ADMINISTRATOR, Aws
from local.places import ROOT

_WITHIN_S = 100
_CODE_BUCKET = "artifacts"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ADMINISTRATOR,
    "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR,
    # As `make build` has it, which the Makefiles of layer and functions are called by.
    "MAKEFLAGS": "",
    "PYTHON": sys.executable,
    "SAM_CLI_TELEMETRY": "0",
}


@dataclass(frozen=True, slots=True)
class Package:
    """What `sam deploy` would hand to CloudFormation, transformed, and the code it refers to."""

    template: Document
    objects: Mapping[str, bytes]

    def store(self, aws: Aws) -> None:
        """Put the code where the template says that it lies."""
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=_CODE_BUCKET)
        for key, body in self.objects.items():
            s3.put_object(Bucket=_CODE_BUCKET, Key=key, Body=body)


def packaged(aws: Aws, *, folder: Path) -> Package:
    """Build this repository and package it to the S3 at hand."""
    s3, build, template = aws.client("s3"), folder / "build", folder / "packaged.yaml"
    _sam("build", "--build-dir", str(build))
    s3.create_bucket(Bucket=_CODE_BUCKET)
    built = ("--template-file", str(build / "template.yaml"))
    places = ("--s3-bucket", _CODE_BUCKET, "--output-template-file", str(template))
    _sam("package", *built, *places, "--region", REGION, AWS_ENDPOINT_URL=aws.endpoint_url)
    keys = [it["Key"] for it in s3.list_objects_v2(Bucket=_CODE_BUCKET)["Contents"]]
    bodies = (s3.get_object(Bucket=_CODE_BUCKET, Key=key)["Body"].read() for key in keys)
    return Package(transform(template), dict(zip(keys, bodies, strict=True)))


def _sam(*arguments: str, **variables: str) -> None:
    done = subprocess.run(  # noqa: S603 - the sam beside this Python
        [Path(sys.executable).with_name("sam"), *arguments],
        cwd=ROOT,
        env=os.environ | _ENVIRONMENT | variables,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
