"""Which recordings go onto the queue next, and how many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from ringvault.core.catalogue.item import State

# From the start of a run: the queue holds what the quota can fetch until the next run feeds it
# again, and a minute's worth more. Whatever is fed waits behind it, today's calls too: so a feed
# late in a run adds only what is fetched by then.
FEED_HORIZON = timedelta(minutes=6)

# A message that was neither fetched nor claimed for this long is lost, whatever the queue says.
LOST_AFTER = timedelta(minutes=30)
# The same when the queue shows no message at all: those in flight are claimed within seconds.
LOST_AFTER_WITH_EMPTY_QUEUE = timedelta(minutes=2)

# What was lost is fed again after half a minute, then after twice as long each time: one that
# kills its archiver costs little, and one whose archiver was killed by chance hardly waits.
FIRST_WAIT = timedelta(seconds=30)
MAX_WAIT = timedelta(hours=6)
# So many archivers in a row did not die by chance; the twelfth does so after half a day.
MAX_DEATHS = 12

# What calls of today may take even while others are near deletion. They come in bursts: with less
# some would wait for the next run and the one after it.
TODAYS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """As much of a catalogue item as the feed needs."""

    recording_id: str
    state: State
    started_at: datetime
    queued_at: datetime | None = None
    claimed_until: datetime | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """How often in a row a recording was lost on its way, and how often with its archiver."""

    times: int = 0
    deaths: int = 0

    def after(self, candidate: Candidate) -> "Losses":
        """Return them with one more, of a candidate that is lost now."""
        return Losses(self.times + 1, self.deaths + was_claimed(candidate))

    @property
    def wait(self) -> timedelta:
        """How long after the last of them the recording is fed again."""
        doublings = min(max(self.times - 1, 0), 10)  # beyond, the longest wait has been reached
        return min(FIRST_WAIT * (1 << doublings), MAX_WAIT)


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
    since = lost_since(candidate, queue_is_empty=queue_is_empty)
    return since is None or since < now


def lost_since(candidate: Candidate, *, queue_is_empty: bool) -> datetime | None:
    """Return from when on a QUEUED recording counts as lost, unless its archiver tells otherwise.

    None is unknown: it does not say when it was queued.
    """
    if candidate.queued_at is None:
        return None
    if candidate.claimed_until is not None and was_claimed(candidate):
        return candidate.claimed_until
    lost_after = LOST_AFTER_WITH_EMPTY_QUEUE if queue_is_empty else LOST_AFTER
    return candidate.queued_at + lost_after


def was_claimed(candidate: Candidate) -> bool:
    """Whether an archiver took the recording from the queue; if it is lost, the archiver died."""
    return (
        candidate.queued_at is not None
        and candidate.claimed_until is not None
        and candidate.claimed_until >= candidate.queued_at
    )


class Turn(StrEnum):
    """Why a recording is fed now, in the order of urgency."""

    NEAR_DELETION = "near_deletion"
    TODAY = "today"
    BACKLOG = "backlog"


def is_near_deletion(started_at: datetime, *, now: datetime, deletion_after: timedelta) -> bool:
    """Whether a recording of that call is in the last tenth of RingCentral's keeping."""
    return started_at <= now - deletion_after * 0.9


def turn_of(candidate: Candidate, *, now: datetime, deletion_after: timedelta) -> Turn:
    """Return why it should be fetched."""
    if is_near_deletion(candidate.started_at, now=now, deletion_after=deletion_after):
        return Turn.NEAR_DELETION
    return Turn.TODAY if candidate.started_at >= now - timedelta(days=1) else Turn.BACKLOG


def fed(
    candidates: Iterable[Candidate], *, most: int, now: datetime, deletion_after: timedelta
) -> Sequence[tuple[Turn, Candidate]]:
    """Return the `most` candidates to feed next, in order, and why each.

    First what RingCentral deletes soon, then today's calls, then the backlog; oldest first, but
    today's newest first: a call that has just ended doesn't wait behind those that gathered while
    nothing ran. Calls of today keep their share even then, and go in front: they are few, and
    people look for them, while what is near deletion still has days.
    """
    found: dict[Turn, list[Candidate]] = {turn: [] for turn in Turn}
    for candidate in sorted(candidates, key=lambda it: (it.started_at, it.recording_id)):
        found[turn_of(candidate, now=now, deletion_after=deletion_after)].append(candidate)
    near, today, backlog = found.values()
    today.reverse()
    kept = min(len(today), ceil(most * TODAYS_SHARE))
    in_order = [
        *((Turn.TODAY, candidate) for candidate in today[:kept]),
        *((Turn.NEAR_DELETION, candidate) for candidate in near),
        *((Turn.TODAY, candidate) for candidate in today[kept:]),
        *((Turn.BACKLOG, candidate) for candidate in backlog),
    ]
    return in_order[:most]
