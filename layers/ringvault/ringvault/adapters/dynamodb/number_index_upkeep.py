"""The number index as it is made again, and the catalogue as it is read for it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.concurrency import at_once
from ringvault.adapters.dynamodb.batches import MOST_PUTS, delete_batches, put_batches, read_batches
from ringvault.adapters.dynamodb.item import Attributes, item_of, text
from ringvault.adapters.dynamodb.number_index import (
    KEY_VERSION,
    NumberIndex,
    pointer_key,
    pointer_to,
)
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import UnreadableItemError
from ringvault.core.fixity.rebuild_index import CataloguePart, Entry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class CatalogueRecords:
    """The catalogue, read whole or by id, items that can't be read left out by themselves."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def expected_items(self) -> int:
        """Return how many items DynamoDB counted within the last six hours."""
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
        """Return the recordings of those ids that there are; None for an unreadable item."""
        keys = [{"recording_id": text(it)} for it in recording_ids]
        options = {"ConsistentRead": True}
        found = read_batches(self._client, self._table, keys, **options)
        return {_id_of(it): _recording_of(it) for it in found}


class NumberIndexUpkeep(NumberIndex):
    """The number index as it is read whole and mended."""

    def is_current(self) -> bool:
        """Whether no key of an earlier release is among the first megabyte of the index.

        Keys are digests, so that is a sample of all entries: some 4,000 of them, 128 read units.
        """
        with aws_errors("read the number index"):
            page = self._client.scan(TableName=self._table)
        return not any(map(_is_outdated, page["Items"]))

    def add_missing(self, recordings: Sequence[Recording]) -> int:
        """Add the entries that the recordings lack; return how many were added."""
        wanted = [pointer_to(it, key) for it in recordings for key in self.keys_of(it)]
        found = read_batches(self._client, self._table, list(map(pointer_key, wanted)))
        there = {_identity(it) for it in found if not _is_outdated(it)}
        lacking = [it for it in wanted if _identity(it) not in there]
        at_once(partial(put_batches, self._client, self._table), _chunks(lacking))
        return len(lacking)

    def entries(self) -> Iterator[Sequence[Entry]]:
        """Yield the whole table in pages of a megabyte, 128 read units each."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table)
        with aws_errors("read the number index"):
            for page in pages:
                yield [_entry(it) for it in page["Items"]]

    def is_entry_of(self, entry: Entry, recording: Recording) -> bool:
        """Whether the recording is listed by this entry."""
        pointer = pointer_to(recording, entry.key)
        is_at = pointer["started_at_id"]["S"] == entry.position
        return is_at and entry.key in self.keys_of(recording)

    def discard(self, entries: Sequence[Entry]) -> None:
        """Remove entries; those that are not there are none."""
        keys = [{"number_key": text(it.key), "started_at_id": text(it.position)} for it in entries]
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
    return [items[start : start + MOST_PUTS] for start in range(0, len(items), MOST_PUTS)]
