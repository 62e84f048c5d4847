"""AWS on this machine: moto's server in a process of its own, and clients that use only it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import boto3
import requests
from botocore.config import Config

from local.child import await_ready, end_child, start_child
from local.cloudformation.transform import REGION
from local.places import ROOT

ACCOUNT_ID = "123456789012"  # moto's own default
# moto accepts any key and any secret; this one shows what it is.
ADMINISTRATOR = "local"
_one_at_a_time = threading.Lock()
_CONFIG = Config(retries={"total_max_attempts": 2}, max_pool_connections=20)
Service = Literal[
    "apigatewayv2",
    "cloudformation",
    "cloudwatch",
    "cognito-idp",
    "dynamodb",
    "iam",
    "kms",
    "lambda",
    "logs",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "sts",
]
# One function makes the clients of all services here, so none has a type of its own.
Client = Any


@dataclass(frozen=True, slots=True)
class Aws:
    """The simulated AWS at `endpoint_url`."""

    endpoint_url: str

    def client(self, service: Service) -> Client:
        """Return a boto3 client with all rights; any thread may use it."""
        return _client(service, self.endpoint_url)

    def credentials_of(self, role_arn: str, *, session_name: str) -> dict[str, str]:
        """Return AccessKeyId, SecretAccessKey and SessionToken of a role, as Lambda gets them."""
        assumed = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)
        credentials: dict[str, str] = assumed["Credentials"]
        return credentials

    def role_client(self, service: Service, *, role_arn: str, session_name: str) -> Client:
        """Return a boto3 client with the rights of a role; any thread may use it."""
        given = self.credentials_of(role_arn, session_name=session_name)
        with _one_at_a_time:
            return _session().client(
                service,
                endpoint_url=self.endpoint_url,
                config=_CONFIG,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )

    def reset(self) -> None:
        """Delete everything that was made."""
        requests.post(f"{self.endpoint_url}/moto-api/reset", timeout=30).raise_for_status()


def forget_real_aws() -> None:
    """Remove from this process everything that leads to a real account, or around loopback."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    # boto3 would read ~/.aws otherwise, where a default profile may set anything.
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"


# Each takes a tenth of a second, and every resource needs one.
@cache
def _client(service: Service, endpoint_url: str) -> Client:
    with _one_at_a_time:
        return _session().client(service, endpoint_url=endpoint_url, config=_CONFIG)


# One for all: each session reads the services' definitions again. Only one thread may use it at
# a time, while any may use a client.
@cache
def _session() -> boto3.session.Session:
    return boto3.session.Session(
        aws_access_key_id=ADMINISTRATOR,
        aws_secret_access_key=ADMINISTRATOR,
        region_name=REGION,
    )


@contextmanager
def running_aws(
    port: int, *, log_path: Path, enforces_iam: bool = True, iam_log: Path | None = None
) -> Iterator[Aws]:
    """Run moto's server on a port of this machine for as long as the context lasts.

    With `enforces_iam` a role has only its own permissions; `iam_log` is a file that gets each
    of its requests.

    Raises:
        SetupError: it did not start.
    """
    # By name, since moto finds the bucket in the path only when the host is "localhost".
    aws = Aws(f"http://localhost:{port}")
    arguments = [str(port), "--enforce-iam" if enforces_iam else "--no-enforce-iam"]
    if iam_log is not None:
        arguments += ["--iam-log", str(iam_log.absolute())]
    with log_path.open("wb") as log:
        child = start_child("local.moto.server", *arguments, environment=_environment(), output=log)
    try:
        await_ready(child, is_ready=lambda: _is_ready(aws), name=f"moto ({log_path})")
        yield aws
    finally:
        end_child(child)


def _environment() -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        # moto would otherwise allow every origin, whatever the bucket says.
        "MOTO_DISABLE_GLOBAL_CORS": "true",
    }


def _is_ready(aws: Aws) -> bool:
    try:
        return requests.get(f"{aws.endpoint_url}/moto-api/", timeout=1).ok
    except requests.RequestException:
        return False
