"""The catalogue as far as it was given up, and the way back."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from ringvault.adapters.dynamodb.batches import read_batches
from ringvault.adapters.dynamodb.catalogue import LEARNT, CatalogueTable
from ringvault.adapters.dynamodb.item import Attributes, text, whole
from ringvault.core.catalogue.item import State
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.operations.retry_recordings import ENDED, Ended
from ringvault.core.reconciliation.run import Period

_MOST_IN_BATCH = 100
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
        while keys := list(islice(found, _MOST_IN_BATCH)):
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
