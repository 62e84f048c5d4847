"""When RingCentral deletes a recording."""

from datetime import timedelta

import pytest

from ringvault.core.ringcentral.retention import Retention

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("recordings_a_day", "days"),
    [(None, 90), (0.0, 90), (100.0, 90), (2_000.0, 50), (100_000.0, 1)],
)
def test_the_limit_that_comes_first_decides(recordings_a_day: float | None, days: int) -> None:
    """Ninety days, unless so many calls are recorded that a hundred thousand are fewer days."""
    assert Retention().deletion_after(recordings_a_day) == days * DAY


def test_an_accounts_own_limits_count() -> None:
    """Thirty days, and ten thousand recordings at most."""
    retention = Retention(period=30 * DAY, max_recordings=10_000)

    assert retention.deletion_after(100) == 30 * DAY
    assert retention.deletion_after(1_000) == 10 * DAY


def test_two_periods_are_for_two_purposes() -> None:
    """The longest says what may still exist, the shortest what may be deleted first."""
    retention = Retention(period=90 * DAY, shortest_period=7 * DAY)

    assert retention.kept_for(None) == 90 * DAY
    assert retention.deletion_after(None) == 7 * DAY
    assert (retention.kept_for(5_000), retention.deletion_after(5_000)) == (20 * DAY, 7 * DAY)
    assert str(retention) == "7 to 90 days, 100,000 recordings"
    assert str(Retention()) == "90 days, 100,000 recordings"
