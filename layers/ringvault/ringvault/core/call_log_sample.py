"""Estimates how many recordings the call log has, from a few of its pages.

A window is as long as one page probably holds; windows lie in equal parts of the period, at
changing times of day and week.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from ringvault.core.call_log import CallLog, CallLogPage, Quota
from ringvault.core.errors import InvalidRecordError
from ringvault.core.quota_gate import Clock, Turn
from ringvault.core.recording import Recording, recordings_of, unique
from ringvault.core.windows import DAY, Kind, Window

# How long a window may be, shortest first: parts of a day, whole days, whole weeks.
_LENGTHS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120, 240, 480)) + tuple(
    days * DAY for days in (1, 2, 3, 7, 14, 28)
)
# A page is planned to be this full, so that a busy day still fits.
_FILL = 0.6
# More pages of one window than this would cost the others theirs.
_MOST_PAGES = 3
# Multiples of it, modulo one, spread evenly whatever their number.
_GOLDEN = 0.6180339887498949
_WHOLE = 0.999


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a window: `recordings` in `length`."""

    length: timedelta
    recordings: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many recordings there are, within `low` and `high` nineteen times of twenty.

    `mean_duration_s` is None where no recorded call was seen.
    """

    recordings: int
    low: int
    high: int
    requests: int
    mean_duration_s: float | None


@dataclass(slots=True)
class Sample:
    """The pages that were read of a period; `wait` is how long each may wait for its turn.

    `on_read` gets how many requests were sent, after each.
    """

    call_log: CallLog
    quota: Quota
    clock: Clock
    wait: timedelta
    from_at: datetime
    to_at: datetime
    most_requests: int
    per_page: int
    on_read: Callable[[int], None]

    requests: int = 0
    seen: int = 0
    seconds: int = 0

    def estimate(self) -> Estimate:
        """Read the pages and return what they tell.

        Raises:
            RingvaultError: RingCentral does not let itself be asked.
        """
        a_day = self._pilot()
        looks: list[Look] = []
        parts = max(1, self.most_requests - 1)
        for number in sorted(range(parts), key=lambda it: (it * _GOLDEN) % 1):
            if self.requests >= self.most_requests:
                break
            look = self._look(self._window(number, parts, a_day))
            looks.append(look)
            length, found = _sums(looks)
            a_day = max(found, 1) / (length / DAY)
        mean_s = self.seconds / self.seen if self.seen else None
        return estimated(looks, self.to_at - self.from_at, self.requests, mean_s)

    def _pilot(self) -> float:
        """Return about how many recordings a day has, which decides how long windows are."""
        middle = self.from_at + (self.to_at - self.from_at) / 2
        window = Window(Kind.BACKFILL, middle, min(middle + DAY, self.to_at))
        page, found = self._first(window)
        length = window.to_at - window.from_at
        return len(found) / ((_covered(found) if page.next_uri else length) / DAY)

    def _window(self, number: int, parts: int, a_day: float) -> Window:
        part = (self.to_at - self.from_at) / parts
        start = self.from_at + number * part
        length = _length(a_day, part=part, per_page=self.per_page)
        step = DAY if length >= DAY else timedelta(minutes=5)
        spare = part - length
        offset = spare * ((number * _GOLDEN + 0.5) % 1)
        start += offset - offset % step
        return Window(Kind.BACKFILL, start, start + length)

    def _look(self, window: Window) -> Look:
        page, found = self._first(window)
        pages = 1
        while page.next_uri and pages < _MOST_PAGES and self.requests < self.most_requests:
            page, more = self._next(page.next_uri)
            found, pages = unique([*found, *more]), pages + 1
        length = _covered(found) if page.next_uri else window.to_at - window.from_at
        return Look(length, len(found))

    def _first(self, window: Window) -> tuple[CallLogPage, Sequence[Recording]]:
        page = self.call_log.first_page(window, self._turn())
        # RingCentral is asked for a second more.
        return page, [
            it for it in self._taken(page) if window.from_at <= it.started_at < window.to_at
        ]

    def _next(self, uri: str) -> tuple[CallLogPage, Sequence[Recording]]:
        page = self.call_log.next_page(uri, self._turn())
        return page, self._taken(page)

    def _turn(self) -> Turn:
        turn = self.quota.reserve(latest=self.clock() + self.wait)
        self.requests += 1
        return turn

    def _taken(self, page: CallLogPage) -> Sequence[Recording]:
        self.on_read(self.requests)
        found: list[Recording] = []
        for record in page.records:
            try:
                found += recordings_of(record)
            except InvalidRecordError:
                continue
        recordings = unique(found)
        self.seen += len(recordings)
        self.seconds += sum(it.duration_s or 0 for it in recordings)
        return recordings


def estimated(
    looks: Sequence[Look], period: timedelta, requests: int, mean_duration_s: float | None
) -> Estimate:
    """Return what the looks tell of the whole period: exact where they cover it."""
    length, found = _sums(looks)
    total = round(found * (period / length))
    share = min(1.0, length / period)
    if share >= _WHOLE:
        return Estimate(found, found, found, requests, mean_duration_s)
    spread = _spread(looks, found / (length / DAY)) * (period / length) * sqrt(1 - share)
    low, high = max(found, round(total - spread)), round(total + spread)
    return Estimate(total, low, high, requests, mean_duration_s)


def _spread(looks: Sequence[Look], a_day: float) -> float:
    """Return how far the sum of the looks may be off, never less than mere chance has it."""
    found = sum(it.recordings for it in looks)
    freedom = len(looks) - 1
    if freedom < 1:
        return float(found)
    squares = sum((it.recordings - a_day * (it.length / DAY)) ** 2 for it in looks)
    deviation = sqrt(max(squares * len(looks) / freedom, found))
    # Student's t for 95 %, near enough.
    return deviation * (1.96 + 2.5 / freedom + 3 / freedom**2)


def _length(a_day: float, *, part: timedelta, per_page: int) -> timedelta:
    fitting = [it for it in _LENGTHS if a_day * (it / DAY) <= per_page * _FILL]
    length = fitting[-1] if fitting else _LENGTHS[0]
    is_whole = a_day * (part / DAY) <= per_page * _FILL
    return part if is_whole else min(length, part)


def _covered(found: Sequence[Recording]) -> timedelta:
    """Return what a page that is not the last spans, whichever end of the window it begins at."""
    starts = [it.started_at for it in found]
    return max(max(starts) - min(starts), timedelta(seconds=1)) if starts else DAY


def _sums(looks: Sequence[Look]) -> tuple[timedelta, int]:
    return sum((it.length for it in looks), timedelta()), sum(it.recordings for it in looks)
