"""The catalogue as it is read by day or state, and put right."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws_errors import aws_errors
from ringvault.adapters.catalogue_item import (
    archived_attributes,
    item_of,
    new_attributes,
    text,
    whole,
)
from ringvault.adapters.catalogue_table import GONE_VALUES, LEARNT, NOT_GONE, CatalogueTable
from ringvault.adapters.dynamodb_batches import read_batches
from ringvault.adapters.number_index import NumberIndex
from ringvault.core.catalogue import CatalogueItem, State
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.recording import Recording
from ringvault.core.search_parameters import Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What a rewritten call-log record may change in an item; the keys of its index stay.
_FOLLOWING = ("content_uri", "duration_s", "extension_id", "call_record")


class CatalogueInventory(CatalogueTable):
    """A catalogue that is read by its indexes; nothing of it is ever scanned or deleted.

    What is added or changed stands in the number index first, as the lister writes it.
    """

    def __init__(
        self, table_name: str, client: "DynamoDBClient", *, number_index: NumberIndex
    ) -> None:
        super().__init__(table_name, client)
        self._number_index = number_index

    def started_in(self, from_at: datetime, before_at: datetime) -> Sequence[CatalogueItem]:
        """Return all items that started in [from_at, before_at), within one month."""
        if before_at <= from_at:
            return ()
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
        """Yield every ARCHIVED recording, oldest first, from behind `after`."""
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
        for found in self._query(query):
            started_at = parse_instant(found["started_at"]["S"])
            yield Position(started_at, found["recording_id"]["S"])

    def find_all(self, recording_ids: Sequence[str]) -> Sequence[CatalogueItem]:
        """Return the items of those ids that there are, in the order of the ids."""
        keys = [{"recording_id": text(recording_id)} for recording_id in recording_ids]
        items = map(item_of, read_batches(self._client, self._table, keys))
        found = {item.recording.recording_id: item for item in items}
        return [found[it] for it in recording_ids if it in found]

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
        with aws_errors("restore a catalogue item"):
            self._client.put_item(
                TableName=self._table,
                Item=attributes,
                ConditionExpression="attribute_not_exists(recording_id)",
            )

    def set_pending_again(self, item: CatalogueItem, *, reason: str) -> None:
        """Set PENDING what is archived as `item` says; ConflictError when it no longer is.

        What was archived is forgotten; the reason has the next archiver look into the vault first.
        """
        if item.archived is None:
            raise ValueError("the item is not archived")
        archived = archived_attributes(item.archived)
        self._update(
            item.recording.recording_id,
            "SET #state = :pending, reason = :reason, attempts = :none"
            f" REMOVE queued_at, retry_at, {', '.join({*archived, *LEARNT, 'audio_duration_s'})}",
            "#state = :archived AND object_key = :object_key AND archived_at = :archived_at",
            {
                ":pending": text(State.PENDING),
                ":reason": text(reason),
                ":none": whole(0),
                ":archived": text(State.ARCHIVED),
                ":object_key": archived["object_key"],
                ":archived_at": archived["archived_at"],
            },
        )

    def follow_record(self, recording: Recording) -> CatalogueItem:
        """Take over what a rewritten record says and return the item.

        ConflictError where it is gone, erased or expired.
        """
        self._number_index.add([recording])
        attributes = new_attributes(recording, recording.started_at)
        given = [name for name in _FOLLOWING if name in attributes]
        gone = [name for name in _FOLLOWING if name not in attributes]
        update = "SET " + ", ".join(f"{name} = :{name}" for name in given)
        values: dict[str, Any] = {f":{name}": attributes[name] for name in given}
        with aws_errors("change the catalogue"):
            answer = self._client.update_item(
                TableName=self._table,
                Key={"recording_id": text(recording.recording_id)},
                UpdateExpression=update + (f" REMOVE {', '.join(gone)}" if gone else ""),
                ConditionExpression=f"attribute_exists(recording_id) AND {NOT_GONE}",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values | GONE_VALUES,
                ReturnValues="ALL_NEW",
            )
        return item_of(answer["Attributes"])
