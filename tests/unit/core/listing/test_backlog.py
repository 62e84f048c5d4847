"""What waits, in the figures that decide whether somebody is woken."""

from datetime import UTC, datetime, timedelta

from ringvault.core.listing.backlog import Backlog

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEPT = timedelta(days=90)


def test_age_and_deadline_are_those_of_the_oldest() -> None:
    """A call of 88 days ago has two days left of ninety."""
    backlog = Backlog(3, NOW - timedelta(days=88))
    assert backlog.age_s(NOW) == 88 * 86_400
    assert backlog.days_to_deletion(NOW, deletion_after=KEPT) == 2


def test_what_should_be_gone_is_negative() -> None:
    """It may still be there, and is fetched first."""
    backlog = Backlog(1, NOW - timedelta(days=91, hours=12))
    assert backlog.days_to_deletion(NOW, deletion_after=KEPT) == -1.5


def test_nothing_waits() -> None:
    """Nothing has no age and no deadline."""
    assert Backlog(0, None).age_s(NOW) == 0
    assert Backlog(0, None).days_to_deletion(NOW, deletion_after=KEPT) is None


def test_a_clock_behind_makes_no_negative_age() -> None:
    """RingCentral's clock may be ahead of ours."""
    assert Backlog(1, NOW + timedelta(seconds=5)).age_s(NOW) == 0
