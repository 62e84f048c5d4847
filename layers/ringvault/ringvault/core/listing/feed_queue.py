"""Sends the ids that are due onto the queue."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from ringvault.core.catalogue.item import State
from ringvault.core.errors import ConflictError, UnreadableItemError
from ringvault.core.listing.feed import (
    MAX_DEATHS,
    Candidate,
    Losses,
    Turn,
    fed,
    is_due,
    lost_since,
    room,
    was_claimed,
)

# Each costs a write. The rest stays as it is until the next feed.
MAX_LOST_A_FEED = 200
_DIED = (
    f"its archiver died {MAX_DEATHS} times in a row and left no reason: look for its id in the log"
    " of ArchiveRecordingFunction (memory, timeout), then ringvault retry --state failed"
)


class MediaQuota(Protocol):
    """What the archivers may fetch: the lister's own quota, unless RingCentral parts them."""

    def requests_in(self, period: timedelta) -> float:
        """Return how many recordings may be fetched in `period`."""


class Candidates(Protocol):
    """The catalogue as the feed needs it."""

    def candidates(self, *, most: int, now: datetime) -> Iterable[Candidate | UnreadableItemError]:
        """Return what may have to be fed: `most` PENDING from either end, and what is QUEUED.

        An item that can't be read is returned as the error that it raises.
        """

    def losses(self, recording_ids: Sequence[str]) -> Mapping[str, Losses]:
        """Return how often each was lost since it was last heard of; never is left out."""

    def put_back(self, candidate: Candidate, losses: Losses, *, retry_at: datetime) -> None:
        """Set PENDING what is lost; ConflictError when it is no longer as the candidate says."""

    def give_up(self, candidate: Candidate, losses: Losses, *, reason: str) -> None:
        """Set FAILED what is lost; ConflictError when it is no longer as the candidate says."""

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Set QUEUED what is still as each candidate says; anything else is left as it is."""


class RecordingQueue(Protocol):
    """The queue of ids to be fetched."""

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many are in flight; both about."""

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Queue the ids; return those that the queue accepted."""


@dataclass(slots=True)
class Fed:
    """What a feed did: how many it sent for which reason.

    `given_up` were lost too often and are FAILED now; `unreadable` are damaged items, left as they
    are.
    """

    turns: Counter[Turn] = field(default_factory=Counter)
    given_up: int = 0
    unreadable: int = 0

    def total(self) -> int:
        """Return how many were sent."""
        return self.turns.total()

    def __add__(self, other: "Fed") -> "Fed":
        return Fed(
            self.turns + other.turns,
            self.given_up + other.given_up,
            max(self.unreadable, other.unreadable),
        )


def feed_queue(
    *,
    quota: MediaQuota,
    catalogue: Candidates,
    queue: RecordingQueue,
    now: datetime,
    until: datetime,
    deletion_after: timedelta,
) -> Fed:
    """Send due ids until as many are on their way as can be fetched before `until`.

    On their way is what the catalogue has as QUEUED and not lost, or what the queue shows, if that
    is more. Messages in flight don't count: they may be copies of one that kills its archivers.
    """
    visible, _ = queue.depth()
    requests = quota.requests_in(until - now)
    found = list(catalogue.candidates(most=ceil(requests), now=now))
    readable = [it for it in found if isinstance(it, Candidate)]
    result = Fed(unreadable=len(found) - len(readable))
    due = [it for it in readable if is_due(it, now=now, queue_is_empty=visible == 0)]
    lost = [it for it in due if it.state is State.QUEUED]
    on_their_way = sum(it.state is State.QUEUED for it in readable) - len(lost)
    pending = _returned(
        lost[:MAX_LOST_A_FEED], result, catalogue=catalogue, now=now, queue_is_empty=visible == 0
    )
    pending += [it for it in due if it.state is State.PENDING]
    wanted = room(requests_in_horizon=requests, queue_depth=max(on_their_way, visible))
    chosen = fed(pending, most=wanted, now=now, deletion_after=deletion_after)
    if not chosen:
        return result
    accepted = set(queue.send([candidate.recording_id for _, candidate in chosen]))
    sent = [(turn, candidate) for turn, candidate in chosen if candidate.recording_id in accepted]
    catalogue.mark_queued([candidate for _, candidate in sent], queued_at=now)
    result.turns.update(turn for turn, _ in sent)
    return result


def _returned(
    lost: Sequence[Candidate],
    result: Fed,
    *,
    catalogue: Candidates,
    now: datetime,
    queue_is_empty: bool,
) -> list[Candidate]:
    """Set PENDING what is lost, or FAILED at its end; return what is to be fed again at once."""
    known = catalogue.losses([it.recording_id for it in lost]) if lost else {}
    returned: list[Candidate] = []
    for candidate in lost:
        losses = known.get(candidate.recording_id, Losses()).after(candidate)
        since = lost_since(candidate, queue_is_empty=queue_is_empty) or now
        retry_at = max(now, since + losses.wait)
        try:
            # Only what an archiver took: where none runs at all, no recording is to blame.
            if was_claimed(candidate) and losses.deaths >= MAX_DEATHS:
                catalogue.give_up(candidate, losses, reason=_DIED)
                result.given_up += 1
                continue
            catalogue.put_back(candidate, losses, retry_at=retry_at)
        except ConflictError:
            continue  # an archiver was heard of meanwhile
        back = replace(candidate, state=State.PENDING, queued_at=None, retry_at=retry_at)
        if retry_at <= now:
            returned.append(back)
    return returned
