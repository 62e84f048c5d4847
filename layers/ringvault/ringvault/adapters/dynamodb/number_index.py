"""The number index: the recordings of each phone number that takes part in calls, newest first.

An item is a pointer: hash of the number, start and id of the recording. It is written before the
recording's own item, so a pointer to an unknown recording is possible; readers skip it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.concurrency import at_once
from ringvault.adapters.dynamodb.attributes import Attributes, attributes_of
from ringvault.adapters.dynamodb.batches import MAX_PUTS, delete_batches, put_batches, read_batches
from ringvault.adapters.dynamodb.item import item_of
from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.phone_number import (
    ReadNumber,
    indexed_numbers,
    number_key,
    read_north_american,
)
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import UnreadableItemError
from ringvault.core.fixity.rebuild_index import CataloguePart, Entry
from ringvault.core.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# The rule that made a pointer's key. Rule 1, which no pointer names, left the country code out.
KEY_VERSION = 2


class NumberIndex:
    """Adds to the index and removes from it; repeating either changes nothing.

    `read` reads the phone numbers of records.
    """

    def __init__(
        self,
        table_name: str,
        client: "DynamoDBClient",
        *,
        read: ReadNumber = read_north_american,
    ) -> None:
        self._table = table_name
        self._client = client
        self._read = read

    def add(self, recordings: Sequence[Recording]) -> None:
        """Add the recordings under the numbers in their call."""
        pointers = [
            pointer_to(recording, key)
            for recording in recordings
            for key in sorted(self.keys_of(recording))
        ]
        put_batches(self._client, self._table, pointers)

    def remove(self, recording: Recording, *, former: Iterable[str] = ()) -> None:
        """Remove the recording from the numbers in its call and from the keys in `former`."""
        for key in sorted(self.keys_of(recording).union(former)):
            with aws_errors("remove from the number index"):
                self._client.delete_item(
                    TableName=self._table, Key=pointer_key(pointer_to(recording, key))
                )

    def keys_of(self, recording: Recording) -> frozenset[str]:
        """Return the keys that the recording is listed under.

        Two for each number: for listeners who hear all, and for the extension's own listener.
        """
        return frozenset(
            number_key(number, extension_id=extension_id)
            for number in indexed_numbers(recording, self._read)
            for extension_id in (None, recording.extension_id)
        )

    def remove_keys(self, recording: Recording, keys: Iterable[str]) -> None:
        """Remove the recording from these keys; needs the same permission as `add`."""
        pointers = [pointer_key(pointer_to(recording, key)) for key in sorted(keys)]
        delete_batches(self._client, self._table, pointers)


def sort_key(position: Position) -> str:
    """Return the sort key of a pointer: in the order of start, unique for each recording."""
    return f"{format_instant(position.started_at)}#{position.recording_id}"


def position_of(pointer: Attributes) -> Position:
    """Return the start and the id of a pointer's recording."""
    started_at, _, recording_id = pointer["started_at_id"]["S"].partition("#")
    return Position(parse_instant(started_at), recording_id)


def pointer_to(recording: Recording, key: str) -> dict[str, dict[str, str]]:
    """Return the item that lists the recording under the key."""
    position = Position(recording.started_at, recording.recording_id)
    return attributes_of(
        {"number_key": key, "started_at_id": sort_key(position), "key_version": KEY_VERSION}
    )


def pointer_key(pointer: Attributes) -> dict[str, dict[str, str]]:
    """Return the key of a pointer's item."""
    return {name: pointer[name] for name in ("number_key", "started_at_id")}


class CatalogueRecords:
    """Reads the recordings of the catalogue, all or by id; an unreadable item costs no other."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def expected_items(self) -> int:
        """Return DynamoDB's own count of items, which is up to six hours old."""
        with aws_errors("read the catalogue"):
            return self._client.describe_table(TableName=self._table)["Table"].get("ItemCount", 0)

    def parts(self) -> Iterator[CataloguePart]:
        """Yield the whole table in pages of a megabyte, 128 read units each."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        with aws_errors("read the catalogue"):
            for page in pages:
                found = [(_id_of(it), _recording_of(it)) for it in page["Items"]]
                yield CataloguePart(
                    [recording for _, recording in found if recording is not None],
                    [recording_id for recording_id, recording in found if recording is None],
                )

    def of_ids(self, recording_ids: Sequence[str]) -> Mapping[str, Recording | None]:
        """Return the recordings of the known ids; None for an unreadable item."""
        keys = [attributes_of({"recording_id": it}) for it in recording_ids]
        options = {"ConsistentRead": True}
        found = read_batches(self._client, self._table, keys, **options)
        return {_id_of(it): _recording_of(it) for it in found}


class NumberIndexUpkeep(NumberIndex):
    """Reads the whole number index and repairs it."""

    def is_current(self) -> bool:
        """Whether no key of an earlier release is among the first megabyte of the index.

        Keys are digests, so that is a sample of all entries: some 4,000 of them, 128 read units.
        """
        with aws_errors("read the number index"):
            page = self._client.scan(TableName=self._table)
        return not any(map(_is_outdated, page["Items"]))

    def add_missing(self, recordings: Sequence[Recording]) -> int:
        """Add the missing entries of the recordings; return how many were added."""
        wanted = [pointer_to(it, key) for it in recordings for key in self.keys_of(it)]
        found = read_batches(self._client, self._table, list(map(pointer_key, wanted)))
        there = {_identity(it) for it in found if not _is_outdated(it)}
        missing = [it for it in wanted if _identity(it) not in there]
        at_once(partial(put_batches, self._client, self._table), _chunks(missing))
        return len(missing)

    def entries(self) -> Iterator[Sequence[Entry]]:
        """Yield the whole table in pages of a megabyte, 128 read units each."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        with aws_errors("read the number index"):
            for page in pages:
                yield [_entry(it) for it in page["Items"]]

    def is_entry_of(self, entry: Entry, recording: Recording) -> bool:
        """Whether the entry is one of the recording's."""
        pointer = pointer_to(recording, entry.key)
        is_at = pointer["started_at_id"]["S"] == entry.position
        return is_at and entry.key in self.keys_of(recording)

    def discard(self, entries: Sequence[Entry]) -> None:
        """Remove entries; missing ones are ignored."""
        keys = [
            attributes_of({"number_key": it.key, "started_at_id": it.position}) for it in entries
        ]
        at_once(partial(delete_batches, self._client, self._table), _chunks(keys))


def _entry(pointer: Attributes) -> Entry:
    return Entry(
        key=pointer["number_key"]["S"],
        recording_id=pointer["started_at_id"]["S"].partition("#")[2],
        position=pointer["started_at_id"]["S"],
        is_outdated=_is_outdated(pointer),
    )


def _is_outdated(pointer: Attributes) -> bool:
    return "key_version" not in pointer or int(pointer["key_version"]["N"]) < KEY_VERSION


def _identity(pointer: Attributes) -> tuple[str, str]:
    return pointer["number_key"]["S"], pointer["started_at_id"]["S"]


def _id_of(attributes: Attributes) -> str:
    return str(attributes["recording_id"]["S"])


def _recording_of(attributes: Attributes) -> Recording | None:
    try:
        return item_of(attributes).recording
    except UnreadableItemError:
        return None


def _chunks(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + MAX_PUTS] for start in range(0, len(items), MAX_PUTS)]
