"""Sends the ids that are due onto the queue."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.feed import Candidate, Turn, fed, is_due, room


class MediaQuota(Protocol):
    """What the archivers may fetch: the lister's own quota, unless RingCentral parts them."""

    def requests_in(self, period: timedelta) -> float:
        """Return how many recordings may be fetched in `period`."""


class Candidates(Protocol):
    """The catalogue as the feed needs it."""

    def candidates(self, *, most: int, now: datetime) -> Iterable[Candidate]:
        """Return what may have to be fed: `most` PENDING from either end, and all QUEUED."""

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Set QUEUED what is still as each candidate says; anything else is left as it is."""


class RecordingQueue(Protocol):
    """The queue of ids to be fetched."""

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many are in flight; both about."""

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Queue the ids; return those that the queue accepted."""


def feed_queue(
    *,
    quota: MediaQuota,
    catalogue: Candidates,
    queue: RecordingQueue,
    now: datetime,
    until: datetime,
    deletion_after: timedelta,
) -> Counter[Turn]:
    """Send due ids until the queue holds what can be fetched before `until`.

    Return how many were sent for which reason.
    """
    visible, in_flight = queue.depth()
    wanted = room(
        requests_in_horizon=quota.requests_in(until - now), queue_depth=visible + in_flight
    )
    if wanted == 0:
        return Counter()
    due = [
        candidate
        for candidate in catalogue.candidates(most=wanted, now=now)
        if is_due(candidate, now=now, queue_is_empty=visible == 0)
    ]
    chosen = fed(due, most=wanted, now=now, deletion_after=deletion_after)
    accepted = set(queue.send([candidate.recording_id for _, candidate in chosen]))
    sent = [(turn, candidate) for turn, candidate in chosen if candidate.recording_id in accepted]
    catalogue.mark_queued([candidate for _, candidate in sent], queued_at=now)
    return Counter(turn for turn, _ in sent)
