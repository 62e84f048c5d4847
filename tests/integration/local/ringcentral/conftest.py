"""A simulator with a generous quota, and a signed-in client for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from tests.integration.local.ringcentral.client import Client, Clock

AMPLE = quotas_with(heavy=Quota(10_000, 60, 60))


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until a test moves it."""
    return Clock()


@pytest.fixture
def start(clock: Clock) -> Iterator[Callable[[Options], Client]]:
    """Starts simulators; each ends with the test."""
    with ExitStack() as stack:

        def started(options: Options) -> Client:
            client = Client(stack.enter_context(Simulator(options, clock=clock)))
            stack.callback(client.session.close)
            return client

        yield started


@pytest.fixture
def client(start: Callable[[Options], Client]) -> Client:
    """A signed-in client of an account with 60 recordings."""
    return start(Options(recordings=60, quotas=AMPLE)).sign_in()
