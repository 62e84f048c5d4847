"""The calls of a busy account: when, how long, and how late in the call log."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

# Busy: a twelfth of the 14,400 requests that one service user may send in a day.
RECORDINGS_A_DAY = 1200
NIGHT, MORNING, OFFICE, EVENING = 0.1, 0.6, 2.0, 0.5
HOURS = (*[NIGHT] * 6, *[MORNING] * 2, *[OFFICE] * 10, *[EVENING] * 4, *[NIGHT] * 2)
WORKDAY, WEEKEND = 1.25, 0.375

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MEAN_CALL, MAX_CALL = 5 * MINUTE, 4 * HOUR


@dataclass(frozen=True, slots=True)
class Habits:
    """How many calls in a hundred are unusual.

    `late` records appear hours after the call, `very_late` ones days after; `rewritten` ones get
    another leg with its own recording later, `unready` ones are listed before RingCentral
    serves their content. `mislaid` ones are served for a while, then 404 for hours, then served
    again; `unreadable` records lack the recording's name until they are rewritten;
    `moved` ones get a start on the day before later; `forbidden` ones are refused permanently.
    `on_demand` ones were recorded on demand, and are kept for the shorter period.
    """

    long: float = 1.0
    late: float = 1.0
    very_late: float = 0.5
    rewritten: float = 2.0
    unready: float = 3.0
    mislaid: float = 0.0
    unreadable: float = 0.0
    moved: float = 0.0
    forbidden: float = 0.0
    on_demand: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call; each instant is when the call log, or the content, shows it.

    `leg_visible_at` is when the record is rewritten with another leg and its recording, `moved_at`
    when with another start. Until `mislaid_until` the content is 404 now and then, until
    `readable_at` the record does not name it. None never happens.
    """

    started_at: datetime
    duration_s: int
    visible_at: datetime
    content_at: datetime
    leg_visible_at: datetime | None
    mislaid_until: datetime | None = None
    readable_at: datetime | None = None
    moved_at: datetime | None = None
    is_forbidden: bool = False
    is_on_demand: bool = False


def calls(
    random: Random, from_at: datetime, to_at: datetime, *, a_day: float, habits: Habits
) -> Iterator[Call]:
    """Yield the calls that started in [from_at, to_at), in order."""
    busiest = a_day / 24 * max(HOURS) * WORKDAY
    at = from_at
    while (at := at + random.expovariate(busiest) * HOUR) < to_at:
        share = HOURS[at.hour] * (WEEKEND if at.weekday() in {5, 6} else WORKDAY)
        if random.random() * max(HOURS) * WORKDAY < share:
            yield _troubled(random, _call(random, at.replace(microsecond=0), habits), habits)


def _call(random: Random, started_at: datetime, habits: Habits) -> Call:
    duration = min(random.expovariate(1.0) * MEAN_CALL, MAX_CALL)
    if _happens(random, habits.long):
        duration = MAX_CALL
    lag, is_late = _lag(random, habits)
    visible_at = started_at + duration + lag
    unready = not is_late and _happens(random, habits.unready)
    return Call(
        started_at=started_at,
        duration_s=round(duration.total_seconds()),
        visible_at=visible_at,
        content_at=visible_at + (random.random() * 30 * MINUTE if unready else 0 * MINUTE),
        leg_visible_at=visible_at + random.uniform(1, 72) * HOUR
        if _happens(random, habits.rewritten)
        else None,
    )


def _troubled(random: Random, call: Call, habits: Habits) -> Call:
    """Return a call with its other faults; no random number is used for a fault of rate 0."""

    def within(hours: float, in_hundred: float) -> datetime | None:
        if not _may(random, in_hundred):
            return None
        return call.visible_at + random.uniform(1, hours) * HOUR

    return replace(
        call,
        mislaid_until=within(30, habits.mislaid),
        readable_at=within(48, habits.unreadable),
        moved_at=within(72, habits.moved),
        is_forbidden=_may(random, habits.forbidden),
        is_on_demand=_may(random, habits.on_demand),
    )


def _may(random: Random, in_hundred: float) -> bool:
    return in_hundred > 0 and _happens(random, in_hundred)


def _lag(random: Random, habits: Habits) -> tuple[timedelta, bool]:
    """Return the lag from the call's end until its recording is listed; and if that is late.

    The record comes within a minute, its recording usually within minutes, sometimes half an hour.
    """
    if _happens(random, habits.very_late):
        return random.uniform(24, 72) * HOUR, True
    if _happens(random, habits.late):
        return random.uniform(1, 8) * HOUR, True
    usual = min(random.expovariate(1.0) * 2 * MINUTE, 30 * MINUTE)
    return random.uniform(0.3, 1.0) * MINUTE + usual, False


def _happens(random: Random, in_hundred: float) -> bool:
    return random.random() * 100 < in_hundred
