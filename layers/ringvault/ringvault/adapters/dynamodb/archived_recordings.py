"""What the catalogue calls archived, as far as a forecast of its expiry needs it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.concurrency import AT_A_TIME, at_once
from ringvault.adapters.dynamodb.batches import MOST_KEYS, read_batches
from ringvault.adapters.dynamodb.item import Attributes, text
from ringvault.adapters.dynamodb.unreadable_items import UnreadableItems
from ringvault.core.catalogue.item import State
from ringvault.core.errors import UnreadableItemError
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.lifecycle.forecast import Kept

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
        while some := tuple(islice(keys, MOST_KEYS * AT_A_TIME)):
            requests = (some[at : at + MOST_KEYS] for at in range(0, len(some), MOST_KEYS))
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
