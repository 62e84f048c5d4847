"""The spans of the call log that are to be read.

The call log selects by the start of a call, a record appears when the call has ended and its
recording later still: so the recent past is read again and again (look-back), and everything
before it once (backfill). A window is removed only when everything in it is in the catalogue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import ceil

from ringvault.core.ringcentral.call_log import PartlyRead
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import DAY, Span

# A sparse account takes few requests; how far one request may reach is not documented.
MAX_STRIDE = 32 * DAY
# A shorter span is not cut again: several runs read what one can't finish.
MIN_STRIDE = timedelta(minutes=1)
# Some twenty are open at worst, besides those that people add. Two hundred are 20 KB of
# the 400 KB that DynamoDB has for the progress.
MAX_WINDOWS = 200
# How long a window with endless pages waits.
BROKEN_RETRY = timedelta(hours=1)
# A run starts some seconds earlier or later than its schedule says.
SCHEDULE_JITTER = timedelta(minutes=1)
# A look-back of this length shows how many recordings a day has.
TELLING = timedelta(hours=20)


class Kind(StrEnum):
    """Why a window is read, in the order of reading.

    A wide look-back comes after the backfills: what it may find is rare, and not yet urgent.
    """

    LOOK_BACK = "look_back"
    BACKFILL = "backfill"
    WIDE_LOOK_BACK = "wide_look_back"


_ORDER = tuple(Kind)


class LookBack(StrEnum):
    """The look-backs, by how far they reach."""

    SHORT = "short"
    DEEP = "deep"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class LookBacks:
    """How far each look-back reaches.

    The short one, every run, finds calls that have just ended, even after four hours: the call
    log selects by the start. The deep one, every hour, finds longer ones and recordings
    that RingCentral added to old records. The wide one, every day, finds records that were
    rewritten or appeared later than RingCentral documents.
    """

    short: timedelta = timedelta(hours=5)
    deep: timedelta = timedelta(hours=26)
    wide: timedelta = timedelta(days=7)

    def requests_a_day(self, recordings_a_day: float, *, per_page: int) -> int:
        """Return their requests a day: a page has `per_page` calls, an empty page costs one too."""
        return sum(
            round(DAY / every) * max(1, ceil(recordings_a_day * (length / DAY) / per_page))
            for _, length, every in self.each()
        )

    def each(self, *, sparing: bool = False) -> Iterable[tuple[LookBack, timedelta, timedelta]]:
        """Return each look-back, its length and its interval, shortest first.

        `sparing` is for a time in which recordings wait and nothing new appears: a request that
        lists nothing delays one of them.
        """
        return (
            (LookBack.SHORT, self.short, timedelta(minutes=10 if sparing else 5)),
            (LookBack.DEEP, self.deep, timedelta(hours=2 if sparing else 1)),
            (LookBack.WIDE, self.wide, timedelta(days=7 if sparing else 1)),
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back the call log is read: the first time, and repeatedly.

    `first_run` None is RingCentral's whole retention.
    """

    first_run: timedelta | None = None
    look_backs: LookBacks = field(default_factory=LookBacks)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the call log, by start of call, that is still to be read.

    A look-back is read as a whole, anything else in strides. `broken_at` is when its pages were
    last found to be endless: it is then read after all others, and after a wait.
    """

    kind: Kind
    from_at: datetime
    to_at: datetime
    stride: timedelta = DAY
    broken_at: datetime | None = None

    @property
    def span(self) -> Span:
        """The span of the call log."""
        return Span(self.from_at, self.to_at)


@dataclass(frozen=True, slots=True)
class ListingProgress:
    """The open windows, next one first, and the end of each look-back that was opened.

    `is_quiet` says that the last look-back found nothing new; `recordings_a_day` is None until a
    look-back was long enough to show it. `retention` was read from the account at
    `retention_read_at`; None is RingCentral's default. `partly_read` is the span in which
    a run had to stop.
    """

    windows: tuple[Window, ...] = ()
    opened_to: Mapping[str, datetime] = field(default_factory=dict)
    is_quiet: bool = False
    recordings_a_day: float | None = None
    retention: Retention = field(default_factory=Retention)
    retention_read_at: datetime | None = None
    partly_read: PartlyRead | None = None

    @property
    def deletion_after(self) -> timedelta:
        """How long after its call RingCentral may delete a recording, as far as known."""
        return self.retention.deletion_after(self.recordings_a_day)

    @property
    def kept_for(self) -> timedelta:
        """How long after its call RingCentral may still have a recording, as far as known."""
        return self.retention.kept_for(self.recordings_a_day)

    def opened(
        self, now: datetime, *, look_backs: LookBacks, first_run_reach: timedelta, is_busy: bool
    ) -> "ListingProgress":
        """Return the progress with every window open that is due at `now`.

        `is_busy` says that recordings wait for their turn: then a quiet account is read less often.
        A look-back begins its length before the end of the last one, so that a stack that was down
        for days misses nothing. No other begins while one is open: the open one grows to `now`
        instead, so that an account too busy for one run does not start over in each
        run.
        """
        if not self.opened_to:
            return self._first_run(now, look_backs, first_run_reach)
        due = {
            name: self.opened_to[name] - length
            for name, length, every in look_backs.each(sparing=is_busy and self.is_quiet)
            if now - self.opened_to[name] >= every - SCHEDULE_JITTER
        }
        wide_from_at = due.pop(LookBack.WIDE, None)
        with_look_back = self._with_look_back(due, now)
        return (
            with_look_back if wide_from_at is None else with_look_back.with_wide(wide_from_at, now)
        )

    def with_backfill(self, from_at: datetime, to_at: datetime) -> "ListingProgress":
        """Return the progress with one more window to be read once, among the others by age."""
        return self._with(Window(Kind.BACKFILL, from_at, to_at))

    def without_backfills(self) -> "ListingProgress":
        """Return the progress without backfills; what they listed stays listed."""
        kept = tuple(window for window in self.windows if window.kind is not Kind.BACKFILL)
        return replace(self, windows=kept, partly_read=None)

    @property
    def is_full(self) -> bool:
        """Whether the limit of open windows is reached."""
        return len(self.windows) >= MAX_WINDOWS

    @property
    def broken(self) -> tuple[Window, ...]:
        """The windows with endless pages."""
        return tuple(window for window in self.windows if window.broken_at is not None)

    def with_partly_read(self, pages: int, next_uri: str) -> "ListingProgress":
        """Return the progress with so many pages of the head read."""
        head, _ = self._head_and_window()
        return replace(self, partly_read=PartlyRead(head.from_at, head.to_at, pages, next_uri))

    def without_partly_read(self) -> "ListingProgress":
        """Return the progress with every window read from its first page."""
        return replace(self, partly_read=None)

    @property
    def head(self) -> Window | None:
        """The span to read next: a whole look-back, or one stride of an older window."""
        if not self.windows:
            return None
        window = self.windows[0]
        if window.kind is Kind.LOOK_BACK or window.broken_at is not None:
            return window
        return replace(window, to_at=min(window.to_at, window.from_at + window.stride))

    def head_read(self, *, new: int, seen: int | None, would_fit_twice: bool) -> "ListingProgress":
        """Return the progress after everything in the head is in the catalogue.

        It showed `seen` recordings, None if they were not counted, of which `new` were new.
        If twice as much would have fitted into one run, the next stride is twice as long.
        """
        if self.is_head_partly_read:
            return self.without_partly_read().head_read(
                new=new, seen=seen, would_fit_twice=would_fit_twice
            )
        head, window = self._head_and_window()
        if window.kind is Kind.LOOK_BACK and window.broken_at is None:
            return self._look_back_read(head.to_at - head.from_at, new=new, seen=seen)
        if head.to_at >= window.to_at:
            return replace(self, windows=self.windows[1:])
        stride = min(window.stride * 2, MAX_STRIDE) if would_fit_twice else window.stride
        rest = replace(window, from_at=head.to_at, stride=stride)
        return replace(self, windows=(rest, *self.windows[1:]))

    @property
    def is_head_partly_read(self) -> bool:
        """Whether an earlier run stopped in the middle of the head."""
        return self.head is not None and self._is_partly_read(self.head)

    @property
    def can_head_be_halved(self) -> bool:
        """Whether the head is long enough to be halved."""
        head, _ = self._head_and_window()
        return _can_be_halved(head)

    def head_halved(self) -> "ListingProgress":
        """Return the progress with the head halved, since one run can't read it whole.

        A head that is too short stays as it is.
        """
        if not self.can_head_be_halved:
            return self
        head, window = self._head_and_window()
        if window.kind is not Kind.LOOK_BACK and window.broken_at is None:
            return replace(self, windows=(replace(window, stride=_half(head)), *self.windows[1:]))
        return self._with_windows((*_halves(window), *self.windows[1:]))

    def head_broken(self, at: datetime) -> "ListingProgress":
        """Return the progress with the head moved to the end, since its pages are endless.

        It is halved if possible: a shorter span has fewer pages, down to a single one.
        Parts that are known to be broken already, since look-backs overlap, are not added again.
        """
        head, window = self._head_and_window()
        from_at, others = head.from_at, self.windows[1:]
        for known in sorted(others, key=lambda it: it.from_at):
            if known.broken_at is not None and known.from_at <= from_at:
                from_at = max(from_at, min(known.to_at, head.to_at))
        broken = replace(head, from_at=from_at, broken_at=at)
        parts = _halves(broken) if from_at < head.to_at and not self.is_full else (broken,)
        rest = replace(window, from_at=head.to_at)
        windows = bounded(it for it in (*parts, rest, *others) if it.from_at < it.to_at)
        found = self.without_partly_read() if self.is_head_partly_read else self
        return replace(found, windows=windows)

    def _head_and_window(self) -> tuple[Window, Window]:
        if self.head is None:
            raise ValueError("no window is open")
        return self.head, self.windows[0]

    def _look_back_read(
        self, length: timedelta, *, new: int, seen: int | None
    ) -> "ListingProgress":
        a_day = self.recordings_a_day
        if seen is not None and length >= TELLING:
            a_day = seen / (length / DAY)
        return replace(self, windows=self.windows[1:], is_quiet=new == 0, recordings_a_day=a_day)

    def _first_run(
        self, now: datetime, look_backs: LookBacks, reach: timedelta
    ) -> "ListingProgress":
        deep_from = now - look_backs.deep
        opened_to: dict[str, datetime] = {name: now for name, _, _ in look_backs.each()}
        look_back = Window(Kind.LOOK_BACK, max(deep_from, now - reach), now)
        first = replace(self, windows=(look_back,), opened_to=opened_to)
        return first.with_backfill(now - reach, deep_from) if now - reach < deep_from else first

    def _with_look_back(self, due: Mapping[LookBack, datetime], now: datetime) -> "ListingProgress":
        """Return the progress with one look-back for all that are due, from the earliest."""
        if self._look_backs:
            return self._prolonged(now)
        if not due:
            return self
        # A longer one includes the shorter.
        opened: dict[str, datetime] = {LookBack.SHORT: now, **dict.fromkeys(due, now)}
        window = Window(Kind.LOOK_BACK, min(due.values()), now)
        return replace(self._with(window), opened_to={**self.opened_to, **opened})

    def with_wide(self, from_at: datetime, now: datetime) -> "ListingProgress":
        """Return the progress with a wide look-back at the end, unless one is open."""
        if any(it.kind is Kind.WIDE_LOOK_BACK and it.broken_at is None for it in self.windows):
            return self
        window = Window(Kind.WIDE_LOOK_BACK, from_at, now)
        return replace(self._with(window), opened_to={**self.opened_to, LookBack.WIDE: now})

    def _with(self, window: Window) -> "ListingProgress":
        return self._with_windows((*self.windows, window))

    def _with_windows(self, windows: Iterable[Window]) -> "ListingProgress":
        return replace(self, windows=bounded(windows))

    def _is_partly_read(self, window: Window) -> bool:
        return self.partly_read is not None and self.partly_read.is_of(window.span)

    @property
    def _look_backs(self) -> tuple[Window, ...]:
        return tuple(
            it for it in self.windows if it.kind is Kind.LOOK_BACK and it.broken_at is None
        )

    def _prolonged(self, now: datetime) -> "ListingProgress":
        """Return the progress with the newest look-back, which is the last, extended to `now`.

        A partly read one is read to its end first: another length would start it over.
        """
        *older, newest = self._look_backs
        if self._is_partly_read(newest):
            return self
        others = self.windows[len(older) + 1 :]
        windows = (*older, replace(newest, to_at=max(newest.to_at, now)), *others)
        return replace(self, windows=windows, opened_to={**self.opened_to, LookBack.SHORT: now})


def bounded(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return the windows in the order of reading, within the limit of open ones.

    If there are too many, neighbours are joined, those with the smallest gap between them first:
    the gap is read once more than necessary, and nothing is left out.
    """
    in_order = sorted(windows, key=_place)
    too_many = len(in_order) - MAX_WINDOWS
    if too_many <= 0:
        return tuple(in_order)
    gaps = sorted(
        (max(timedelta(0), after.from_at - before.to_at), number)
        for number, (before, after) in enumerate(pairwise(in_order), start=1)
        if _group(before) == _group(after)
    )
    closed = {number for _, number in gaps[:too_many]}
    found: list[Window] = []
    for number, window in enumerate(in_order):
        found.append(_joined(found.pop(), window) if number in closed else window)
    return tuple(found)


def _place(window: Window) -> tuple[bool, datetime, int, datetime]:
    """Return a window's sort key: broken ones last, the longest waiting first."""
    first = datetime.min.replace(tzinfo=UTC)
    is_broken = window.broken_at is not None
    return is_broken, window.broken_at or first, _ORDER.index(window.kind), window.from_at


def _group(window: Window) -> tuple[bool, Kind]:
    return window.broken_at is not None, window.kind


def _joined(before: Window, after: Window) -> Window:
    return replace(
        before,
        from_at=min(before.from_at, after.from_at),
        to_at=max(before.to_at, after.to_at),
        stride=min(before.stride, after.stride),
        broken_at=max(filter(None, (before.broken_at, after.broken_at)), default=None),
    )


def _can_be_halved(window: Window) -> bool:
    return window.to_at - window.from_at >= 2 * MIN_STRIDE


def _halves(window: Window) -> tuple[Window, ...]:
    if not _can_be_halved(window):
        return (window,)
    middle = window.from_at + _half(window)
    return replace(window, to_at=middle), replace(window, from_at=middle)


def _half(window: Window) -> timedelta:
    half = (window.to_at - window.from_at) / 2
    return half - half % timedelta(milliseconds=1)  # as exact as RingCentral's dates
