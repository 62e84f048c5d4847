"""What expires in the coming days, and when."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from ringvault.core.lifecycle.forecast import Forecast, Kept, Share, cautions, forecast

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()
YEAR = 365 * DAY


class Archived:
    """Recordings in memory, two at a time, which remember how far they were asked for."""

    def __init__(self, *kept: Kept) -> None:
        self.kept = kept
        self.asked: set[datetime] = set()

    def count(self, *, before_at: datetime) -> int:
        self.asked.add(before_at)
        return len(self.kept)

    def batches(self, *, before_at: datetime) -> Iterator[Sequence[Kept]]:
        self.asked.add(before_at)
        for at in range(0, len(self.kept), 2):
            yield self.kept[at : at + 2]


def kept(archived_at: datetime, *, size_bytes: int = 100, is_held: bool = False) -> Kept:
    """Return a recording archived ten minutes after its call began."""
    return Kept(archived_at - timedelta(minutes=10), archived_at, size_bytes, is_held)


def forecast_of(*kept: Kept, days: int = 30, after: timedelta = YEAR) -> Forecast:
    """Return the forecast for recordings, of which nobody wants to hear how far it is."""
    return forecast(Archived(*kept), after=after, days=days, now=NOW, on_read=lambda *_: None)


def test_a_recording_stands_under_the_midnight_at_which_it_expires() -> None:
    """A whole number of days after archiving, and then until the next midnight."""
    found = forecast_of(kept(NOW - YEAR + 2 * DAY))

    assert list(found.days) == [TODAY + 3 * DAY]


@pytest.mark.parametrize(
    ("archived_at", "days"),
    [
        # Due: at midnight today, and long ago.
        (NOW - YEAR - DAY, [TODAY]),
        (NOW - YEAR - 90 * DAY, [TODAY]),
        # Due after today's midnight, so with tomorrow's.
        (NOW - YEAR - timedelta(hours=1), [TODAY + DAY]),
        # At the last midnight within thirty days, and at the first one beyond.
        (NOW - YEAR + 29 * DAY, [TODAY + 30 * DAY]),
        (NOW - YEAR + 30 * DAY, []),
    ],
)
def test_what_is_due_stands_under_today_and_what_is_later_nowhere(
    archived_at: datetime, days: list[date]
) -> None:
    """Both ends are midnights."""
    assert list(forecast_of(kept(archived_at)).days) == days


def test_the_last_midnight_belongs_to_a_forecast_made_at_midnight() -> None:
    """Within so many days means up to and with their end."""
    midnight, archived_at = NOW - timedelta(hours=12), NOW - YEAR + 29 * DAY
    archived = Archived(kept(archived_at))

    found = forecast(archived, after=YEAR, days=30, now=midnight, on_read=lambda *_: None)

    assert list(found.days) == [TODAY + 30 * DAY]


def test_what_is_held_is_counted_apart() -> None:
    """It stays: neither its number nor its bytes nor its call are among what expires."""
    free, held = kept(NOW - YEAR), kept(NOW - YEAR - timedelta(hours=2), is_held=True)

    [share] = forecast_of(free, held).days.values()

    assert share == Share(1, 100, free.started_at, free.started_at, held=1)


def test_days_come_in_order_and_add_up() -> None:
    """The total has every number, and the first and last call of all."""
    later, sooner = kept(NOW - YEAR + 9 * DAY, size_bytes=7), kept(NOW - YEAR)

    found = forecast_of(later, sooner, kept(NOW, size_bytes=3, is_held=True))

    assert list(found.days) == [TODAY + DAY, TODAY + 10 * DAY]
    assert found.total == Share(2, 107, sooner.started_at, later.started_at)
    assert forecast_of().total == Share()


def test_no_younger_recording_is_read_than_can_be_due() -> None:
    """Nothing is archived before its call: the index is read as far, and how far is told."""
    archived, told = Archived(*[kept(NOW - YEAR)] * 3), list[tuple[int, int]]()

    forecast(archived, after=YEAR, days=30, now=NOW, on_read=lambda *it: told.append(it))

    assert archived.asked == {NOW + 30 * DAY - YEAR}
    assert told == [(2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("after_days", "locked_days", "said"),
    [
        (365, 0, []),
        (90, 90, []),
        (89, 0, ["RingCentral"]),
        (365, 366, ["Object"]),
        (30, 31, ["RingCentral", "Object"]),
    ],
)
def test_what_is_to_be_known_of_an_expiry(
    after_days: int, locked_days: int, said: list[str]
) -> None:
    """Who keeps longer than the vault is named, RingCentral or Object Lock."""
    found = cautions(after_days * DAY, kept_by_ringcentral=90 * DAY, object_lock=locked_days * DAY)

    assert [text.split()[0] for text in found] == said
