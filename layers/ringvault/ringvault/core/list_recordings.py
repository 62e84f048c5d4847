"""Reads the call log into the catalogue, then feeds the queue from the catalogue."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from ringvault.core.errors import InvalidRecordError, RingvaultError, ThrottledError
from ringvault.core.feed import FEED_HORIZON, Candidate, feed_order, is_due, room
from ringvault.core.quota_gate import Clock, Turn
from ringvault.core.recording import CallLogRecord, Recording, recordings_of, unique
from ringvault.core.windows import Kind, ListingProgress, Window

# The lister's share of the quota: a quarter of what five minutes permit, the rest archives.
LISTING_PERIOD = timedelta(minutes=5)
LISTING_SHARE = 0.25
# Below this a run could not even finish one busy hour.
LEAST_PAGES = 4
# What a stride should take at most: a run that ends in its middle reads so many again.
MOST_PAGES_OF_A_STRIDE = 20
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


class MediaQuota(Protocol):
    """What the archivers may fetch: the lister's own quota, unless RingCentral parts them."""

    def requests_in(self, period: timedelta) -> float:
        """Return how many recordings may be fetched in `period`."""


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

    @property
    def is_stopped(self) -> bool:
        """Whether the run ended before its windows or its share of the quota did."""
        return self.throttled_until is not None or self.problem is not None


def list_recordings(
    *,
    call_log: CallLog,
    quota: Quota,
    media_quota: MediaQuota,
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
    visible, _ = queue.depth()
    for read in (
        partial(listing.look_back, first_run_reach, is_busy=visible > 0),
        listing.backfill,
    ):
        if not result.is_stopped:
            _attempt(read, result)
            # Also between the two: today's calls do not wait until old ones are listed.
            result.fed += _feed(quota=media_quota, catalogue=catalogue, queue=queue, now=clock())
    return result


def _attempt(read: Callable[[], None], result: ListingResult) -> None:
    try:
        read()
    except ThrottledError as error:
        result.throttled_until = error.retry_at
    except RingvaultError as error:
        result.problem = error


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
    budget: int = 0
    state: ListingProgress = field(default_factory=ListingProgress)
    version: int = 0

    def look_back(self, first_run_reach: timedelta, *, is_busy: bool) -> None:
        """Open what is due, and read every look-back that is open."""
        self.state, self.version = self.progress.load()
        self._save(self.state.opened(self.clock(), first_run_reach, is_busy=is_busy))
        permitted = self.quota.requests_in(LISTING_PERIOD)
        self.budget = max(LEAST_PAGES, round(permitted * LISTING_SHARE))
        self._read_all(Kind.LOOK_BACK)

    def backfill(self) -> None:
        """Read backfills while another of the last one's size fits into the run."""
        self._read_all(Kind.BACKFILL)

    def _read_all(self, kind: Kind) -> None:
        expected = 1
        while (
            (head := self.state.head) is not None and head.kind is kind and self._left >= expected
        ):
            left, listed = self._left, self.result.listed
            try:
                self._read(head)
            except _OverBudgetError:
                self._save(self.state.head_halved())
                return
            except ThrottledError:
                if self._left < left:
                    self._save(self.state.head_halved())
                raise
            pages = left - self._left
            would_fit_twice = 2 * pages <= min(left, MOST_PAGES_OF_A_STRIDE)
            expected = 2 * pages if would_fit_twice else pages
            self.result.windows_read += 1
            self._save(
                self.state.head_read(
                    new=self.result.listed - listed, would_fit_twice=would_fit_twice
                )
            )

    @property
    def _left(self) -> int:
        return self.budget - self.result.requests

    def _save(self, state: ListingProgress) -> None:
        self.result.windows_open = len(state.windows)
        if state != self.state:
            self.version = self.progress.save(state, version=self.version)
            self.state = state

    def _read(self, window: Window) -> None:
        page = self.call_log.first_page(window, self._turn())
        self._take(page)
        while page.next_uri is not None and page.records:
            page = self.call_log.next_page(page.next_uri, self._turn())
            self._take(page)

    def _turn(self) -> Turn:
        if self._left <= 0:
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


def _feed(*, quota: MediaQuota, catalogue: Catalogue, queue: RecordingQueue, now: datetime) -> int:
    """Send due ids until the queue holds enough; return how many were sent."""
    visible, in_flight = queue.depth()
    wanted = room(
        requests_in_horizon=quota.requests_in(FEED_HORIZON), queue_depth=visible + in_flight
    )
    if wanted == 0:
        return 0
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
