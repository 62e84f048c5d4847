"""The changes to the catalogue that holds, expiry and retries make."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.batches import MAX_KEYS, read_batches
from ringvault.adapters.dynamodb.catalogue import GONE_VALUES, LEARNT, NOT_GONE, CatalogueTable
from ringvault.adapters.dynamodb.item import (
    Attributes,
    erasure_attribute,
    hold_attribute,
    item_of,
    text,
    whole,
)
from ringvault.core.catalogue.item import CatalogueItem, Erasure, Hold, State
from ringvault.core.catalogue.selection import Chosen, chosen_of
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.operations.retry_recordings import ENDED, Ended
from ringvault.core.spans import Period


class CatalogueHolds(CatalogueTable):
    """A catalogue whose recordings can be held, released and erased."""

    def hold(self, recording_id: str, hold: Hold) -> None:
        """Hold what is neither held nor gone; ConflictError otherwise."""
        self._update(
            recording_id,
            "SET held = :hold",
            f"attribute_exists(recording_id) AND attribute_not_exists(held) AND {NOT_GONE}",
            {":hold": hold_attribute(hold), **GONE_VALUES},
        )

    def rescue(self, recording_id: str, hold: Hold, *, expiring_at: datetime) -> None:
        """Hold what is EXPIRING since that instant, ARCHIVED again; ConflictError otherwise."""
        self._update(
            recording_id,
            "SET #state = :archived, held = :hold REMOVE expiring_at, retry_at",
            "#state = :expiring AND expiring_at = :expiring_at",
            {
                ":archived": text(State.ARCHIVED),
                ":hold": hold_attribute(hold),
                ":expiring": text(State.EXPIRING),
                ":expiring_at": text(format_instant(expiring_at)),
            },
        )

    def release(self, recording_id: str, hold: Hold) -> None:
        """End that very hold; ConflictError where it is another by now."""
        with aws_errors("change the catalogue"):
            self._client.update_item(
                TableName=self._table,
                Key={"recording_id": text(recording_id)},
                UpdateExpression="REMOVE held",
                ConditionExpression="held = :hold",
                ExpressionAttributeValues={":hold": hold_attribute(hold)},
            )

    def held(self) -> Iterator[CatalogueItem]:
        """Yield what is held, in no order; reads the whole table, 128 read units a megabyte.

        What can't be read is passed over, here as in `erasing`, and named by `take_unreadable`.
        """
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table, FilterExpression="attribute_exists(held)"
        )
        with aws_errors("read the catalogue"):
            for page in pages:
                yield from self._unreadable.readable(page["Items"], item_of)

    def erasing(self) -> Iterator[Chosen]:
        """Yield what an erasure began with and did not finish."""
        for candidate in self._by_state(State.ERASING, forward=True):
            for item in self._unreadable.readable(self._found(candidate.recording_id), item_of):
                if item.state is State.ERASING:
                    yield chosen_of(item)

    def begin_erasure(
        self, recording_id: str, erasure: Erasure, *, claimed_before: datetime
    ) -> None:
        """Set ERASING what is not held, and claimed until `claimed_before` at most.

        Raises:
            ConflictError: it is held, being fetched, erased or expired already.
        """
        self._update(
            recording_id,
            "SET #state = :erasing, erasure = :erasure"
            " REMOVE claimed_until, claimed_by, queued_at, retry_at, expiring_at",
            "attribute_exists(recording_id) AND attribute_not_exists(held)"
            " AND NOT #state IN (:erasing, :erased, :expired)"
            " AND (attribute_not_exists(claimed_until) OR claimed_until <= :claimed_before)",
            {
                ":erasing": text(State.ERASING),
                ":erased": text(State.ERASED),
                ":expired": text(State.EXPIRED),
                ":erasure": erasure_attribute(erasure),
                ":claimed_before": text(format_instant(claimed_before)),
            },
        )

    def end_erasure(self, tombstone: CatalogueItem) -> None:
        """Put the tombstone in place of an ERASING item; ConflictError where it is not that."""
        self._bury(tombstone, "#state = :erasing", {":erasing": text(State.ERASING)})


_AS_SEEN = "#state = :expiring AND expiring_at = :seen"


class CatalogueExpiry(CatalogueTable):
    """A catalogue whose recordings expire."""

    def archived_before(self, started_at: datetime) -> Iterator[Sequence[CatalogueItem]]:
        """Yield what was ARCHIVED of calls until then, oldest first, some at a time.

        What can't be read is passed over, here as in `expiring`, and named by `take_unreadable`.
        """
        query = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state AND started_at <= :last",
            "ProjectionExpression": "recording_id",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":state": text(State.ARCHIVED),
                ":last": text(format_instant(started_at)),
            },
        }
        return self._read(found["recording_id"]["S"] for found in self._query(query))

    def expiring(self, *, due_at: datetime) -> Iterator[Sequence[CatalogueItem]]:
        """Yield what is EXPIRING and is to be looked at by then, oldest first, some at a time."""
        found = self._by_state(State.EXPIRING, forward=True)
        return self._read(
            it.recording_id for it in found if it.retry_at is None or it.retry_at <= due_at
        )

    def begin_expiry(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Set EXPIRING what is archived as `item` says; ConflictError where it isn't, or held."""
        if item.archived is None:
            raise ValueError("the item is not archived")
        self._update(
            item.recording.recording_id,
            "SET #state = :expiring, expiring_at = :expiring_at REMOVE retry_at",
            "#state = :archived AND archived_at = :archived_at AND attribute_not_exists(held)",
            {
                ":expiring": text(State.EXPIRING),
                ":expiring_at": text(format_instant(expiring_at)),
                ":archived": text(State.ARCHIVED),
                ":archived_at": text(format_instant(item.archived.archived_at)),
            },
        )

    def begin_again(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Say that it is being tagged anew; ConflictError where it isn't EXPIRING as `item` is."""
        self._update(
            item.recording.recording_id,
            "SET expiring_at = :expiring_at REMOVE retry_at",
            _AS_SEEN,
            {":expiring_at": text(format_instant(expiring_at)), **_seen(item.expiring_at)},
        )

    def look_again(self, recording_id: str, *, since: datetime | None, at: datetime) -> None:
        """Say that all is tagged, and when to look; ConflictError where `since` is another."""
        values = {":at": text(format_instant(at)), **_seen(since)}
        self._update(recording_id, "SET retry_at = :at", _AS_SEEN, values)

    def end_expiry(self, item: CatalogueItem, *, tombstone: CatalogueItem) -> None:
        """Put the tombstone in its place; ConflictError where it isn't EXPIRING as `item` is."""
        self._bury(tombstone, _AS_SEEN, _seen(item.expiring_at))

    def _read(self, recording_ids: Iterable[str]) -> Iterator[Sequence[CatalogueItem]]:
        ids = iter(recording_ids)
        while some := list(islice(ids, MAX_KEYS)):
            keys = [{"recording_id": text(recording_id)} for recording_id in some]
            found = read_batches(self._client, self._table, keys)
            yield list(self._unreadable.readable(found, item_of))


def _seen(expiring_at: datetime | None) -> dict[str, Any]:
    if expiring_at is None:
        raise ValueError("the item is not expiring")
    return {":expiring": text(State.EXPIRING), ":seen": text(format_instant(expiring_at))}


_MAX_IN_BATCH = 100
_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class CatalogueRetries(CatalogueTable):
    """A catalogue whose FAILED and ABSENT items can be set PENDING again."""

    def find_ended(self, recording_ids: Sequence[str]) -> Sequence[Ended]:
        """Return those of the ids that are FAILED or ABSENT."""
        keys = [{"recording_id": text(it)} for it in dict.fromkeys(recording_ids)]
        return list(self._read(keys))

    def ended(self, state: State, period: Period | None) -> Iterator[Ended]:
        """Yield what is in the state, oldest first; None is all the time there was."""
        from_at, before_at = (period.from_at, period.to_at) if period else _EVER
        query = {
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state AND started_at BETWEEN :from_at AND :last",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":state": text(state),
                ":from_at": text(format_instant(from_at)),
                ":last": text(format_instant(before_at - timedelta(milliseconds=1))),
            },
        }
        found = ({"recording_id": it["recording_id"]} for it in self._query(query))
        while keys := list(islice(found, _MAX_IN_BATCH)):
            yield from sorted(self._read(keys), key=lambda it: it.started_at)

    def set_pending(self, ended: Ended) -> None:
        """Set PENDING what is still as `ended` says; ConflictError when it no longer is.

        The reason stays: it has the next archiver look into the vault first.
        """
        self._update(
            ended.recording_id,
            f"SET #state = :pending, attempts = :none REMOVE retry_at, {', '.join(LEARNT)}",
            "#state = :was",
            {":pending": text(State.PENDING), ":none": whole(0), ":was": text(ended.state)},
        )

    def _read(self, keys: Sequence[Any]) -> Iterator[Ended]:
        found = read_batches(
            self._client,
            self._table,
            keys,
            ProjectionExpression="recording_id, #state, started_at, reason",
            ExpressionAttributeNames={"#state": "state"},
        )
        ended = self._unreadable.readable(found, _ended)
        return (it for it in ended if it.state in ENDED)


def _ended(attributes: Attributes) -> Ended:
    """Return what is needed of an item, whatever its state is."""
    return Ended(
        recording_id=attributes["recording_id"]["S"],
        state=State(attributes["state"]["S"]),
        started_at=parse_instant(attributes["started_at"]["S"]),
        reason=attributes["reason"]["S"] if "reason" in attributes else "",
    )
