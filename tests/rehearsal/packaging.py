"""`sam build` and `sam package`, and what they leave: a template, and objects in a bucket."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.aws import ADMINISTRATOR, Aws
from local.places import ROOT
from local.transform import REGION, Document, transform

_WITHIN_S = 100
_CODE_BUCKET = "artifacts"


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
    s3, template = aws.client("s3"), folder / "packaged.yaml"
    # -o: the tests run in .venv, so it must not be made again under them.
    _run("make", "-o", ".venv/.installed", "build", f"BUILD_DIR={folder / 'build'}")
    s3.create_bucket(Bucket=_CODE_BUCKET)
    sam = str(Path(sys.executable).with_name("sam"))
    built = ("--template-file", str(folder / "build" / "template.yaml"))
    places = ("--s3-bucket", _CODE_BUCKET, "--output-template-file", str(template))
    _run(sam, "package", *built, *places, "--region", REGION, AWS_ENDPOINT_URL=aws.endpoint_url)
    keys = [it["Key"] for it in s3.list_objects_v2(Bucket=_CODE_BUCKET)["Contents"]]
    bodies = (s3.get_object(Bucket=_CODE_BUCKET, Key=key)["Body"].read() for key in keys)
    return Package(transform(template), dict(zip(keys, bodies, strict=True)))


def _run(*command: str, **variables: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": ADMINISTRATOR, "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR}
    done = subprocess.run(  # noqa: S603 - our own Makefile, and the sam beside this Python
        command,
        cwd=ROOT,
        env=os.environ | keys | {"SAM_CLI_TELEMETRY": "0"} | variables,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
