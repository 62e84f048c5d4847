"""Spans of time: of instants, and of whole days in UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole UTC days, the last one included."""

    from_on: date
    to_on: date

    @property
    def from_at(self) -> datetime:
        """The first instant."""
        return datetime.combine(self.from_on, time(), UTC)

    @property
    def to_at(self) -> datetime:
        """The first instant after it."""
        return datetime.combine(self.to_on, time(), UTC) + DAY


@dataclass(frozen=True, slots=True)
class Span:
    """The time from `from_at` on; `to_at` is the first instant after it."""

    from_at: datetime
    to_at: datetime

    def days(self) -> Iterable["Span"]:
        """Yield the span cut at every midnight."""
        start = self.from_at
        while start < self.to_at:
            midnight = datetime.combine(start.date(), time(), UTC) + DAY
            yield Span(start, min(midnight, self.to_at))
            start = midnight
