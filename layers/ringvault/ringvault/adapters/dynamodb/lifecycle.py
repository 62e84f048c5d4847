"""The changes to the catalogue that holds, erasures, expiry and retries make."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.attributes import Attributes, expression_values, text_in
from ringvault.adapters.dynamodb.batches import MAX_KEYS
from ringvault.adapters.dynamodb.catalogue import (
    ATTEMPT_ATTRIBUTES,
    GONE_VALUES,
    NOT_GONE,
    CatalogueItems,
)
from ringvault.adapters.dynamodb.item import fields_attribute, item_of
from ringvault.core.catalogue.item import CatalogueItem, Erasure, Hold, State
from ringvault.core.catalogue.selection import Chosen, chosen_of
from ringvault.core.errors import UnreadableItemError
from ringvault.core.instants import parse_instant
from ringvault.core.operations.retry_recordings import ENDED, Ended
from ringvault.core.spans import Period

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class CatalogueHolds:
    """Holds, releases and erases recordings of the catalogue."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._items = CatalogueItems(table_name, client)

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return the items that were skipped as unreadable since the last call."""
        return self._items.unreadable.take()

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item as of now, None where the id is unknown; UnreadableItemError."""
        return self._items.find(recording_id)

    def hold(self, recording_id: str, hold: Hold) -> None:
        """Hold a recording; ConflictError where it is held or gone."""
        self._items.update(
            recording_id,
            "SET held = :hold",
            f"attribute_exists(recording_id) AND attribute_not_exists(held) AND {NOT_GONE}",
            {":hold": fields_attribute(hold), **GONE_VALUES},
        )

    def rescue(self, recording_id: str, hold: Hold, *, expiring_at: datetime) -> None:
        """Hold what is EXPIRING since that instant and set it ARCHIVED; ConflictError otherwise."""
        self._items.update(
            recording_id,
            "SET #state = :archived, held = :hold REMOVE expiring_at, retry_at",
            "#state = :expiring AND expiring_at = :expiring_at",
            expression_values(
                archived=State.ARCHIVED, expiring=State.EXPIRING, expiring_at=expiring_at
            )
            | {":hold": fields_attribute(hold)},
        )

    def release(self, recording_id: str, hold: Hold) -> None:
        """End this hold; ConflictError where the recording has another or none."""
        self._items.update(
            recording_id,
            "REMOVE held",
            "held = :hold AND attribute_exists(#state)",
            {":hold": fields_attribute(hold)},
        )

    def held(self) -> Iterator[CatalogueItem]:
        """Yield the held items, in any order; reads the whole table, 128 read units a megabyte.

        Unreadable items are skipped, also by `erasing`; `take_unreadable` names them.
        """
        pages = self._items.client.get_paginator("scan").paginate(
            TableName=self._items.table, FilterExpression="attribute_exists(held)"
        )
        with aws_errors("read the catalogue"):
            for page in pages:
                yield from self._items.unreadable.readable(page["Items"], item_of)

    def erasing(self) -> Iterator[Chosen]:
        """Yield the recordings whose erasure has begun and not ended."""
        for candidate in self._items.candidates(State.ERASING):
            found = self._items.found(candidate.recording_id)
            for item in self._items.unreadable.readable(found, item_of):
                if item.state is State.ERASING:
                    yield chosen_of(item)

    def begin_erasure(
        self, recording_id: str, erasure: Erasure, *, claimed_before: datetime
    ) -> None:
        """Set ERASING a recording that is not held, nor claimed beyond `claimed_before`.

        Raises:
            ConflictError: it is held, being archived, erased or expired.
        """
        self._items.update(
            recording_id,
            "SET #state = :erasing, erasure = :erasure"
            " REMOVE claimed_until, claimed_by, queued_at, retry_at, expiring_at",
            "attribute_exists(recording_id) AND attribute_not_exists(held)"
            " AND NOT #state IN (:erasing, :erased, :expired)"
            " AND (attribute_not_exists(claimed_until) OR claimed_until <= :claimed_before)",
            expression_values(
                erasing=State.ERASING,
                erased=State.ERASED,
                expired=State.EXPIRED,
                claimed_before=claimed_before,
            )
            | {":erasure": fields_attribute(erasure)},
        )

    def end_erasure(self, tombstone: CatalogueItem) -> None:
        """Replace an ERASING item by its tombstone; ConflictError where it is not ERASING."""
        self._items.bury(tombstone, "#state = :erasing", expression_values(erasing=State.ERASING))


_AS_SEEN = "#state = :expiring AND expiring_at = :seen"


class CatalogueExpiry:
    """Lets recordings of the catalogue expire."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._items = CatalogueItems(table_name, client)

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return the items that were skipped as unreadable since the last call."""
        return self._items.unreadable.take()

    def archived_before(self, started_at: datetime) -> Iterator[Sequence[CatalogueItem]]:
        """Yield the ARCHIVED items of calls until `started_at`, oldest first, MAX_KEYS at a time.

        Unreadable items are skipped, also by `expiring`; `take_unreadable` names them.
        """
        query = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state AND started_at <= :last",
            "ProjectionExpression": "recording_id",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": expression_values(state=State.ARCHIVED, last=started_at),
        }
        return self._read(found["recording_id"]["S"] for found in self._items.query(query))

    def expiring(self, *, due_at: datetime) -> Iterator[Sequence[CatalogueItem]]:
        """Yield the EXPIRING items to check by `due_at`, oldest first, MAX_KEYS at a time."""
        found = self._items.candidates(State.EXPIRING)
        return self._read(
            it.recording_id for it in found if it.retry_at is None or it.retry_at <= due_at
        )

    def begin_expiry(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Set an ARCHIVED item EXPIRING; ConflictError where it was changed since, or is held."""
        if item.archived is None:
            raise ValueError("the item is not archived")
        self._items.update(
            item.recording.recording_id,
            "SET #state = :expiring, expiring_at = :expiring_at REMOVE retry_at",
            "#state = :archived AND archived_at = :archived_at AND attribute_not_exists(held)",
            expression_values(
                expiring=State.EXPIRING,
                expiring_at=expiring_at,
                archived=State.ARCHIVED,
                archived_at=item.archived.archived_at,
            ),
        )

    def begin_again(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Record that it is being tagged again; ConflictError where `item` is out of date."""
        self._items.update(
            item.recording.recording_id,
            "SET expiring_at = :expiring_at REMOVE retry_at",
            _AS_SEEN,
            expression_values(expiring_at=expiring_at) | _seen(item.expiring_at),
        )

    def look_again(self, recording_id: str, *, since: datetime | None, at: datetime) -> None:
        """Record that all is tagged, to check at `at`; ConflictError where `since` differs."""
        values = expression_values(at=at) | _seen(since)
        self._items.update(recording_id, "SET retry_at = :at", _AS_SEEN, values)

    def end_expiry(self, item: CatalogueItem, *, tombstone: CatalogueItem) -> None:
        """Replace the item by its tombstone; ConflictError where `item` is out of date."""
        self._items.bury(tombstone, _AS_SEEN, _seen(item.expiring_at))

    def _read(self, recording_ids: Iterable[str]) -> Iterator[Sequence[CatalogueItem]]:
        ids = iter(recording_ids)
        while some := list(islice(ids, MAX_KEYS)):
            yield list(self._items.unreadable.readable(self._items.read(some), item_of))


def _seen(expiring_at: datetime | None) -> dict[str, Any]:
    if expiring_at is None:
        raise ValueError("the item is not expiring")
    return expression_values(expiring=State.EXPIRING, seen=expiring_at)


_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class CatalogueRetries:
    """Finds FAILED and ABSENT items, and sets them PENDING again."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._items = CatalogueItems(table_name, client)

    def take_unreadable(self) -> tuple[UnreadableItemError, ...]:
        """Return the items that were skipped as unreadable since the last call."""
        return self._items.unreadable.take()

    def find_ended(self, recording_ids: Sequence[str]) -> Sequence[Ended]:
        """Return those of the ids that are FAILED or ABSENT."""
        return list(self._read(dict.fromkeys(recording_ids)))

    def ended(self, state: State, period: Period | None) -> Iterator[Ended]:
        """Yield the items in the state, oldest first; a period of None is all time."""
        from_at, before_at = (period.from_at, period.to_at) if period else _EVER
        query = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state AND started_at BETWEEN :from_at AND :last",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": expression_values(
                state=state, from_at=from_at, last=before_at - timedelta(milliseconds=1)
            ),
        }
        found = (it["recording_id"]["S"] for it in self._items.query(query))
        while some := list(islice(found, MAX_KEYS)):
            yield from sorted(self._read(some), key=lambda it: it.started_at)

    def set_pending(self, ended: Ended) -> None:
        """Set PENDING an item that is still in the same state; ConflictError otherwise.

        The reason stays: it makes the next archiver look into the vault first.
        """
        self._items.update(
            ended.recording_id,
            "SET #state = :pending, attempts = :none"
            f" REMOVE retry_at, {', '.join(ATTEMPT_ATTRIBUTES)}",
            "#state = :was",
            expression_values(pending=State.PENDING, none=0, was=ended.state),
        )

    def _read(self, recording_ids: Iterable[str]) -> Iterator[Ended]:
        found = self._items.read(
            recording_ids,
            ProjectionExpression="recording_id, #state, started_at, reason",
            ExpressionAttributeNames={"#state": "state"},
        )
        ended = self._items.unreadable.readable(found, _ended)
        return (it for it in ended if it.state in ENDED)


def _ended(attributes: Attributes) -> Ended:
    """Read what a retry needs of an item in any state."""
    return Ended(
        recording_id=attributes["recording_id"]["S"],
        state=State(attributes["state"]["S"]),
        started_at=parse_instant(attributes["started_at"]["S"]),
        reason=text_in(attributes, "reason") or "",
    )
