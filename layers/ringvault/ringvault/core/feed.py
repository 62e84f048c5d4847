"""Which recordings go onto the queue next, and how many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from ringvault.core.catalogue import State

# The queue holds what the quota can fetch until the next run feeds it again, and a minute's worth
# more: whatever is fed waits behind it, and today's calls should not wait long.
FEED_HORIZON = timedelta(minutes=6)

# A message that was neither fetched nor claimed for this long is lost, whatever the queue says.
LOST_AFTER = timedelta(minutes=30)
# The same when the queue shows no message at all: those in flight are claimed within seconds.
LOST_AFTER_WITH_EMPTY_QUEUE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Candidate:
    """As much of a catalogue item as the feed needs."""

    recording_id: str
    state: State
    started_at: datetime
    queued_at: datetime | None = None
    claimed_until: datetime | None = None
    retry_at: datetime | None = None


def room(*, requests_in_horizon: float, queue_depth: int) -> int:
    """Return how many ids the queue lacks to keep the quota busy over the horizon."""
    return max(0, ceil(requests_in_horizon) - queue_depth)


def is_due(candidate: Candidate, *, now: datetime, queue_is_empty: bool) -> bool:
    """Whether the recording should be on the queue but, as far as the catalogue knows, is not.

    A claim older than `queued_at` is that of an archiver which died before: it stays in the item,
    so that the next one looks for what was left behind.
    """
    if candidate.state is State.PENDING:
        return candidate.retry_at is None or candidate.retry_at <= now
    if candidate.state is not State.QUEUED:
        return False
    if candidate.queued_at is None:
        return True
    if candidate.claimed_until is not None and candidate.claimed_until >= candidate.queued_at:
        return candidate.claimed_until < now  # its archiver is dead
    lost_after = LOST_AFTER_WITH_EMPTY_QUEUE if queue_is_empty else LOST_AFTER
    return candidate.queued_at + lost_after < now


def feed_order(
    candidates: Iterable[Candidate], *, now: datetime, deletion_after: timedelta
) -> Sequence[Candidate]:
    """Return the candidates in the order to feed them.

    First what RingCentral deletes within a tenth of its retention, then calls of the last day so
    that today's are soon playable, then the backlog; oldest first in each.
    """
    near_deletion = now - deletion_after * 0.9
    today = now - timedelta(days=1)

    def rank(candidate: Candidate) -> tuple[int, datetime, str]:
        if candidate.started_at <= near_deletion:
            turn = 0
        elif candidate.started_at >= today:
            turn = 1
        else:
            turn = 2
        return turn, candidate.started_at, candidate.recording_id

    return sorted(candidates, key=rank)
