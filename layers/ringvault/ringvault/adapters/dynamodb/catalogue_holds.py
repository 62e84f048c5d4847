"""The catalogue as far as recordings are held or erased."""

from collections.abc import Iterator
from datetime import datetime

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.catalogue import GONE_VALUES, NOT_GONE, CatalogueTable
from ringvault.adapters.dynamodb.item import (
    erasure_attribute,
    hold_attribute,
    item_of,
    text,
)
from ringvault.core.catalogue.item import CatalogueItem, Erasure, Hold, State
from ringvault.core.catalogue.selection import Chosen, chosen_of
from ringvault.core.instants import format_instant


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
