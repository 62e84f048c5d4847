"""Estimates how many recordings the call log has, from a few of its pages.

RingCentral gives no total, but any page by its number, and an empty one beyond the last. So the
last page is searched: at the number that the pages read suggest, else by halving.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from ringvault.core.catalogue.recording import Recording, read_record, unique
from ringvault.core.instants import Clock
from ringvault.core.quota.budget import RequestQuota
from ringvault.core.quota.gate import Turn
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.spans import Span

# RingCentral's schema allows no page beyond it: older calls are counted from page 1 again.
DEEPEST_PAGE = 1000
# An end that is known to a hundredth is exact enough.
_NEAR_ENOUGH = 100
# After so many full pages in a row, the next one has at least twice the number.
_PATIENCE = 2


class NumberedPages(Protocol):
    """The call log, whose pages can be read in any order."""

    def page(self, span: Span, number: int, turn: Turn) -> CallLogPage:
        """Return that page of the calls that started in the span, newest first, from 1 on."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The number of recordings, between `low` and `high` according to the pages read.

    If all were read the three are the same. `mean_duration_s` is None if no recorded
    call was seen. `first_at` is the start of the oldest call, None if the last page was not read.
    """

    recordings: int
    low: int
    high: int
    requests: int
    mean_duration_s: float | None
    first_at: datetime | None


@dataclass(slots=True)
class PageEstimate:
    """The known pages of a window: another follows `full`, and `beyond` is empty.

    `tail` are the recordings of the last page, None until it was read. Calls older than the last
    full page of one that is `continued` belong to another span.
    """

    window: Span
    read: dict[int, Sequence[Recording]] = field(default_factory=dict)
    full: int = 0
    beyond: int | None = None
    tail: Sequence[Recording] | None = None
    oldest_at: datetime | None = None
    continued: bool = False

    def note(self, number: int, page: CallLogPage, found: Sequence[Recording]) -> None:
        """Note what the page says about those before and after it."""
        if page.next_uri:
            self.read[number] = found
            if number > self.full:
                self.full = number
                # The order within a page is not documented.
                self.oldest_at = min((it.started_at for it in found), default=self.oldest_at)
        elif found or number == 1:
            self.full, self.beyond, self.tail = number - 1, number, found
        else:
            self.beyond = number

    def next_number(self, *, max_requests: int) -> int | None:
        """Return the most useful page to read, None if none is worth so many requests."""
        if self.beyond is None:
            if self.full == DEEPEST_PAGE:
                return None
            doubled = 2 * self.full if len(self.read) > _PATIENCE else 0
            return min(DEEPEST_PAGE, max(self.full, self.expected, doubled) + 1)
        if self.beyond - self.full <= 1 + self.full // _NEAR_ENOUGH:
            unread = [it for it in range(1, self.full + 1) if it not in self.read]
            return unread[0] if 0 < len(unread) <= max_requests else None
        return self.likely if max_requests % 2 else (self.full + self.beyond) // 2

    @property
    def expected(self) -> int:
        """The number of pages if calls came evenly."""
        if self.oldest_at is None:
            return self.full
        covered = max(self.window.to_at - self.oldest_at, timedelta(seconds=1))
        return ceil(self.full * ((self.window.to_at - self.window.from_at) / covered))

    @property
    def likely(self) -> int:
        """The probable number of pages: as expected, as long as that is possible."""
        if self.beyond is None or self.full < self.expected < self.beyond:
            return self.expected
        return (self.full + self.beyond) // 2

    @property
    def pages(self) -> tuple[int, int, int]:
        """The number of full pages: minimum, probable and maximum."""
        if self.tail is not None or self.continued:
            return self.full, self.full, self.full
        highest = 2 * self.expected if self.beyond is None else self.beyond - 1
        return self.full, min(self.likely, highest), highest


@dataclass(slots=True)
class CallLogSample:
    """Reads some pages of a period; `wait` is how long each may wait for its turn.

    `on_read` gets the number of requests sent, after each.
    """

    call_log: NumberedPages
    quota: RequestQuota
    clock: Clock
    wait: timedelta
    from_at: datetime
    to_at: datetime
    max_requests: int
    on_read: Callable[[int], None]

    requests: int = 0

    def estimate(self) -> Estimate:
        """Read the pages and return the estimate.

        Raises:
            RingvaultError: RingCentral can't be read.
        """
        span = self._span(self.to_at)
        spans = [span]
        while span.beyond is None and span.oldest_at and self.requests < self.max_requests:
            span.continued = True
            span = self._span(span.oldest_at)
            spans.append(span)
        return estimated(spans, requests=self.requests)

    def _span(self, to_at: datetime) -> PageEstimate:
        span = PageEstimate(Span(self.from_at, to_at))
        while self.requests < self.max_requests:
            number = span.next_number(max_requests=self.max_requests - self.requests)
            if number is None:
                break
            turn = self.quota.reserve(latest=self.clock() + self.wait)
            self.requests += 1
            page = self.call_log.page(span.window, number, turn)
            self.on_read(self.requests)
            found = _recordings_on(page)
            # RingCentral is asked for a second more.
            span.note(number, page, [it for it in found if it.started_at < to_at])
        return span


def estimated(spans: Sequence[PageEstimate], *, requests: int) -> Estimate:
    """Return the estimate for spans that follow each other, the newest first."""
    seen = [found for span in spans for found in span.read.values()]
    tails = [found for span in spans for found in (span.tail or (),)]
    every = unique([it for found in (*seen, *tails) for it in found])
    mean_s = sum(it.duration_s or 0 for it in every) / len(every) if every else None
    is_met = spans[-1].tail is not None
    first_at = min((it.started_at for it in every), default=None) if is_met else None
    if all(span.tail is not None and len(span.read) == span.full for span in spans):
        return Estimate(len(every), len(every), len(every), requests, mean_s, first_at)
    sizes = [len(found) for found in seen] or [0]
    least, likely, highest = (sum(span.pages[it] for span in spans) for it in range(3))
    tail = sum(len(found) for found in tails)
    return Estimate(
        recordings=round(likely * sum(sizes) / len(sizes)) + tail,
        low=max(len(every), least * min(sizes) + tail),
        high=highest * max(sizes) + tail,
        requests=requests,
        mean_duration_s=mean_s,
        first_at=first_at,
    )


def _recordings_on(page: CallLogPage) -> Sequence[Recording]:
    return unique(it for record in page.records for it in read_record(record).recordings)
