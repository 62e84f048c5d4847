"""Reads the catalogue by its indexes.

An index lists ids by start, and the items are then read from the table. So a change of state is
written once and not once for each index, and a result is as current as the table.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.attributes import Attributes, attributes_of, expression_values
from ringvault.adapters.dynamodb.batches import read_batches
from ringvault.adapters.dynamodb.item import UnreadableItems, item_of
from ringvault.adapters.dynamodb.number_index import position_of, sort_key
from ringvault.core.catalogue.indexes import Index, Lookup, Position, Reading
from ringvault.core.catalogue.item import GONE_STATES, CatalogueItem, State
from ringvault.core.errors import UnreadableItemError
from ringvault.core.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# More recordings than any call has; beyond that, the first are returned.
MAX_OF_A_CALL = 1000

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of an index; `index_name` is None for the table beside the catalogue."""

    index_name: str | None
    partition: str
    sort: str


_KEYS = {
    Index.NUMBER: _Keys(None, "number_key", "started_at_id"),
    Index.EXTENSION: _Keys("by_extension", "extension_id", "started_at"),
    Index.STATE: _Keys("by_state", "state", "started_at"),
    Index.MONTH: _Keys("by_month", "started_month", "started_at"),
}


class CatalogueIndexes:
    """The indexes of the catalogue table, and the number index beside it.

    Items in a `hidden` state are not found.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        catalogue_table: str,
        number_index_table: str,
        hidden: AbstractSet[State] = GONE_STATES,
    ) -> None:
        self._client = client
        self._catalogue_table = catalogue_table
        self._number_index_table = number_index_table
        self._hidden = hidden
        self._unreadable = UnreadableItems()

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return the items that were skipped as unreadable since the last call."""
        return self._unreadable.take()

    def newest_first(
        self,
        lookup: Lookup,
        *,
        from_at: datetime,
        before_at: datetime,
        max_items: int,
        after: Position | None,
    ) -> Reading:
        """Read at most `max_items` entries that started in [from_at, before_at), after `after`.

        Both instants are whole milliseconds. The number of entries read depends on nothing but
        `max_items`; each month of a lookup by month is a query of its own, though it may be empty.
        """
        last_at = before_at - _MS
        keys: Sequence[str] = [lookup.key]
        if lookup.index is Index.MONTH:
            keys = tuple(_months_down(after.started_at if after else last_at, from_at))
        positions: list[Position] = []
        for key in keys:
            query = self._query(Lookup(lookup.index, key), from_at, last_at, after)
            positions += self._positions(query, max_items=max_items - len(positions))
            if len(positions) == max_items:
                return Reading(self._items(positions), max_items, positions[-1])
        return Reading(self._items(positions), len(positions), None)

    def of_call(self, telephony_session_id: str) -> tuple[CatalogueItem, ...]:
        """Return all recordings of one call, in order of start."""
        query = {
            "TableName": self._catalogue_table,
            "IndexName": "by_session",
            "KeyConditionExpression": "telephony_session_id = :key",
            "ExpressionAttributeValues": expression_values(key=telephony_session_id),
        }
        positions = self._positions(query, max_items=MAX_OF_A_CALL)
        return self._items(sorted(positions, key=lambda it: (it.started_at, it.recording_id)))

    def _query(
        self, lookup: Lookup, from_at: datetime, last_at: datetime, after: Position | None
    ) -> dict[str, Any]:
        keys = _KEYS[lookup.index]
        query: dict[str, Any] = {
            "TableName": self._catalogue_table if keys.index_name else self._number_index_table,
            "KeyConditionExpression": "#partition = :key AND #sort BETWEEN :from_at AND :last",
            "ExpressionAttributeNames": {"#partition": keys.partition, "#sort": keys.sort},
            "ExpressionAttributeValues": expression_values(
                key=lookup.key,
                from_at=from_at,
                # Sorts after every id, because the sort key of the number index ends with one.
                last=f"{format_instant(last_at)}~",
            ),
            "ScanIndexForward": False,
        }
        if keys.index_name:
            query["IndexName"] = keys.index_name
        if after:
            query["ExclusiveStartKey"] = _start_key(lookup, after)
        return query

    def _positions(self, query: dict[str, Any], *, max_items: int) -> list[Position]:
        positions: list[Position] = []
        while len(positions) < max_items:
            with aws_errors("query an index of the catalogue"):
                # Without a limit DynamoDB reads, and is paid for, a whole megabyte.
                answer = self._client.query(**query, Limit=max_items - len(positions))
            positions += self._unreadable.readable(answer["Items"], _position_of)
            if "LastEvaluatedKey" not in answer:
                break
            query = {**query, "ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return positions

    def _items(self, positions: Sequence[Position]) -> tuple[CatalogueItem, ...]:
        """Return the items in the order of their positions.

        Left out: pointers to an unknown recording or to one that was listed with another start,
        hidden items, and unreadable ones.
        """
        ids = dict.fromkeys(position.recording_id for position in positions)
        keys = [attributes_of({"recording_id": recording_id}) for recording_id in ids]
        read = read_batches(self._client, self._catalogue_table, keys)
        found = self._unreadable.readable(read, item_of)
        items = {_position(item): item for item in found if item.state not in self._hidden}
        return tuple(items[position] for position in positions if position in items)


def _start_key(lookup: Lookup, after: Position) -> dict[str, Any]:
    """Return the key that reading continues below; every older month is below it."""
    keys = _KEYS[lookup.index]
    if keys.index_name is None:
        return attributes_of({keys.partition: lookup.key, keys.sort: sort_key(after)})
    return attributes_of(
        {
            "recording_id": after.recording_id,
            keys.partition: lookup.key,
            keys.sort: after.started_at,
        }
    )


def _position(item: CatalogueItem) -> Position:
    return Position(item.recording.started_at, item.recording.recording_id)


def _position_of(entry: Attributes) -> Position:
    if "started_at_id" in entry:
        return position_of(entry)
    return Position(parse_instant(entry["started_at"]["S"]), entry["recording_id"]["S"])


def _months_down(newest: datetime, oldest: datetime) -> Iterator[str]:
    """Yield the months of the span, newest first, as the index names them."""
    first, last = (12 * it.year + it.month - 1 for it in (newest, oldest))
    for number in range(first, last - 1, -1):
        yield f"{number // 12:04}-{number % 12 + 1:02}"
