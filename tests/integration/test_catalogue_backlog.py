"""The backlog as the catalogue's index by state tells it."""

from datetime import timedelta
from typing import Any

import pytest

from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.counts import CHEAP, CatalogueBacklog
from ringvault.core.catalogue.item import State
from ringvault.core.listing.backlog import Backlog
from ringvault.core.listing.feed import Candidate
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, archived_of, recording_of


@pytest.fixture
def table_name(cloud: Cloud) -> str:
    """Return an empty catalogue's name."""
    return cloud.make_table("CatalogueTable")


def listed(cloud: Cloud, table_name: str, *days_ago: int) -> CatalogueTable:
    """Return a catalogue with a recording of each of these days, named after it."""
    catalogue = CatalogueTable(table_name, cloud.dynamodb)
    recordings = [
        recording_of(str(days), started_at=NOW - timedelta(days=days)) for days in days_ago
    ]
    catalogue.add_new(recordings, listed_at=NOW)
    return catalogue


def test_nothing_waits(cloud: Cloud, table_name: str) -> None:
    """An empty catalogue has no backlog."""
    assert CatalogueBacklog(table_name, cloud.dynamodb).at(NOW) == Backlog(0, None)


def test_what_is_queued_waits_and_what_is_archived_does_not(cloud: Cloud, table_name: str) -> None:
    """The oldest on its way counts, whether it is on the queue or not."""
    catalogue = listed(cloud, table_name, 1, 5, 9)
    five = Candidate("5", State.PENDING, NOW - timedelta(days=5))
    catalogue.mark_queued([five], queued_at=NOW)
    catalogue.set_archived("9", archived_of(recording_of("9")))

    backlog = CatalogueBacklog(table_name, cloud.dynamodb).at(NOW)
    assert backlog == Backlog(2, NOW - timedelta(days=5))


def test_a_count_goes_on_over_pages(cloud: Cloud, table_name: str) -> None:
    """DynamoDB counts a page at a time."""
    listed(cloud, table_name, *range(1, 8))
    client = cloud.own_client("dynamodb")
    client.meta.events.register("provide-client-params.dynamodb.Query", _two_at_a_time)
    assert CatalogueBacklog(table_name, client).at(NOW).count == 7


def _two_at_a_time(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return params if "Limit" in params else {**params, "Limit": 2}


def test_a_feed_of_few_reads_small_pages(cloud: Cloud, table_name: str) -> None:
    """A minute's worth of PENDING is read, and not five hundred at either end."""
    client = cloud.own_client("dynamodb")
    limits: list[int] = []
    client.meta.events.register(
        "provide-client-params.dynamodb.Query",
        lambda params, **_: limits.append(params["Limit"]),
    )
    catalogue = CatalogueTable(table_name, client)
    list(catalogue.candidates(max_items=60, now=NOW))
    list(catalogue.candidates(max_items=300, now=NOW))
    list(catalogue.candidates(max_items=3_000, now=NOW))
    assert sorted(limits) == [100, 100, 300, 300, *[500] * 5]


class Counting:
    """A DynamoDB with so many recordings in each state that counting them costs something."""

    def __init__(self) -> None:
        self.counts = 0

    def query(self, **asked: Any) -> dict[str, Any]:
        """Count, or find nothing."""
        if asked.get("Select") != "COUNT":
            return {"Items": []}
        self.counts += 1
        return {"Count": CHEAP}


def test_many_are_counted_once_an_hour() -> None:
    """Two states are two counts, and the next follow an hour later."""
    dynamodb: Any = Counting()
    backlog = CatalogueBacklog("catalogue", dynamodb)
    for minutes, counts in ((0, 2), (5, 2), (59, 2), (60, 4), (65, 4)):
        assert backlog.at(NOW + timedelta(minutes=minutes)).count == 2 * CHEAP
        assert dynamodb.counts == counts


def test_few_are_counted_each_time(cloud: Cloud, table_name: str) -> None:
    """They cost next to nothing, and people look at the figure."""
    listed(cloud, table_name, 1)
    backlog = CatalogueBacklog(table_name, cloud.dynamodb)
    assert backlog.at(NOW).count == 1
    listed(cloud, table_name, 2)
    assert backlog.at(NOW).count == 2
