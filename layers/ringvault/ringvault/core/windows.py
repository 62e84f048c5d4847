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
    """A span of the call log, by start of call, that is still to be read."""

    kind: Kind
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class ListingProgress:
    """The windows that are open, next one first, and up to where each look-back was opened."""

    windows: tuple[Window, ...] = ()
    opened_to: Mapping[str, datetime] = field(default_factory=dict)

    def opened(self, now: datetime, first_run_reach: timedelta) -> "ListingProgress":
        """Return the progress with every window that is due at `now` open.

        A look-back reaches back its length from where its last one ended, so that a stack that
        was down for days misses nothing.
        """
        if not self.opened_to:
            return self._first_run(now, first_run_reach)
        due = [look_back for look_back in LOOK_BACKS if self._is_due(look_back, now)]
        new = (Window(Kind.LOOK_BACK, self.opened_to[it.name] - it.length, now) for it in due)
        opened_to = {**self.opened_to, **{look_back.name: now for look_back in due}}
        return ListingProgress(_in_order((*self.windows, *new)), opened_to)

    @property
    def head(self) -> Window | None:
        """What to read next: a whole look-back, or one day of the oldest backfill."""
        if not self.windows:
            return None
        window = self.windows[0]
        if window.kind is Kind.LOOK_BACK:
            return window
        return replace(window, to_at=min(window.to_at, window.from_at + DAY))

    def head_read(self) -> "ListingProgress":
        """Return the progress when everything in the head is in the catalogue."""
        head, window = self._head_and_window()
        rest = (replace(window, from_at=head.to_at),) if head.to_at < window.to_at else ()
        return replace(self, windows=(*rest, *self.windows[1:]))

    def head_halved(self) -> "ListingProgress":
        """Return the progress with the head cut in two, since one run can't read it whole.

        The halves of a look-back become backfills, so that the next look-back does not swallow
        them again.
        """
        head, window = self._head_and_window()
        middle = head.from_at + (head.to_at - head.from_at) / 2
        halves = (
            Window(Kind.BACKFILL, window.from_at, middle),
            Window(Kind.BACKFILL, middle, window.to_at),
        )
        return replace(self, windows=_in_order((*halves, *self.windows[1:])))

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

    def _is_due(self, look_back: LookBack, now: datetime) -> bool:
        return now - self.opened_to[look_back.name] >= look_back.every


def _in_order(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Return look-backs that touch as one, then the backfills, each kind oldest first."""
    look_backs: list[Window] = []
    for window in sorted(_of(Kind.LOOK_BACK, windows), key=lambda w: w.from_at):
        if look_backs and window.from_at <= look_backs[-1].to_at:
            joined = replace(look_backs[-1], to_at=max(look_backs[-1].to_at, window.to_at))
            look_backs[-1] = joined
        else:
            look_backs.append(window)
    backfills = sorted(_of(Kind.BACKFILL, windows), key=lambda w: w.from_at)
    return (*look_backs, *backfills)


def _of(kind: Kind, windows: tuple[Window, ...]) -> list[Window]:
    return [window for window in windows if window.kind is kind]
