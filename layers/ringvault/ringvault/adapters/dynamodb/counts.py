"""The catalogue in numbers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.concurrency import AT_A_TIME, at_once
from ringvault.adapters.dynamodb.batches import MAX_KEYS, read_batches
from ringvault.adapters.dynamodb.item import Attributes, text
from ringvault.adapters.dynamodb.unreadable_items import UnreadableItems
from ringvault.core.catalogue.item import State
from ringvault.core.errors import UnreadableItemError
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.lifecycle.forecast import Kept
from ringvault.core.listing.backlog import Backlog

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


WAITING = (State.PENDING, State.QUEUED)


class CatalogueCounts:
    """Counts items in the index by_state, and reads none."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def count(self, state: State, *, max_pages: int | None = None) -> int | None:
        """Return how many are in the state, None when they fill more than so many pages.

        A page is 1 MB of the index: some 4,000 recordings, 128 read units, about 50 ms.
        """
        return self._counted(self._of(state), max_pages=max_pages)

    def count_between(
        self, state: State, from_at: datetime, to_at: datetime, *, max_pages: int
    ) -> int | None:
        """Return how many are in the state of calls from then to then, None like `count`."""
        return self._counted(self._between(state, from_at, to_at), max_pages=max_pages)

    def oldest_waiting_at(self) -> datetime | None:
        """Return when the oldest call began whose recording is PENDING or QUEUED."""
        with aws_errors("query the catalogue"):
            found = [
                parse_instant(item["started_at"]["S"])
                for state in WAITING
                for item in self._client.query(**self._of(state), Limit=1)["Items"]
            ]
        return min(found, default=None)

    def items_about(self) -> int:
        """Return how many recordings DynamoDB counted within the last six hours."""
        with aws_errors("describe the catalogue"):
            table = self._client.describe_table(TableName=self._table)["Table"]
        return table.get("ItemCount", 0)

    def _counted(self, query: Any, *, max_pages: int | None) -> int | None:  # noqa: ANN401 - as _of
        counted, pages = 0, 0
        query = query | {"Select": "COUNT"}
        with aws_errors("count the catalogue"):
            while True:
                page = self._client.query(**query)
                counted, pages = counted + page["Count"], pages + 1
                if "LastEvaluatedKey" not in page:
                    return counted
                if pages == max_pages:
                    return None
                query["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _of(self, state: State) -> Any:  # noqa: ANN401 - DynamoDB's own nesting
        return {
            "TableName": self._table,
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":state": text(state)},
        }

    def _between(self, state: State, from_at: datetime, to_at: datetime) -> Any:  # noqa: ANN401 - as _of
        query = self._of(state)
        query["KeyConditionExpression"] += " AND started_at BETWEEN :from AND :to"
        query["ExpressionAttributeValues"] |= {
            ":from": text(format_instant(from_at)),
            ":to": text(format_instant(to_at)),
        }
        return query


Keys = Sequence[Mapping[str, Any]]


class ArchivedInCatalogue:
    """Finds by the index by_state and reads the items: the index tells no more than the start."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client
        self._unreadable = UnreadableItems()

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return which items were passed over since the last call: they can't be read."""
        return self._unreadable.take()

    def count(self, *, before_at: datetime) -> int:
        """Return how many began before; a page of some 4,000 is a request."""
        return sum(page["Count"] for page in self._pages(before_at, Select="COUNT"))

    def batches(self, *, before_at: datetime) -> Iterator[Sequence[Kept]]:
        """Yield those that began before, oldest first, AT_A_TIME requests' worth at a time."""
        pages = self._pages(before_at, ProjectionExpression="recording_id")
        keys = (found for page in pages for found in page["Items"])
        while some := tuple(islice(keys, MAX_KEYS * AT_A_TIME)):
            requests = (some[at : at + MAX_KEYS] for at in range(0, len(some), MAX_KEYS))
            yield [kept for read in at_once(self._read, requests) for kept in read]

    def _pages(self, before_at: datetime, **options: Any) -> Iterator[Any]:  # noqa: ANN401 - DynamoDB's own
        query: Any = {
            "TableName": self._table,
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state AND started_at < :before",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":state": text(State.ARCHIVED),
                ":before": text(format_instant(before_at)),
            },
        }
        with aws_errors("query the catalogue"):
            yield from self._client.get_paginator("query").paginate(**query, **options)

    def _read(self, keys: Keys) -> Sequence[Kept]:
        found = read_batches(
            self._client,
            self._table,
            keys,
            ProjectionExpression="recording_id, #state, started_at, archived_at, size_bytes, held",
            ExpressionAttributeNames={"#state": "state"},
        )
        archived = (it for it in found if it.get("state") == text(State.ARCHIVED))
        return list(self._unreadable.readable(archived, _kept))


def _kept(attributes: Attributes) -> Kept:
    return Kept(
        started_at=parse_instant(attributes["started_at"]["S"]),
        archived_at=parse_instant(attributes["archived_at"]["S"]),
        size_bytes=int(attributes["size_bytes"]["N"]),
        is_held="held" in attributes,
    )


# As many items as one request looks at: some 2 KB each, 1 MB at most.
_LOOKED_AT = 400


def mean_size_bytes(table_name: str, client: "DynamoDBClient") -> float | None:
    """Return the mean size of some archived recordings, None where none was met."""
    with aws_errors("look at sizes in the catalogue"):
        items = client.scan(
            TableName=table_name, Limit=_LOOKED_AT, ProjectionExpression="size_bytes"
        )["Items"]
    sizes = [int(item["size_bytes"]["N"]) for item in items if "size_bytes" in item]
    return sum(sizes) / len(sizes) if sizes else None


# A count reads about 130 bytes for each; fewer than this are counted whenever they are asked for.
CHEAP = 10_000
COUNT_EVERY = timedelta(hours=1)


class CatalogueBacklog:
    """Reads the index by_state, which may be a moment behind the table."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._counts = CatalogueCounts(table_name, client)
        self._counted: tuple[int, datetime] | None = None

    def at(self, now: datetime) -> Backlog:
        """Return the backlog; many recordings are counted once an hour by each instance."""
        return Backlog(self._count_at(now), self._counts.oldest_waiting_at())

    def _count_at(self, now: datetime) -> int:
        if self._counted is not None:
            count, counted_at = self._counted
            if count >= CHEAP and now - counted_at < COUNT_EVERY:
                return count
        self._counted = sum(self._counts.count(state) or 0 for state in WAITING), now
        return self._counted[0]
