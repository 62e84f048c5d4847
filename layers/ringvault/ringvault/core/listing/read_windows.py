"""Reads the due windows of the call log into the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.catalogue.recording import Recording, read_record, unique
from ringvault.core.errors import (
    ConflictError,
    EndlessPagesError,
    ForeignHostError,
    NotFoundError,
    PermissionLostError,
    RequestRefusedError,
    RingvaultError,
    ThrottledError,
    TransientError,
)
from ringvault.core.instants import Clock
from ringvault.core.listing.windows import BROKEN_RETRY, Kind, ListingProgress, Reach, Window
from ringvault.core.quota.budget import Budget, OverBudgetError, RequestQuota
from ringvault.core.quota.gate import Turn
from ringvault.core.ringcentral.call_log import CallLog, CallLogPage, pages_of
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import DAY
from ringvault.core.versioned import Versioned

# The lister's share of the quota: a quarter of five minutes' requests; the rest archives.
LISTING_PERIOD = timedelta(minutes=5)
LISTING_SHARE = 0.25
# With less a run could not even finish one busy hour.
MIN_PAGES = 4
# The most that a stride should take: a run that ends in its middle repeats so many requests.
MAX_PAGES_OF_A_STRIDE = 20
# A log line names so many unreadable records; all are counted.
MAX_REJECTED = 50
# RingCentral's own have some two hundred characters; a longer one is not saved for the next run.
MAX_KEPT_URI = 2_048


class AccountCallLog(CallLog, Protocol):
    """The call log, and the account's retention."""

    def retention(self, turn: Turn) -> Retention:
        """Return how long this account's recordings are kept."""


class NewRecordings(Protocol):
    """The catalogue for the listing."""

    def unlisted(self, recordings: Sequence[Recording]) -> Sequence[Recording]:
        """Return those that the catalogue lacks."""

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add missing ones as PENDING; return how many were added."""

    def take_refused(self) -> Sequence[str]:
        """Return the ids that the catalogue refused since the last call."""


class NumberPointerWriter(Protocol):
    """The index by the numbers that take part in calls."""

    def add(self, recordings: Sequence[Recording]) -> None:
        """Add the recordings to every number in their call; repeating it changes nothing."""


def retention_of(call_log: AccountCallLog, turn: Turn) -> Retention:
    """Return the account's retention, or RingCentral's default if it may not be read."""
    try:
        return call_log.retention(turn)
    except (PermissionLostError, RequestRefusedError, NotFoundError):
        return Retention()


@dataclass(slots=True)
class Listed:
    """The result of reading: what was spent, records seen, their recordings and new ones.

    `unreadable` counts recordings that can't be archived as they are named; `rejected` describes
    the first of them, without any text of theirs.
    """

    budget: Budget = field(default_factory=Budget)
    records: int = 0
    recordings: int = 0
    new: int = 0
    unreadable: int = 0
    rejected: list[str] = field(default_factory=list)
    windows_read: int = 0

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.budget.spent


class OvertakenError(RingvaultError):
    """Another lister runs at the same time and saved its progress first."""


@dataclass(slots=True)
class WindowReader:
    """One run through the open windows; `latest` is when its last request may be sent.

    `broken` says why a window could not be read to its end while the others were.
    """

    call_log: AccountCallLog
    quota: RequestQuota
    settings_quota: RequestQuota
    catalogue: NewRecordings
    number_index: NumberPointerWriter
    progress: Versioned[ListingProgress]
    clock: Clock
    latest: datetime
    reach: Reach
    listed: Listed = field(default_factory=Listed)
    state: ListingProgress = field(default_factory=ListingProgress)
    broken: RingvaultError | None = None
    _version: int = 0
    _pages: int = 0
    _next_uri: str | None = None

    def look_back(self, *, is_busy: bool) -> None:
        """Open the due windows, and read every open look-back."""
        self.state, self._version = self.progress.load()
        self._read_retention()
        opened = self.state.opened(
            self.clock(),
            look_backs=self.reach.look_backs,
            # A day more: RingCentral counts from the recording, windows from the start of the call.
            first_run_reach=self.reach.first_run or self.state.retention.period + DAY,
            is_busy=is_busy,
        )
        self._save(opened)
        self.listed.budget.set_share(
            LISTING_SHARE, quota=self.quota, period=LISTING_PERIOD, min_requests=MIN_PAGES
        )
        self._read_all({Kind.LOOK_BACK})

    def backfill(self) -> None:
        """Read older windows, while another stride of the last one's size fits into the run."""
        self._read_all({Kind.BACKFILL, Kind.WIDE_LOOK_BACK})

    def _read_all(self, kinds: set[Kind]) -> None:
        expected = 1
        while (head := self._next(kinds)) is not None and self.listed.budget.left >= expected:
            left, before = self.listed.budget.left, replace(self.listed)
            is_resumed = self.state.is_head_partly_read
            try:
                self._read(head)
            except OverBudgetError:
                self._save(self._kept() if is_resumed else self._halved())
                return
            except ThrottledError:
                self._save(self._kept())
                raise
            except (EndlessPagesError, ForeignHostError) as error:
                self.broken = self.broken or error
                self._save(self.state.head_broken(self.clock()))
                continue
            except RingvaultError:
                # The page from which an earlier run wanted to continue may no longer exist.
                self._save(self.state.without_partly_read() if is_resumed else self.state)
                raise
            would_fit_twice = 2 * self._pages <= min(left, MAX_PAGES_OF_A_STRIDE)
            expected = 2 * self._pages if would_fit_twice else left - self.listed.budget.left
            self.listed.windows_read += 1
            self._save(
                self.state.head_read(
                    new=self.listed.new - before.new,
                    seen=None if is_resumed else self.listed.recordings - before.recordings,
                    would_fit_twice=would_fit_twice,
                )
            )

    def _next(self, kinds: set[Kind]) -> Window | None:
        """Return the head, if it is of these kinds; a broken one comes last, after a wait."""
        head = self.state.head
        if head is None or head.broken_at is None:
            return head if head is not None and head.kind in kinds else None
        is_due = self.clock() - head.broken_at >= BROKEN_RETRY
        return head if is_due and Kind.BACKFILL in kinds else None

    def _halved(self) -> ListingProgress:
        """Return the progress with a shorter head; a head that is too short stays unchanged."""
        return self.state.head_halved() if self.state.can_head_be_halved else self._kept()

    def _kept(self) -> ListingProgress:
        """Return the progress with the pages read of the head, so that the next run continues."""
        if self._next_uri is None or len(self._next_uri) > MAX_KEPT_URI:
            return self.state
        return self.state.with_partly_read(self._pages, self._next_uri)

    def _save(self, state: ListingProgress) -> None:
        if state == self.state:
            return
        try:
            self._version = self.progress.save(state, version=self._version)
        except ConflictError as error:
            raise OvertakenError("another run of the lister saved first") from error
        self.state = state

    def _read_retention(self) -> None:
        """Read the retention once a day."""
        now = self.clock()
        if self.state.retention_read_at and now - self.state.retention_read_at < DAY:
            return
        try:
            turn = self.settings_quota.reserve(latest=self.latest)
            self.listed.budget.spent += 1
            retention = retention_of(self.call_log, turn)
        except TransientError:
            return  # the listing does not wait for it; the next run asks again
        self._save(replace(self.state, retention=retention, retention_read_at=now))

    def _read(self, window: Window) -> None:
        after = self.state.partly_read if self.state.is_head_partly_read else None
        self._pages, self._next_uri = (after.pages, after.next_uri) if after else (0, None)
        for page in pages_of(self.call_log, window.span, self._turn, after=after):
            self._take(page)
            self._pages, self._next_uri = self._pages + 1, page.next_uri

    def _turn(self) -> Turn:
        return self.listed.budget.take_turn(self.quota, latest=self.latest)

    def _take(self, page: CallLogPage) -> None:
        recordings: list[Recording] = []
        for record in page.records:
            read = read_record(record)
            recordings += read.recordings
            self.listed.unreadable += len(read.unreadable)
            room = MAX_REJECTED - len(self.listed.rejected)
            self.listed.rejected += map(str, read.unreadable[:room])
        found = unique(recordings)
        self.listed.records += len(page.records)
        self.listed.recordings += len(found)
        new = self.catalogue.unlisted(found)
        # Before the catalogue: after a crash here the next run adds to both.
        self.number_index.add(new)
        self.listed.new += self.catalogue.add_new(new, listed_at=self.clock())
        refused = self.catalogue.take_refused()
        self.listed.rejected += (
            f"recording {it}: the catalogue refuses its item" for it in refused
        )
