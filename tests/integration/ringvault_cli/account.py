"""A stack beside a simulated RingCentral account, as the command reaches both."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from typer.testing import CliRunner

from local.cloudformation.provision.site import Runtime
from local.cloudformation.provision.stack import Stack
from local.moto.clients import Aws
from local.places import stack_file
from local.ringcentral.account.options import Options
from local.ringcentral.http.server import Simulator
from local.up.stack_file import described
from ringvault_cli.command import app
from tests.support.cloud import Cloud

CLIENT_ID = "simulated-client-id"
CLIENT_SECRET = "simulated-client-secret"
JWT = "simulated-jwt"


@dataclass(frozen=True, slots=True)
class Account:
    """The account, the stack's outputs, and the port that names the stack."""

    cloud: Cloud
    simulator: Simulator
    outputs: Mapping[str, str]
    port: int

    def ringvault(self, *arguments: str) -> Any:
        """Return what the command came to, as a person calls it."""
        return CliRunner().invoke(app, [*arguments, *self.place])

    @property
    def place(self) -> tuple[str, ...]:
        """The options that name the stack."""
        return "--local", f"--port={self.port}"

    @property
    def books(self) -> Any:
        """What the account counted."""
        return self.simulator.books(sha256=False)

    @property
    def secret(self) -> dict[str, Any]:
        """What the secret holds."""
        arn = self.outputs["RingCentralSecretArn"]
        answer = self.cloud.secretsmanager.get_secret_value(SecretId=arn)
        fields: dict[str, Any] = json.loads(answer["SecretString"])
        return fields


@contextmanager
def running_account(
    cloud: Cloud,
    options: Options,
    *,
    secret: Mapping[str, Any],
    outputs: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Iterator[Account]:
    """Run an account beside an empty archive whose secret holds `secret`."""
    with Simulator(options) as simulator:
        told = {
            "CatalogueTableName": cloud.make_table("CatalogueTable"),
            "StateTableName": cloud.make_table("StateTable"),
            "RingCentralSecretArn": cloud.make_secret(secret),
            "AccessTokenKeyArn": cloud.key_arn,
            **(outputs or {}),
        }
        declared = cloud.template["Parameters"].items()
        given = {name: str(parameter["Default"]) for name, parameter in declared} | {
            "RingCentralServerUrl": simulator.base_url,
            "RingCentralMediaUrl": simulator.base_url,
            **(parameters or {}),
        }
        port = urlsplit(simulator.base_url).port or 0
        stack, path = Stack(told, Runtime(), given), stack_file(port)
        with described(stack, aws=Aws(cloud.url), invoke_url=cloud.url, path=path):
            yield Account(cloud, simulator, told, port)
