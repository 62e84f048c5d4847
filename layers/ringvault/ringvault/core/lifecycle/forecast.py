"""Forecasts what expires in the coming days, and what is due but held; changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from ringvault.core.lifecycle.expire_recordings import expires_at
from ringvault.core.spans import DAY


@dataclass(frozen=True, slots=True)
class Kept:
    """The part of an archived recording that a forecast needs."""

    started_at: datetime
    archived_at: datetime
    size_bytes: int
    is_held: bool


@dataclass(frozen=True, slots=True)
class Share:
    """Recordings that expire together, of calls that began from `first_at` to `last_at`.

    Both are None if nothing expires. `held` would expire too, and are in no other number.
    """

    recordings: int = 0
    size_bytes: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    held: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(
            self.recordings + other.recordings,
            self.size_bytes + other.size_bytes,
            min(filter(None, (self.first_at, other.first_at)), default=None),
            max(filter(None, (self.last_at, other.last_at)), default=None),
            self.held + other.held,
        )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What expires by the beginning of the day `until`, the UTC day of each, in order.

    Overdue recordings are counted on the day of `at`. Days on which nothing expires are left out.
    """

    at: datetime
    after: timedelta
    until: date
    days: Mapping[date, Share]

    @property
    def total(self) -> Share:
        """All days together."""
        return sum(self.days.values(), Share())


class ArchivedRecordings(Protocol):
    """ARCHIVED recordings, oldest call first."""

    def count(self, *, before_at: datetime) -> int:
        """Return how many calls began before that time."""

    def batches(self, *, before_at: datetime) -> Iterator[Sequence[Kept]]:
        """Yield the recordings of calls before that time, some hundred at a time."""


def forecast(
    archived: ArchivedRecordings,
    *,
    after: timedelta,
    days: int,
    now: datetime,
    on_read: Callable[[int, int], None],
) -> Forecast:
    """Return the expiries within `days`; `on_read` gets the number read and the total.

    Recordings that are archived later are not included.
    """
    until_at = now + days * DAY
    # No recording is archived before its call began.
    before_at = until_at - after
    total, read = archived.count(before_at=before_at), 0
    found: dict[date, Share] = defaultdict(Share)
    for some in archived.batches(before_at=before_at):
        for kept in some:
            due_at = expires_at(kept.archived_at, after=after)
            if due_at <= until_at:
                found[max(due_at, now).date()] += _share_of(kept)
        read += len(some)
        on_read(read, total)
    return Forecast(now, after, until_at.date(), dict(sorted(found.items())))


def cautions(
    after: timedelta, *, kept_by_ringcentral: timedelta, object_lock: timedelta
) -> Iterator[str]:
    """Yield the warnings about such an expiry, before it is deployed."""
    if after < kept_by_ringcentral:
        yield (
            f"RingCentral keeps recordings for {kept_by_ringcentral // DAY} days, longer than this:"
            " if the catalogue is rebuilt, expired recordings are fetched again"
        )
    if after < object_lock:
        yield (
            f"Object Lock keeps every version for {object_lock // DAY} days, longer than this:"
            " until then S3 hides expired recordings but keeps and bills them"
        )


def _share_of(kept: Kept) -> Share:
    if kept.is_held:
        return Share(held=1)
    return Share(1, kept.size_bytes, kept.started_at, kept.started_at)
