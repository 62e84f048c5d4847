"""Chooses which recordings go onto the queue next, and how many."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Protocol

from ringvault.core.catalogue.item import State
from ringvault.core.errors import ConflictError, UnreadableItemError

# From the start of a run: the queue holds what the quota can fetch until the next feed, and one
# minute more. Everything fed waits behind it, today's calls too: so a feed late in a run adds
# only what is fetched by then.
FEED_HORIZON = timedelta(minutes=6)

# A message that was neither fetched nor claimed for this long is lost, even if the queue shows it.
LOST_AFTER = timedelta(minutes=30)
# The same if the queue shows no message at all: those in flight are claimed within seconds.
LOST_AFTER_WITH_EMPTY_QUEUE = timedelta(minutes=2)

# A lost recording is fed again after half a minute, then after twice as long each time: one that
# kills its archiver costs little, and one whose archiver died by chance hardly waits.
FIRST_WAIT = timedelta(seconds=30)
MAX_WAIT = timedelta(hours=6)
# So many archivers in a row did not die by chance; twelve deaths take half a day.
MAX_DEATHS = 12

# The share of today's calls even while others are near deletion. They come in bursts: with a
# smaller share some would wait for a later run.
TODAYS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """The part of a catalogue item that the feed needs."""

    recording_id: str
    state: State
    started_at: datetime
    queued_at: datetime | None = None
    claimed_until: datetime | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """How often in a row a recording was lost on its way, and how often its archiver died."""

    times: int = 0
    deaths: int = 0

    def after(self, candidate: Candidate) -> "Losses":
        """Return the losses with one more, of a candidate that is lost now."""
        return Losses(self.times + 1, self.deaths + was_claimed(candidate))

    @property
    def wait(self) -> timedelta:
        """How long after the last loss the recording is fed again."""
        doublings = min(max(self.times - 1, 0), 10)  # beyond, the longest wait has been reached
        return min(FIRST_WAIT * (1 << doublings), MAX_WAIT)


def room(*, requests_in_horizon: float, queue_depth: int) -> int:
    """Return how many ids the queue needs to keep the quota busy until the horizon."""
    return max(0, ceil(requests_in_horizon) - queue_depth)


def is_due(candidate: Candidate, *, now: datetime, queue_is_empty: bool) -> bool:
    """Whether the recording should be on the queue but, according to the catalogue, is not.

    A claim older than `queued_at` is that of an archiver that died: it stays in the item, so that
    the next archiver looks for its leftovers.
    """
    if candidate.state is State.PENDING:
        return candidate.retry_at is None or candidate.retry_at <= now
    if candidate.state is not State.QUEUED:
        return False
    since = lost_since(candidate, queue_is_empty=queue_is_empty)
    return since is None or since < now


def lost_since(candidate: Candidate, *, queue_is_empty: bool) -> datetime | None:
    """Return from when on a QUEUED recording counts as lost, unless an archiver reports.

    None is unknown: the item has no time of queueing.
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


class FeedReason(StrEnum):
    """Why a recording is fed now, in the order of urgency."""

    NEAR_DELETION = "near_deletion"
    TODAY = "today"
    BACKLOG = "backlog"


def is_near_deletion(started_at: datetime, *, now: datetime, deletion_after: timedelta) -> bool:
    """Whether a recording of that call is in the last tenth of RingCentral's retention."""
    return started_at <= now - deletion_after * 0.9


def turn_of(candidate: Candidate, *, now: datetime, deletion_after: timedelta) -> FeedReason:
    """Return the reason to fetch it."""
    if is_near_deletion(candidate.started_at, now=now, deletion_after=deletion_after):
        return FeedReason.NEAR_DELETION
    return (
        FeedReason.TODAY if candidate.started_at >= now - timedelta(days=1) else FeedReason.BACKLOG
    )


def fed(
    candidates: Iterable[Candidate], *, max_items: int, now: datetime, deletion_after: timedelta
) -> Sequence[tuple[FeedReason, Candidate]]:
    """Return the next `max_items` candidates to feed, in order, each with its reason.

    First those that RingCentral deletes soon, then today's calls, then the backlog; oldest first,
    but today's newest first: a call that has just ended does not wait for those that gathered
    during an outage. Today's calls keep a share even then, and go first: they are few, and people
    look for them, while recordings near deletion still have days.
    """
    found: dict[FeedReason, list[Candidate]] = {turn: [] for turn in FeedReason}
    for candidate in sorted(candidates, key=lambda it: (it.started_at, it.recording_id)):
        found[turn_of(candidate, now=now, deletion_after=deletion_after)].append(candidate)
    near, today, backlog = found.values()
    today.reverse()
    kept = min(len(today), ceil(max_items * TODAYS_SHARE))
    in_order = [
        *((FeedReason.TODAY, candidate) for candidate in today[:kept]),
        *((FeedReason.NEAR_DELETION, candidate) for candidate in near),
        *((FeedReason.TODAY, candidate) for candidate in today[kept:]),
        *((FeedReason.BACKLOG, candidate) for candidate in backlog),
    ]
    return in_order[:max_items]


# Each costs a write. The rest stays unchanged until the next feed.
MAX_LOST_A_FEED = 200
_DIED = (
    f"its archiver died {MAX_DEATHS} times in a row and left no reason: look for its id in the log"
    " of ArchiveRecordingFunction (memory, timeout), then ringvault retry --state failed"
)


class MediaQuota(Protocol):
    """The archivers' quota: the lister's own, unless RingCentral counts them separately."""

    def requests_in(self, period: timedelta) -> float:
        """Return how many recordings may be fetched in `period`."""


class Candidates(Protocol):
    """The catalogue for the feed."""

    def candidates(
        self, *, max_items: int, now: datetime
    ) -> Iterable[Candidate | UnreadableItemError]:
        """Return the candidates: `max_items` PENDING from either end, and the QUEUED ones.

        An item that can't be read is returned as its error.
        """

    def losses(self, recording_ids: Sequence[str]) -> Mapping[str, Losses]:
        """Return how often each was lost since its last sign of life; zero is left out."""

    def put_back(self, candidate: Candidate, losses: Losses, *, retry_at: datetime) -> None:
        """Set a lost one PENDING; ConflictError if it differs from the candidate by now."""

    def give_up(self, candidate: Candidate, losses: Losses, *, reason: str) -> None:
        """Set a lost one FAILED; ConflictError if it differs from the candidate by now."""

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Set QUEUED the items that match their candidates; the others are not changed."""


class RecordingQueue(Protocol):
    """The queue of ids to fetch."""

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many are in flight; both approximate."""

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Queue the ids; return those that the queue accepted."""


@dataclass(slots=True)
class Fed:
    """The result of a feed: how many it sent, by reason.

    `given_up` were lost too often and are FAILED now; `unreadable` are damaged items, which are
    not changed.
    """

    turns: Counter[FeedReason] = field(default_factory=Counter)
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

    On their way are the QUEUED ones that are not lost, or the messages in the queue, if those are
    more. Messages in flight don't count: they may be copies of one that kills its archivers.
    """
    visible, _ = queue.depth()
    requests = quota.requests_in(until - now)
    found = list(catalogue.candidates(max_items=ceil(requests), now=now))
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
    chosen = fed(pending, max_items=wanted, now=now, deletion_after=deletion_after)
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
    """Set lost ones PENDING, or finally FAILED; return those to feed again at once."""
    known = catalogue.losses([it.recording_id for it in lost]) if lost else {}
    returned: list[Candidate] = []
    for candidate in lost:
        losses = known.get(candidate.recording_id, Losses()).after(candidate)
        since = lost_since(candidate, queue_is_empty=queue_is_empty) or now
        retry_at = max(now, since + losses.wait)
        try:
            # Only after a claim: if no archiver runs at all, the recording is not the cause.
            if was_claimed(candidate) and losses.deaths >= MAX_DEATHS:
                catalogue.give_up(candidate, losses, reason=_DIED)
                result.given_up += 1
                continue
            catalogue.put_back(candidate, losses, retry_at=retry_at)
        except ConflictError:
            continue  # an archiver reported meanwhile
        back = replace(candidate, state=State.PENDING, queued_at=None, retry_at=retry_at)
        if retry_at <= now:
            returned.append(back)
    return returned
