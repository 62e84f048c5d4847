"""A stack is updated while the code before is still at work: everything is stored exactly once."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from ringvault.core.catalogue.item import SCHEMA_VERSION, State
from tests.integration.faults.aws_proxy import WAIT_S, meanwhile
from tests.integration.faults.earlier_release import EarlierRelease, answer_of
from tests.integration.faults.site import Site
from tests.support.archiver_events import batch, message


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> EarlierRelease:
    """Return the release before."""
    return EarlierRelease.copied_to(tmp_path_factory.mktemp("earlier"))


def listed_by_the_earlier(site: Site, recording_id: str) -> None:
    """Let an item be of the schema before."""
    site.deployed.cloud.dynamodb.update_item(
        TableName=site.deployed["CATALOGUE_TABLE"],
        Key={"recording_id": {"S": recording_id}},
        UpdateExpression="SET schema_version = :before",
        ExpressionAttributeValues={":before": {"N": str(SCHEMA_VERSION - 1)}},
    )


@contextmanager
def held_up(site: Site, operation: str) -> Iterator[Event]:
    """Hold the next such request up until the block ends; what is yielded tells that it came."""
    came, goes_on = Event(), Event()

    def stay() -> None:
        came.set()
        goes_on.wait(WAIT_S)

    site.proxy.strike(operation, meanwhile(stay))
    try:
        yield came
    finally:
        goes_on.set()


def test_what_the_code_before_began_it_finishes(site: Site, earlier: EarlierRelease) -> None:
    """Its message reaches the new code too: one object."""
    listed_by_the_earlier(site, site.large)
    listed_by_the_earlier(site, site.small)
    with held_up(site, "UploadPart") as uploading:
        begun = earlier.begun(batch(message(site.large)), environ=site.environ)
        assert uploading.wait(WAIT_S)
        assert site.deliver(site.large) == "claimed_elsewhere"
        assert site.deliver(site.small) == "archived"

    assert answer_of(begun) == ("archived", [])
    for recording_id in (site.large, site.small):
        site.assert_archived(recording_id)
    assert site.downloads() == 2


def test_what_the_code_before_cannot_read_comes_again(site: Site, earlier: EarlierRelease) -> None:
    """It hands the message back without a change, and the new code archives the recording."""
    begun = earlier.begun(batch(message(site.small)), environ=site.environ)

    assert answer_of(begun) == ("NewerCatalogueError", ["message-0"])
    assert site.deployed.item(site.small).state is State.PENDING
    assert site.downloads() == 0
    assert site.deliver(site.small) == "archived"
    site.assert_archived(site.small)
