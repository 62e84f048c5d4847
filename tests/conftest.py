"""All tests: in which order they start, what hypothesis may do, and what boto3 reads once."""

from collections.abc import Iterator
from functools import cache

import botocore.session
import hypothesis
import pytest

LONGEST_FIRST = ("test_main_job.py", "test_up.py")

# The same examples each time, however busy the machine is.
hypothesis.settings.register_profile(
    "repeatable", deadline=None, derandomize=True, print_blob=False
)
hypothesis.settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that no worker is left alone with one; keep the others."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    name = item.path.name
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


@pytest.fixture(scope="session", autouse=True)
def _services_read_once() -> Iterator[None]:
    """Let all sessions of boto3 share what they read of the services; it takes 0.2 s each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield
