"""A deployment whose secret, call log and answers are full of canaries."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from local.cloudformation.provision.site import Runtime
from local.cloudformation.provision.stack import Stack as Described
from local.moto.clients import Aws
from local.places import stack_file
from local.up.stack_file import described
from ringvault_cli.command import app
from tests.integration.canary.ringcentral import CREDENTIALS, CanaryRingCentral
from tests.integration.canary.stage import Stage
from tests.integration.faults.aws_proxy import AwsProxy
from tests.support.cloud import Cloud
from tests.support.deployed import deploy
from tests.support.tiny_server import TinyServer

PLAYBACK = {
    "GROUPS_CLAIM": "cognito:groups",
    "EXTENSION_CLAIM": "custom:extension_id",
    "PLAYBACK_URL_SECONDS": "60",
    "COLD_STORAGE_AFTER_DAYS": "30",
    "SIGN_IN_AUTHORIZATION_ENDPOINT": "https://issuer.example/authorize",
    "SIGN_IN_TOKEN_ENDPOINT": "https://issuer.example/token",
    "SIGN_IN_CLIENT_ID": "ringvault",
    "SIGN_IN_SCOPE": "openid",
}
OUTPUTS = {
    "CatalogueTableName": "CATALOGUE_TABLE",
    "StateTableName": "STATE_TABLE",
    "RingCentralSecretArn": "RINGCENTRAL_SECRET_ARN",
    "AccessTokenKeyArn": "ACCESS_TOKEN_KEY_ARN",
    "VaultBucketName": "VAULT_BUCKET",
    "RecordingQueueUrl": "RECORDING_QUEUE_URL",
    "DeadLetterQueueUrl": "DEAD_LETTER_QUEUE_URL",
    "NumberIndexTableName": "NUMBER_INDEX_TABLE",
}


@pytest.fixture(scope="module")
def made_once(cloud: Cloud) -> Iterator[Stage]:
    """Deploy once: what AWS's clients know of the services takes long to read."""
    ringcentral = CanaryRingCentral()
    with TinyServer(ringcentral) as server, AwsProxy(cloud.url) as proxy:
        ringcentral.url = server.url
        deployed = deploy(cloud, server.url, credentials=CREDENTIALS)
        environ = {
            **deployed.environ,
            **PLAYBACK,
            "AWS_ENDPOINT_URL": proxy.url,
            "PLAY_TABLE": cloud.make_table("PlayTable"),
            "EXPIRE_AFTER_DAYS": "30",
        }
        stage = Stage(cloud, replace(deployed, environ=environ), ringcentral, proxy)
        stage.start_cold()
        yield stage
        stage.start_cold()


@pytest.fixture
def stage(made_once: Stage, log: list[Any], monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Return the deployment with nothing in it and nothing wrong, its containers warm."""
    for name, value in made_once.deployed.environ.items():
        monkeypatch.setenv(name, value)
    stage = replace(made_once, log=log, said=[], signatures=[])
    stage.empty()
    return stage


@pytest.fixture
def ringvault(stage: Stage) -> Iterator[Callable[..., Any]]:
    """Return the command as a person calls it who looks after the deployment."""
    outputs = {name: stage.deployed[variable] for name, variable in OUTPUTS.items()}
    url = stage.ringcentral.url
    parameters = {
        it: str(told["Default"]) for it, told in stage.cloud.template["Parameters"].items()
    }
    parameters |= {"RingCentralServerUrl": url, "RingCentralMediaUrl": url}
    port = urlsplit(url).port or 0

    def called(*arguments: str, given: str | None = None) -> Any:
        result = CliRunner().invoke(
            app, [*arguments, "--local", f"--port={port}"], input=given, catch_exceptions=True
        )
        stage.said += [("stdout", result.stdout), ("stderr", result.stderr)]
        return result

    with ExitStack() as stack:
        whole = Described(outputs, Runtime(), parameters)
        aws = Aws(stage.cloud.url)
        stack.enter_context(
            described(whole, aws=aws, invoke_url=stage.cloud.url, path=stack_file(port))
        )
        yield called
