"""The catalogue in numbers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.concurrency import AT_A_TIME, at_once
from ringvault.adapters.dynamodb.attributes import Attributes, expression_values
from ringvault.adapters.dynamodb.batches import MAX_KEYS, read_batches
from ringvault.adapters.dynamodb.item import UnreadableItems
from ringvault.core.catalogue.item import State
from ringvault.core.errors import UnreadableItemError
from ringvault.core.instants import parse_instant
from ringvault.core.lifecycle.forecast import Kept
from ringvault.core.listing.backlog import Backlog

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


WAITING = (State.PENDING, State.QUEUED)


class CatalogueCounts:
    """Counts items in the index by_state without reading them."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def count(self, state: State, *, max_pages: int | None = None) -> int | None:
        """Return how many are in the state, None where they fill more than `max_pages`.

        A page is 1 MB of the index: some 4,000 recordings, 128 read units, about 50 ms.
        """
        return self._counted(self._of(state), max_pages=max_pages)

    def count_between(
        self, state: State, from_at: datetime, to_at: datetime, *, max_pages: int
    ) -> int | None:
        """Return how many calls of the span are in the state, None as `count` has it."""
        return self._counted(self._between(state, from_at, to_at), max_pages=max_pages)

    def oldest_waiting_at(self) -> datetime | None:
        """Return the start of the oldest call whose recording is PENDING or QUEUED."""
        with aws_errors("query the catalogue"):
            found = [
                parse_instant(item["started_at"]["S"])
                for state in WAITING
                for item in self._client.query(**self._of(state), Limit=1)["Items"]
            ]
        return min(found, default=None)

    def items_about(self) -> int:
        """Return DynamoDB's own count, which is up to six hours old."""
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
            "ExpressionAttributeValues": expression_values(state=state),
        }

    def _between(self, state: State, from_at: datetime, to_at: datetime) -> Any:  # noqa: ANN401 - as _of
        query = self._of(state)
        query["KeyConditionExpression"] += " AND started_at BETWEEN :from_at AND :to_at"
        query["ExpressionAttributeValues"] |= expression_values(from_at=from_at, to_at=to_at)
        return query


Keys = Sequence[Mapping[str, Any]]


class ArchivedInCatalogue:
    """Finds ARCHIVED recordings by the index by_state, which has little more than their start."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client
        self._unreadable = UnreadableItems()

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return the items that were skipped as unreadable since the last call."""
        return self._unreadable.take()

    def count(self, *, before_at: datetime) -> int:
        """Return how many calls began before; a request counts some 4,000."""
        return sum(page["Count"] for page in self._pages(before_at, Select="COUNT"))

    def batches(self, *, before_at: datetime) -> Iterator[Sequence[Kept]]:
        """Yield the recordings of calls that began before, oldest first, many at a time."""
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
            "ExpressionAttributeValues": expression_values(state=State.ARCHIVED, before=before_at),
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
        archived = (it for it in found if it.get("state") == {"S": State.ARCHIVED})
        return list(self._unreadable.readable(archived, _kept))


def _kept(attributes: Attributes) -> Kept:
    return Kept(
        started_at=parse_instant(attributes["started_at"]["S"]),
        archived_at=parse_instant(attributes["archived_at"]["S"]),
        size_bytes=int(attributes["size_bytes"]["N"]),
        is_held="held" in attributes,
    )


# Items in one request: some 2 KB each, 1 MB at most.
_SAMPLED = 400


def mean_size_bytes(table_name: str, client: "DynamoDBClient") -> float | None:
    """Return the mean size of a sample of archived recordings, None where it has none."""
    with aws_errors("sample sizes in the catalogue"):
        items = client.scan(
            TableName=table_name, Limit=_SAMPLED, ProjectionExpression="size_bytes"
        )["Items"]
    sizes = [int(item["size_bytes"]["N"]) for item in items if "size_bytes" in item]
    return sum(sizes) / len(sizes) if sizes else None


# A count reads about 130 bytes for each; fewer than this are counted at every call.
CHEAP = 10_000
COUNT_EVERY = timedelta(hours=1)


class CatalogueBacklog:
    """Reads the index by_state, which may be a moment behind the table."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._counts = CatalogueCounts(table_name, client)
        self._counted: tuple[int, datetime] | None = None

    def at(self, now: datetime) -> Backlog:
        """Return the backlog; a count of CHEAP or more is repeated after COUNT_EVERY only."""
        return Backlog(self._count_at(now), self._counts.oldest_waiting_at())

    def _count_at(self, now: datetime) -> int:
        if self._counted is not None:
            count, counted_at = self._counted
            if count >= CHEAP and now - counted_at < COUNT_EVERY:
                return count
        self._counted = sum(self._counts.count(state) or 0 for state in WAITING), now
        return self._counted[0]
