"""A moto of our own, and tiny templates and functions to run in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.child import free_port
from local.lambda_.host import Host
from local.moto.clients import Aws, running_aws


@pytest.fixture(autouse=True)
def no_real_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep boto3 away from whatever account the developer has."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """One moto for all tests of this folder; each test names its resources itself."""
    log_path = tmp_path_factory.mktemp("aws") / "aws.log"
    with running_aws(free_port(), log_path=log_path) as running:
        yield running


@pytest.fixture
def host(aws: Aws, tmp_path: Path) -> Host:
    """Return where functions run, with logs of the test's own."""
    logs = tmp_path / "logs"
    logs.mkdir()
    return Host(aws, logs)
