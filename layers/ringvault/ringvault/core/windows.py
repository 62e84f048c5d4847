"""Which spans of the call log are to be read.

The call log's dates act on the start of a call, a record appears when the call has ended and its
recording later still: so the newest past is read again and again (look-back), and what lies
behind it once (backfill). A window leaves the list only when everything in it is in the catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
# A sparse account is crossed in few requests; how far one request may reach is not documented.
LONGEST_STRIDE = 32 * DAY
# While recordings wait, a request that lists nothing new costs one of them its turn: after such a
# look-back the next run leaves it out: this is every second run of the default schedule.
SPARING_EVERY = timedelta(minutes=10)
# A run starts some seconds earlier or later than its schedule says.
SCHEDULE_JITTER = timedelta(minutes=1)


class Kind(StrEnum):
    """Why a window is read; look-backs come first."""

    LOOK_BACK = "look_back"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class LookBack:
    """A look-back of `length`, read anew when `every` has passed since the last."""

    name: str
    length: timedelta
    every: timedelta


# The short one meets calls that have just ended: most last minutes, and records appear within one.
# The deep one meets calls of many hours and recordings that RingCentral added to old records.
LOOK_BACKS = (
    LookBack("short", length=timedelta(hours=1), every=timedelta(0)),
    LookBack("deep", length=timedelta(hours=26), every=timedelta(hours=1)),
)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the call log, by start of call, that is still to be read.

    A backfill is read `stride` by `stride`, a look-back as a whole.
    """

    kind: Kind
    from_at: datetime
    to_at: datetime
    stride: timedelta = DAY


@dataclass(frozen=True, slots=True)
class ListingProgress:
    """The windows that are open, next one first, and up to where each look-back was opened.

    `is_quiet` says that the last look-back found nothing new.
    """

    windows: tuple[Window, ...] = ()
    opened_to: Mapping[str, datetime] = field(default_factory=dict)
    is_quiet: bool = False

    def opened(
        self, now: datetime, first_run_reach: timedelta, *, is_busy: bool
    ) -> "ListingProgress":
        """Return the progress with every window that is due at `now` open.

        `is_busy` says that recordings wait for their turn: then a quiet account is looked at less
        often.

        A look-back reaches back its length from where its last one ended, so that a stack that
        was down for days misses nothing. While one is still open no other begins: the open one
        grows to `now` instead, so that an account too busy for one run does not start anew in
        each.
        """
        if not self.opened_to:
            return self._first_run(now, first_run_reach)
        if self._look_backs:
            return self._prolonged(now)
        every = SPARING_EVERY if is_busy and self.is_quiet else timedelta()
        due = [it for it in LOOK_BACKS if self._is_due(it, now, max(every, it.every))]
        if not due:
            return self
        from_at = min(self.opened_to[it.name] - it.length for it in due)
        longest = max(look_back.length for look_back in due)
        opened_to = {
            it.name: now if it.length <= longest else self.opened_to[it.name] for it in LOOK_BACKS
        }
        return replace(
            self, windows=(Window(Kind.LOOK_BACK, from_at, now), *self.windows), opened_to=opened_to
        )

    @property
    def head(self) -> Window | None:
        """What to read next: a whole look-back, or one stride of the oldest backfill."""
        if not self.windows:
            return None
        window = self.windows[0]
        if window.kind is Kind.LOOK_BACK:
            return window
        return replace(window, to_at=min(window.to_at, window.from_at + window.stride))

    def head_read(self, *, new: int, would_fit_twice: bool) -> "ListingProgress":
        """Return the progress when everything in the head is in the catalogue.

        `new` is how many recordings it brought. Where twice as much would have fitted into one
        run, the next stride is twice as long.
        """
        head, window = self._head_and_window()
        if window.kind is Kind.LOOK_BACK:
            return replace(self, windows=self.windows[1:], is_quiet=new == 0)
        if head.to_at >= window.to_at:
            return replace(self, windows=self.windows[1:])
        stride = min(window.stride * 2, LONGEST_STRIDE) if would_fit_twice else window.stride
        rest = replace(window, from_at=head.to_at, stride=stride)
        return replace(self, windows=(rest, *self.windows[1:]))

    def head_halved(self) -> "ListingProgress":
        """Return the progress with the head cut in two, since one run can't read it whole."""
        head, window = self._head_and_window()
        half = (head.to_at - head.from_at) / 2
        half -= half % timedelta(milliseconds=1)  # as exact as RingCentral's dates
        if window.kind is Kind.BACKFILL:
            return replace(self, windows=(replace(window, stride=half), *self.windows[1:]))
        middle = head.from_at + half
        halves = (replace(window, to_at=middle), replace(window, from_at=middle))
        return replace(self, windows=(*halves, *self.windows[1:]))

    def _head_and_window(self) -> tuple[Window, Window]:
        if self.head is None:
            raise ValueError("no window is open")
        return self.head, self.windows[0]

    def _first_run(self, now: datetime, reach: timedelta) -> "ListingProgress":
        opened_to = {look_back.name: now for look_back in LOOK_BACKS}
        deep_from = now - max(look_back.length for look_back in LOOK_BACKS)
        windows = [Window(Kind.LOOK_BACK, max(deep_from, now - reach), now)]
        if now - reach < deep_from:
            windows.append(Window(Kind.BACKFILL, now - reach, deep_from))
        return ListingProgress(tuple(windows), opened_to)

    @property
    def _look_backs(self) -> tuple[Window, ...]:
        return tuple(window for window in self.windows if window.kind is Kind.LOOK_BACK)

    def _prolonged(self, now: datetime) -> "ListingProgress":
        """Return the progress with the newest look-back, which is the last, reaching to `now`."""
        *older, newest = self._look_backs
        backfills = self.windows[len(older) + 1 :]
        windows = (*older, replace(newest, to_at=max(newest.to_at, now)), *backfills)
        shortest = min(LOOK_BACKS, key=lambda look_back: look_back.length)
        opened_to = {**self.opened_to, shortest.name: now}
        return replace(self, windows=windows, opened_to=opened_to)

    def _is_due(self, look_back: LookBack, now: datetime, every: timedelta) -> bool:
        return now - self.opened_to[look_back.name] >= every - SCHEDULE_JITTER
