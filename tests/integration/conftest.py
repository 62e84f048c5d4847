"""One moto for all integration tests; every test makes resources of its own in it."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from local.ringcentral.account.options import Options
from local.ringcentral.http.server import Simulator
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.observability import logger
from tests.support.cloud import Cloud, running_cloud
from tests.support.moving_time import MovingTime
from tests.support.template import transformed


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Serve AWS on a free port of this machine."""
    with running_cloud(transformed()) as running:
        yield running


@pytest.fixture
def catalogue(cloud: Cloud) -> CatalogueTable:
    """Return an empty catalogue."""
    return CatalogueTable(cloud.make_table("CatalogueTable"), cloud.dynamodb)


@pytest.fixture
def state_table(cloud: Cloud) -> str:
    """Return the name of an empty state table."""
    return cloud.make_table("StateTable")


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """Return the name of an empty vault."""
    return cloud.make_bucket()


@pytest.fixture
def time() -> MovingTime:
    """Return a clock that moves by sleeping only."""
    return MovingTime()


@pytest.fixture
def simulate(time: MovingTime) -> Iterator[Callable[[Options], Simulator]]:
    """Starts simulators on the test's clock; each ends with the test."""
    with ExitStack() as stack:
        yield lambda options: stack.enter_context(Simulator(options, clock=time))


@pytest.fixture
def log() -> Iterator[list[dict[str, Any]]]:
    """Collect what reaches CloudWatch: our lines, and from WARNING on what libraries log."""
    lines: list[dict[str, Any]] = []
    ours, theirs = _Lines(lines, logging.INFO), _Lines(lines, logging.WARNING)
    theirs.addFilter(lambda record: record.name != logger().name)
    function_logger, root = logging.getLogger(logger().name), logging.getLogger()
    function_logger.addHandler(ours)
    root.addHandler(theirs)
    yield lines
    function_logger.removeHandler(ours)
    root.removeHandler(theirs)


class _Lines(logging.Handler):
    def __init__(self, lines: list[dict[str, Any]], level: int) -> None:
        super().__init__(level)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(json.loads(logger().registered_formatter.format(record)))
