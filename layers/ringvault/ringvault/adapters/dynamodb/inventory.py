"""The catalogue as it is read by day or state, and put right."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.batches import read_batches
from ringvault.adapters.dynamodb.catalogue import GONE_VALUES, LEARNT, NOT_GONE, CatalogueTable
from ringvault.adapters.dynamodb.item import (
    Attributes,
    archived_attributes,
    item_of,
    items_of,
    new_attributes,
    text,
    whole,
)
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.item import CatalogueItem, ItemsRead, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError, UnreadableItemError
from ringvault.core.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a rewritten call-log record may change in an item; the keys of its index stay.
_FOLLOWING = (
    "content_uri",
    "duration_s",
    "extension_id",
    "call_record",
    "raw_record",
    "former_numbers",
)


class CatalogueInventory(CatalogueTable):
    """A catalogue that is read by its indexes; nothing of it is ever scanned or deleted.

    What is added or changed stands in the number index first, as the lister writes it.
    """

    def __init__(
        self, table_name: str, client: "DynamoDBClient", *, number_index: NumberIndex
    ) -> None:
        super().__init__(table_name, client)
        self._number_index = number_index

    def started_in(self, from_at: datetime, before_at: datetime) -> ItemsRead:
        """Return all items that started in [from_at, before_at), within one month."""
        if before_at <= from_at:
            return ItemsRead()
        query = {
            "IndexName": "by_month",
            "KeyConditionExpression": "started_month = :month"
            " AND started_at BETWEEN :from_at AND :last",
            "ExpressionAttributeValues": {
                ":month": text(f"{from_at:%Y-%m}"),
                ":from_at": text(format_instant(from_at)),
                ":last": text(format_instant(before_at - timedelta(milliseconds=1))),
            },
        }
        return self.find_all([found["recording_id"]["S"] for found in self._query(query)])

    def archived(self, *, after: Position | None = None) -> Iterator[Position]:
        """Yield every ARCHIVED recording, oldest first, from behind `after`.

        One whose start can't be read is passed over, and named by `take_unreadable`.
        """
        query: dict[str, Any] = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state",
            "ProjectionExpression": "started_at, recording_id",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":state": text(State.ARCHIVED)},
        }
        if after is not None:
            query["ExclusiveStartKey"] = {
                "state": text(State.ARCHIVED),
                "started_at": text(format_instant(after.started_at)),
                "recording_id": text(after.recording_id),
            }
        yield from self._unreadable.readable(self._query(query), _position)

    def find_all(self, recording_ids: Sequence[str]) -> ItemsRead:
        """Return the items of those ids that there are, in the order of the ids."""
        keys = [{"recording_id": text(recording_id)} for recording_id in recording_ids]
        read = items_of(read_batches(self._client, self._table, keys))
        found = {item.recording.recording_id: item for item in read.items}
        return replace(read, items=tuple(found[it] for it in recording_ids if it in found))

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add what is not there yet as PENDING; return how many were added."""
        self._number_index.add(recordings)
        return super().add_new(recordings, listed_at=listed_at)

    def restore(self, item: CatalogueItem) -> None:
        """Put the item where there is none; ConflictError where there is one."""
        self._number_index.add([item.recording])
        attributes = new_attributes(item.recording, item.listed_at) | {"state": text(item.state)}
        if item.archived is not None:
            attributes |= archived_attributes(item.archived)
        if item.reason is not None:
            attributes["reason"] = text(item.reason)
        if item.retry_at is not None:
            attributes["retry_at"] = text(format_instant(item.retry_at))
        with aws_errors("restore a catalogue item"):
            self._client.put_item(
                TableName=self._table,
                Item=attributes,
                ConditionExpression="attribute_not_exists(recording_id)",
            )

    def set_pending_again(self, item: CatalogueItem, *, reason: str, retry_at: datetime) -> None:
        """Set PENDING what is archived as `item` says; ConflictError when it no longer is.

        What was archived and what was answered before is forgotten; the reason has the next
        archiver look into the vault first.
        """
        if item.archived is None:
            raise ValueError("the item is not archived")
        archived = archived_attributes(item.archived)
        self._update(
            item.recording.recording_id,
            "SET #state = :pending, reason = :reason, attempts = :none, retry_at = :retry_at"
            f" REMOVE queued_at, {', '.join(sorted({*archived, *LEARNT, 'audio_duration_s'}))}",
            "#state = :archived AND object_key = :object_key AND archived_at = :archived_at",
            {
                ":pending": text(State.PENDING),
                ":reason": text(reason),
                ":none": whole(0),
                ":retry_at": text(format_instant(retry_at)),
                ":archived": text(State.ARCHIVED),
                ":object_key": archived["object_key"],
                ":archived_at": archived["archived_at"],
            },
        )

    def follow_record(self, recording: Recording) -> CatalogueItem:
        """Take over what a rewritten record says and return the item.

        Its new numbers are added to the index before, those that it no longer has are removed
        after. The item keeps the latter until they are: whoever is killed in between leaves them
        to the next rewrite, or to an erasure.

        ConflictError where it is gone, erased, expired, or changed meanwhile.
        """
        before = self._attributes_of(recording.recording_id)
        known = item_of(before)
        self._number_index.add([recording])
        was = self._number_index.keys_of(known.recording) | known.former_numbers
        stale = was - self._number_index.keys_of(recording)
        item = self._take_over(recording, before, stale)
        if stale:
            self._number_index.remove_keys(recording, stale)
            self._forget_former(recording.recording_id, stale)
        return replace(item, former_numbers=frozenset())

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Do the same, and remove the item's numbers from the index before."""
        recording_id = tombstone.recording.recording_id
        with suppress(UnreadableItemError):  # rebuild-index removes the numbers of a damaged item
            item = item_of(self._attributes_of(recording_id))
            keys = self._number_index.keys_of(item.recording) | item.former_numbers
            self._number_index.remove_keys(item.recording, keys)
        super().bury_erased(tombstone)

    def _take_over(
        self, recording: Recording, before: Attributes, stale: frozenset[str]
    ) -> CatalogueItem:
        attributes = new_attributes(recording, recording.started_at)
        if stale:
            attributes["former_numbers"] = {"SS": sorted(stale)}
        given = [name for name in _FOLLOWING if name in attributes]
        gone = [name for name in _FOLLOWING if name not in attributes]
        update = "SET " + ", ".join(f"{name} = :{name}" for name in given)
        values: dict[str, Any] = {f":{name}": attributes[name] for name in given}
        with aws_errors("change the catalogue"):
            answer = self._client.update_item(
                TableName=self._table,
                Key={"recording_id": text(recording.recording_id)},
                UpdateExpression=update + (f" REMOVE {', '.join(gone)}" if gone else ""),
                ConditionExpression=f"call_record = :read AND {NOT_GONE}",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values | GONE_VALUES | {":read": before["call_record"]},
                ReturnValues="ALL_NEW",
            )
        return item_of(answer["Attributes"])

    def _forget_former(self, recording_id: str, removed: frozenset[str]) -> None:
        """Forget keys that were removed; what somebody else has set since stays."""
        with suppress(ConflictError):
            self._update(
                recording_id,
                "REMOVE former_numbers",
                f"former_numbers = :removed AND {NOT_GONE}",
                {":removed": {"SS": sorted(removed)}, **GONE_VALUES},
            )


def _position(found: Attributes) -> Position:
    return Position(parse_instant(found["started_at"]["S"]), found["recording_id"]["S"])
