"""DynamoDB in memory, behind its client: keys, order, limits, and counted reads.

A million recordings fit because it stores their numbers only, an array for each partition of an
index, and makes an item when one is read. Unknown requests are refused.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from benchmarks.search.recordings import (
    NOW,
    PERIOD,
    extension_id,
    number_of,
    recording,
    recording_id_of,
    started_at,
    state,
)
from ringvault.adapters.dynamodb.attributes import attribute_of
from ringvault.adapters.dynamodb.item import new_attributes
from ringvault.adapters.dynamodb.number_index import sort_key
from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.phone_number import number_key, numbers_of
from ringvault.core.instants import format_instant

CATALOGUE, NUMBER_INDEX = "catalogue", "number-index"
# The limits of one Query and one BatchGetItem.
MAX_BYTES, MAX_KEYS = 1_048_576, 100
# Partition and sort key of each index, by the name of the index or of its table.
KEYS = {
    NUMBER_INDEX: ("number_key", "started_at_id"),
    "by_extension": ("extension_id", "started_at"),
    "by_state": ("state", "started_at"),
    "by_month": ("started_month", "started_at"),
}

_CONDITION = "#partition = :key AND #sort BETWEEN :from_at AND :last"
_KNOWN = {
    "TableName",
    "IndexName",
    "KeyConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ExclusiveStartKey",
    "ScanIndexForward",
    "Limit",
}

Attributes = dict[str, Any]
Request = Mapping[str, Any]


class NotAnsweredError(Exception):
    """A request that this stand-in does not know, or that DynamoDB refuses."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The reads: index entries evaluated (ScannedCount) and items fetched."""

    queries: int = 0
    evaluated: int = 0
    fetched: int = 0

    def since(self, before: "Counted") -> "Counted":
        """Return the reads since `before`."""
        return Counted(
            self.queries - before.queries,
            self.evaluated - before.evaluated,
            self.fetched - before.fetched,
        )


class MemoryDynamoDB:
    """The catalogue of `many` recordings and its number index; answers as boto3's client does."""

    def __init__(self, many: int) -> None:
        self.counted = Counted()
        # Ascending numbers are newest first, ids descending where starts are equal.
        self._partitions: defaultdict[tuple[str, str], array[int]] = defaultdict(_numbers)
        for number in range(many):
            for partition in _partitions_of(number):
                self._partitions[partition].append(number)

    def query(self, **request: Any) -> Attributes:  # noqa: ANN401 - as boto3's
        """Answer a query of an index or of the number index, newest first."""
        name = request.get("IndexName", request["TableName"])
        _refuse_unknown(request, name)
        values = request["ExpressionAttributeValues"]
        key = values[":key"]["S"]
        read = list(_read(self._partitions[name, key], name, request))
        entries = [_entry(name, key, number) for number in read]
        self.counted = Counted(
            self.counted.queries + 1, self.counted.evaluated + len(read), self.counted.fetched
        )
        answer: Attributes = {"Items": entries, "ScannedCount": len(read), "Count": len(read)}
        if len(read) == request["Limit"] or sum(map(_bytes_of, entries)) >= MAX_BYTES:
            answer["LastEvaluatedKey"] = entries[-1]
        return answer

    def batch_get_item(self, *, RequestItems: Request) -> Attributes:  # noqa: N803 - as boto3's
        """Answer with items of the catalogue by their ids."""
        ((table, wanted),) = RequestItems.items()
        ids = [key["recording_id"]["S"] for key in wanted["Keys"]]
        if table != CATALOGUE or len(ids) > MAX_KEYS or len(ids) != len(set(ids)):
            raise NotAnsweredError(f"BatchGetItem of {len(ids)} keys, {len(set(ids))} apart")
        self.counted = Counted(
            self.counted.queries, self.counted.evaluated, self.counted.fetched + len(ids)
        )
        items = [_item(number_of(recording_id)) for recording_id in ids]
        return {"Responses": {table: items}, "UnprocessedKeys": {}}


def _numbers() -> "array[int]":
    return array("I")


def _partitions_of(number: int) -> Iterator[tuple[str, str]]:
    yield "by_month", f"{started_at(number):%Y-%m}"
    yield from _partitions_of_any(number % PERIOD)


@cache
def _partitions_of_any(number: int) -> tuple[tuple[str, str], ...]:
    """Return the partitions of every recording that differs from this in id and start only."""
    own = extension_id(number)
    return (
        ("by_extension", own),
        ("by_state", state(number)),
        *(
            (NUMBER_INDEX, number_key(each, extension_id=scope))
            for each in numbers_of(recording(number).call_record)
            for scope in (None, own)
        ),
    )


def _read(numbers: "array[int]", name: str, request: Request) -> Iterator[int]:
    """Yield the entries that the query evaluates: from its start key, or its last one, down."""
    values = request["ExpressionAttributeValues"]
    at = _first(numbers, lambda number: _sort_of(name, number) <= values[":last"]["S"])
    if start := request.get("ExclusiveStartKey"):
        after = _order(name, start)
        at = max(at, _first(numbers, lambda number: _order_of(name, number) < after))
    read_bytes = 0
    for number in islice(numbers, at, at + request["Limit"]):
        if _sort_of(name, number) < values[":from_at"]["S"] or read_bytes >= MAX_BYTES:
            return
        yield number
        read_bytes += _bytes_of(_entry(name, values[":key"]["S"], number))


def _first(numbers: "array[int]", holds: Callable[[int], bool]) -> int:
    """Return the first position that meets a condition."""
    return bisect_left(numbers, 1, key=holds)


def _sort_of(name: str, number: int) -> str:
    """Return the value of the sort key."""
    at = started_at(number)
    if name == NUMBER_INDEX:
        return sort_key(Position(at, recording_id_of(number)))
    return format_instant(at)


def _order_of(name: str, number: int) -> tuple[str, str]:
    return _sort_of(name, number), recording_id_of(number)


def _order(name: str, key: Attributes) -> tuple[str, str]:
    """Return the position of a start key: by sort key, and by the table's own key if equal."""
    sort = key[KEYS[name][1]]["S"]
    return sort, key["recording_id"]["S"] if "recording_id" in key else sort.partition("#")[2]


def _entry(name: str, key: str, number: int) -> Attributes:
    partition_key, sort = KEYS[name]
    entry = {partition_key: attribute_of(key), sort: attribute_of(_sort_of(name, number))}
    return (
        entry
        if name == NUMBER_INDEX
        else entry | {"recording_id": attribute_of(recording_id_of(number))}
    )


def _item(number: int) -> Attributes:
    return new_attributes(recording(number), NOW) | {"state": attribute_of(state(number))}


def _bytes_of(entry: Attributes) -> int:
    """Return the bytes that DynamoDB counts: names and values."""
    return sum(len(name) + len(value["S"]) for name, value in entry.items())


def _refuse_unknown(request: Request, name: str) -> None:
    names = request["ExpressionAttributeNames"]
    if (
        request["KeyConditionExpression"] != _CONDITION
        or (names["#partition"], names["#sort"]) != KEYS[name]
        or request["ScanIndexForward"] is not False
        or not request.keys() <= _KNOWN
    ):
        raise NotAnsweredError(f"a query of {name} that is not known here")
