"""The catalogue as far as recordings expire."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from ringvault.adapters.dynamodb.batches import MOST_KEYS, read_batches
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.item import item_of, text
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.instants import format_instant

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
        while some := list(islice(ids, MOST_KEYS)):
            keys = [{"recording_id": text(recording_id)} for recording_id in some]
            found = read_batches(self._client, self._table, keys)
            yield list(self._unreadable.readable(found, item_of))


def _seen(expiring_at: datetime | None) -> dict[str, Any]:
    if expiring_at is None:
        raise ValueError("the item is not expiring")
    return {":expiring": text(State.EXPIRING), ":seen": text(format_instant(expiring_at))}
