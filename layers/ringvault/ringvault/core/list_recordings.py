"""Reads the call log into the catalogue, then feeds the queue from the catalogue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.errors import InvalidRecordError, RingvaultError, ThrottledError
from ringvault.core.feed import FEED_HORIZON, Candidate, feed_order, is_due, room
from ringvault.core.quota_gate import Clock, Turn
from ringvault.core.recording import CallLogRecord, Recording, recordings_of, unique
from ringvault.core.windows import ListingProgress, Window

# The lister's share of the quota: a quarter of what five minutes permit, the rest archives.
LISTING_PERIOD = timedelta(minutes=5)
LISTING_SHARE = 0.25
# Below this a run could not even finish one busy hour.
LEAST_PAGES = 4
# RingCentral's retention unless the account says otherwise.
RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CallLogPage:
    """One page of the call log; `next_uri` is None on the last."""

    records: Sequence[CallLogRecord]
    next_uri: str | None


class CallLog(Protocol):
    """RingCentral's account call log, recorded calls only."""

    def first_page(self, window: Window, turn: Turn) -> CallLogPage:
        """Return the first page of the calls that started in the window."""

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        """Return the page that an earlier one named as its next."""


class Quota(Protocol):
    """Turns to send a request."""

    def reserve(self, *, latest: datetime) -> Turn:
        """Reserve the next turn; ThrottledError when it comes after `latest`."""

    def requests_in(self, period: timedelta) -> float:
        """Return how many requests the quota permits in `period`."""


class Catalogue(Protocol):
    """The catalogue as the lister needs it."""

    def unlisted(self, recordings: Sequence[Recording]) -> Sequence[Recording]:
        """Return those that are not there yet."""

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add what is not there yet as PENDING; return how many were added."""

    def candidates(self, *, most: int, now: datetime) -> Iterable[Candidate]:
        """Return what may have to be fed: `most` PENDING from either end, and all QUEUED."""

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Set QUEUED what is still as each candidate says; anything else is left as it is."""


class NumberIndex(Protocol):
    """The index by the numbers that take part in calls."""

    def add(self, recordings: Sequence[Recording]) -> None:
        """Let the recordings be found by every number in their call; again changes nothing."""


class Progress(Protocol):
    """Keeps how far the call log has been read."""

    def load(self) -> tuple[ListingProgress, int]:
        """Return the progress and its version; nothing yet is version 0."""

    def save(self, progress: ListingProgress, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""


class RecordingQueue(Protocol):
    """The queue of ids to be fetched."""

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many are in flight; both about."""

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Queue the ids; return those that the queue accepted."""


@dataclass(slots=True)
class ListingResult:
    """What one run did.

    It may have stopped early: at `throttled_until` the quota has a turn again, or `problem` says
    what a person has to look at. The next run goes on from there.
    """

    requests: int = 0
    records: int = 0
    listed: int = 0
    rejected: list[str] = field(default_factory=list)
    windows_read: int = 0
    windows_open: int = 0
    fed: int = 0
    throttled_until: datetime | None = None
    problem: RingvaultError | None = None


def list_recordings(
    *,
    call_log: CallLog,
    quota: Quota,
    catalogue: Catalogue,
    number_index: NumberIndex,
    progress: Progress,
    queue: RecordingQueue,
    clock: Clock,
    latest: datetime,
    first_run_reach: timedelta,
) -> ListingResult:
    """Return what one run listed and fed, whatever stopped the listing.

    Everything listed is in the catalogue before the progress says so, and in the catalogue before
    it is fed: a run that dies anywhere is made good by the next. `latest` is when the last
    request may be sent.
    """
    result = ListingResult()
    listing = _Listing(
        call_log=call_log,
        quota=quota,
        catalogue=catalogue,
        number_index=number_index,
        progress=progress,
        clock=clock,
        latest=latest,
        result=result,
    )
    try:
        listing.run(first_run_reach)
    except ThrottledError as error:
        result.throttled_until = error.retry_at
    except RingvaultError as error:
        result.problem = error
    result.fed = _feed(quota=quota, catalogue=catalogue, queue=queue, now=clock())
    return result


class _OverBudgetError(RingvaultError):
    """The run has used its share of the quota."""


@dataclass(slots=True)
class _Listing:
    """One run through the open windows."""

    call_log: CallLog
    quota: Quota
    catalogue: Catalogue
    number_index: NumberIndex
    progress: Progress
    clock: Clock
    latest: datetime
    result: ListingResult

    def run(self, first_run_reach: timedelta) -> None:
        stored, version = self.progress.load()
        state = stored.opened(self.clock(), first_run_reach)
        version = self.progress.save(state, version=version)
        budget = max(LEAST_PAGES, round(self.quota.requests_in(LISTING_PERIOD) * LISTING_SHARE))
        try:
            while (head := state.head) is not None:
                state = self._after(head, state, budget)
                version = self.progress.save(state, version=version)
                if self.result.requests >= budget:
                    break
        finally:
            self.result.windows_open = len(state.windows)

    def _after(self, head: Window, state: ListingProgress, budget: int) -> ListingProgress:
        """Return the progress after reading `head`, or trying to."""
        had_whole_budget = self.result.requests == 0
        try:
            self._read(head, budget)
        except _OverBudgetError:
            return state.head_halved() if had_whole_budget else state
        self.result.windows_read += 1
        return state.head_read()

    def _read(self, window: Window, budget: int) -> None:
        page = self.call_log.first_page(window, self._turn(budget))
        self._take(page)
        while page.next_uri is not None and page.records:
            page = self.call_log.next_page(page.next_uri, self._turn(budget))
            self._take(page)

    def _turn(self, budget: int) -> Turn:
        if self.result.requests >= budget:
            raise _OverBudgetError
        turn = self.quota.reserve(latest=self.latest)
        self.result.requests += 1
        return turn

    def _take(self, page: CallLogPage) -> None:
        recordings: list[Recording] = []
        for record in page.records:
            try:
                recordings += recordings_of(record)
            except InvalidRecordError as error:
                self.result.rejected.append(str(error))
        self.result.records += len(page.records)
        new = self.catalogue.unlisted(unique(recordings))
        # Before the catalogue: what a run that dies here has not added, the next adds to both.
        self.number_index.add(new)
        self.result.listed += self.catalogue.add_new(new, listed_at=self.clock())


def _feed(*, quota: Quota, catalogue: Catalogue, queue: RecordingQueue, now: datetime) -> int:
    """Send due ids until the queue holds enough; return how many were sent."""
    visible, in_flight = queue.depth()
    wanted = room(
        requests_in_horizon=quota.requests_in(FEED_HORIZON), queue_depth=visible + in_flight
    )
    due = [
        candidate
        for candidate in catalogue.candidates(most=wanted, now=now)
        if is_due(candidate, now=now, queue_is_empty=visible == 0)
    ]
    chosen = feed_order(due, now=now, deletion_after=RETENTION)[:wanted]
    accepted = set(queue.send([candidate.recording_id for candidate in chosen]))
    sent = [candidate for candidate in chosen if candidate.recording_id in accepted]
    catalogue.mark_queued(sent, queued_at=now)
    return len(accepted)
