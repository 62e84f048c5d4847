"""The catalogue as reconciliation, verification and rebuilding read and repair it."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.attributes import Attributes, attributes_of, expression_values
from ringvault.adapters.dynamodb.catalogue import (
    ATTEMPT_ATTRIBUTES,
    GONE_VALUES,
    NOT_GONE,
    CatalogueItems,
    CatalogueTable,
)
from ringvault.adapters.dynamodb.item import (
    archived_attributes,
    item_of,
    items_of,
    new_attributes,
)
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.item import CatalogueItem, ItemsRead, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError, UnreadableItemError
from ringvault.core.instants import parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a rewritten call-log record may change in an item; the keys of its indexes stay.
_FOLLOWING = (
    "content_uri",
    "duration_s",
    "extension_id",
    "call_record",
    "raw_record",
    "former_numbers",
)


class CatalogueInventory:
    """Reads the catalogue by its indexes and repairs it; scans and deletes nothing.

    What is added or changed is written to the number index first, as the lister does.
    """

    def __init__(
        self, table_name: str, client: "DynamoDBClient", *, number_index: NumberIndex
    ) -> None:
        self._items = CatalogueItems(table_name, client)
        self._catalogue = CatalogueTable(table_name, client)
        self._number_index = number_index

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return the items that were skipped as unreadable since the last call."""
        return self._items.unreadable.take()

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item as of now, None where the id is unknown; UnreadableItemError."""
        return self._items.find(recording_id)

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return those of the ids that the catalogue has."""
        return self._items.known(recording_ids)

    def started_in(self, from_at: datetime, before_at: datetime) -> ItemsRead:
        """Return all items that started in [from_at, before_at), within one month."""
        if before_at <= from_at:
            return ItemsRead()
        query = {
            "IndexName": "by_month",
            "KeyConditionExpression": "started_month = :month"
            " AND started_at BETWEEN :from_at AND :last",
            "ExpressionAttributeValues": expression_values(
                month=f"{from_at:%Y-%m}",
                from_at=from_at,
                last=before_at - timedelta(milliseconds=1),
            ),
        }
        return self.find_all([found["recording_id"]["S"] for found in self._items.query(query)])

    def archived(self, *, after: Position | None = None) -> Iterator[Position]:
        """Yield the position of every ARCHIVED recording after `after`, oldest first.

        One whose start is unreadable is skipped; `take_unreadable` names it.
        """
        query: dict[str, Any] = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state",
            "ProjectionExpression": "started_at, recording_id",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": expression_values(state=State.ARCHIVED),
        }
        if after is not None:
            query["ExclusiveStartKey"] = attributes_of(
                {
                    "state": State.ARCHIVED,
                    "started_at": after.started_at,
                    "recording_id": after.recording_id,
                }
            )
        yield from self._items.unreadable.readable(self._items.query(query), _position)

    def find_all(self, recording_ids: Sequence[str]) -> ItemsRead:
        """Return the items of those ids that the catalogue has, in the order of the ids."""
        read = items_of(self._items.read(recording_ids))
        found = {item.recording.recording_id: item for item in read.items}
        return replace(read, items=tuple(found[it] for it in recording_ids if it in found))

    def add_indexed(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add the numbers, then the recordings that are missing as PENDING; return how many."""
        self._number_index.add(recordings)
        return self._catalogue.add_new(recordings, listed_at=listed_at)

    def restore(self, item: CatalogueItem) -> None:
        """Add the item; ConflictError where the catalogue has one of that id."""
        self._number_index.add([item.recording])
        attributes = new_attributes(item.recording, item.listed_at)
        if item.archived is not None:
            attributes |= archived_attributes(item.archived)
        attributes |= attributes_of(
            {"state": item.state, "reason": item.reason, "retry_at": item.retry_at}
        )
        with aws_errors("restore a catalogue item"):
            self._items.client.put_item(
                TableName=self._items.table,
                Item=attributes,
                ConditionExpression="attribute_not_exists(recording_id)",
            )

    def set_pending_again(self, item: CatalogueItem, *, reason: str, retry_at: datetime) -> None:
        """Set an ARCHIVED item PENDING; ConflictError where it was changed since.

        What archiving and its attempts wrote is removed; the reason makes the next archiver look
        into the vault first.
        """
        if item.archived is None:
            raise ValueError("the item is not archived")
        removed = {*archived_attributes(item.archived), *ATTEMPT_ATTRIBUTES, "audio_duration_s"}
        self._items.update(
            item.recording.recording_id,
            "SET #state = :pending, reason = :reason, attempts = :none, retry_at = :retry_at"
            f" REMOVE queued_at, {', '.join(sorted(removed))}",
            "#state = :archived AND object_key = :object_key AND archived_at = :archived_at",
            expression_values(
                pending=State.PENDING,
                reason=reason,
                none=0,
                retry_at=retry_at,
                archived=State.ARCHIVED,
                object_key=item.archived.object_key,
                archived_at=item.archived.archived_at,
            ),
        )

    def follow_record(self, recording: Recording) -> CatalogueItem:
        """Write what a rewritten record says to the item, and return the item.

        New numbers are added to the index before, and those that the record no longer has are
        removed after. The item keeps the latter until then: after a kill in between, the next
        rewrite or an erasure removes them.

        ConflictError where it is unknown, erased, expired, or changed meanwhile.
        """
        before = self._items.require(recording.recording_id)
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
        """Remove the numbers of an erased recording, then replace its item by the tombstone.

        ConflictError where it is unknown, ERASED or ERASING, or was changed meanwhile.
        """
        recording_id = tombstone.recording.recording_id
        with suppress(UnreadableItemError):  # rebuild-index removes the numbers of a damaged item
            item = item_of(self._items.require(recording_id))
            keys = self._number_index.keys_of(item.recording) | item.former_numbers
            self._number_index.remove_keys(item.recording, keys)
        self._items.bury_erased(tombstone)

    def _take_over(
        self, recording: Recording, before: Attributes, stale: frozenset[str]
    ) -> CatalogueItem:
        attributes = new_attributes(recording, recording.started_at)
        attributes |= attributes_of({"former_numbers": stale or None})
        given = [name for name in _FOLLOWING if name in attributes]
        gone = [name for name in _FOLLOWING if name not in attributes]
        update = "SET " + ", ".join(f"{name} = :{name}" for name in given)
        values: dict[str, Any] = {f":{name}": attributes[name] for name in given}
        with aws_errors("change the catalogue"):
            answer = self._items.client.update_item(
                TableName=self._items.table,
                Key=attributes_of({"recording_id": recording.recording_id}),
                UpdateExpression=update + (f" REMOVE {', '.join(gone)}" if gone else ""),
                ConditionExpression=f"call_record = :read AND {NOT_GONE}",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values | GONE_VALUES | {":read": before["call_record"]},
                ReturnValues="ALL_NEW",
            )
        return item_of(answer["Attributes"])

    def _forget_former(self, recording_id: str, removed: frozenset[str]) -> None:
        """Remove the former numbers from the item, unless they were changed since."""
        with suppress(ConflictError):
            self._items.update(
                recording_id,
                "REMOVE former_numbers",
                f"former_numbers = :removed AND {NOT_GONE}",
                GONE_VALUES | expression_values(removed=removed),
            )


def _position(found: Attributes) -> Position:
    return Position(parse_instant(found["started_at"]["S"]), found["recording_id"]["S"])
