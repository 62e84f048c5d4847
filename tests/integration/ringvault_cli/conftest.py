"""A small archive in moto, described in a file as the local stack describes itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from local.cloudformation.provision.site import Runtime
from local.cloudformation.provision.stack import Stack
from local.moto.clients import Aws
from local.places import stack_file
from local.up.stack_file import description_of
from ringvault_cli.command import app
from tests.support.cloud import Cloud
from tests.support.tiny_server import Reply, Seen, TinyServer

# What Typer's runner returns has a type of its own in each version of click.
Ringvault = Callable[..., Any]


@dataclass(slots=True)
class Functions:
    """What the archive's functions answer, next one first; without any, that there is none."""

    replies: list[Reply] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def answer(self, seen: Seen) -> Reply:
        """Return the next reply."""
        self.seen.append(seen)
        return self.replies.pop(0) if self.replies else Reply(404)


@dataclass(slots=True)
class Archive:
    """What a stack tells of itself."""

    cloud: Cloud
    invoke_url: str
    outputs: dict[str, str]
    parameters: dict[str, Any]

    def described(self) -> str:
        """Return what the local stack writes into its file."""
        stack = Stack(self.outputs, Runtime(), self.parameters)
        return description_of(stack, aws=Aws(self.cloud.url), invoke_url=self.invoke_url)


@pytest.fixture
def functions() -> Functions:
    """Return functions that a test has answer."""
    return Functions()


@pytest.fixture
def archive(cloud: Cloud, functions: Functions) -> Iterator[Archive]:
    """Make an empty archive."""
    declared = cloud.template["Parameters"].items()
    parameters = {name: parameter["Default"] for name, parameter in declared}
    outputs = {
        "CatalogueTableName": cloud.make_table("CatalogueTable"),
        "NumberIndexTableName": cloud.make_table("NumberIndexTable"),
        "StateTableName": cloud.make_table("StateTable"),
        "VaultBucketName": cloud.make_bucket(),
        "RecordingQueueUrl": cloud.make_queue(),
        "DeadLetterQueueUrl": cloud.make_queue(),
        "ReconcileArchiveFunctionName": "Reconcile",
    }
    with TinyServer(functions.answer) as server:
        yield Archive(cloud, server.url, outputs, parameters)


@pytest.fixture
def outputs(archive: Archive) -> dict[str, str]:
    """Return what the archive's stack tells."""
    return archive.outputs


@pytest.fixture
def ringvault(archive: Archive) -> Iterator[Ringvault]:
    """Return the command as a person calls it on the machine where the archive is."""
    # Nobody else has the port of a server of ours.
    port = urlsplit(archive.invoke_url).port or 0
    path = stack_file(port)
    path.parent.mkdir(parents=True, exist_ok=True)

    def called(*arguments: str) -> Any:
        path.write_text(archive.described())
        return CliRunner().invoke(app, [*arguments, "--local", f"--port={port}"])

    yield called
    path.unlink(missing_ok=True)
