"""What goes onto the queue, how much, and in which order."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from ringvault.core.catalogue.item import State
from ringvault.core.listing.feed import Candidate, FeedReason, fed, is_due, room, turn_of
from tests.support.fakes import START as NOW

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def candidate(name: str, age: timedelta) -> Candidate:
    """Return a pending recording of a call that long ago."""
    return Candidate(name, State.PENDING, NOW - age)


def claimed(*, queued_at: datetime, until: datetime) -> Candidate:
    """Return a recording on the queue that an archiver claimed."""
    return Candidate("1", State.QUEUED, NOW, queued_at=queued_at, claimed_until=until)


def test_near_deletion_and_today_come_before_the_backlog() -> None:
    """Nothing is lost to deletion, today's newest are soon there, the rest goes oldest first."""
    candidates = [
        candidate("yesterday", 2 * DAY),
        candidate("today", DAY / 2),
        candidate("this morning", DAY / 4),
        candidate("last month", 40 * DAY),
        candidate("almost gone", 89 * DAY),
        candidate("nearly gone", 82 * DAY),
    ]
    order = fed(candidates, max_items=3, now=NOW, deletion_after=90 * DAY)
    everything = fed(candidates, max_items=6, now=NOW, deletion_after=90 * DAY)

    assert [it.recording_id for _, it in order] == ["this morning", "today", "almost gone"]
    assert [it.recording_id for _, it in everything] == [
        "this morning",
        "today",
        "almost gone",
        "nearly gone",
        "last month",
        "yesterday",
    ]
    assert Counter(turn for turn, _ in everything) == dict.fromkeys(FeedReason, 2)


def test_near_deletion_leaves_todays_calls_their_share_and_no_more() -> None:
    """Half is kept for them: they are few, and what is near deletion still has days."""
    near = [candidate(f"near-{number}", 88 * DAY) for number in range(20)]
    today = [candidate(f"today-{number}", DAY / 3) for number in range(20)]
    turns = Counter(
        turn for turn, _ in fed([*near, *today], max_items=20, now=NOW, deletion_after=90 * DAY)
    )

    assert turns == {FeedReason.TODAY: 10, FeedReason.NEAR_DELETION: 10}


def test_near_deletion_follows_the_accounts_own_retention() -> None:
    """Where RingCentral keeps recordings for 30 days only, 28 days are near."""
    assert (
        turn_of(candidate("1", 28 * DAY), now=NOW, deletion_after=30 * DAY)
        is FeedReason.NEAR_DELETION
    )
    assert turn_of(candidate("1", 28 * DAY), now=NOW, deletion_after=90 * DAY) is FeedReason.BACKLOG


@pytest.mark.parametrize(
    ("wanted", "depth", "expected"),
    [(100.0, 0, 100), (100.0, 60, 40), (100.0, 130, 0), (0.2, 0, 1)],
)
def test_the_queue_is_filled_up_to_what_the_quota_can_fetch(
    wanted: float, depth: int, expected: int
) -> None:
    """What lies there counts, and a full queue takes nothing."""
    assert room(requests_in_horizon=wanted, queue_depth=depth) == expected


@pytest.mark.parametrize(
    ("found", "queue_is_empty", "expected"),
    [
        (Candidate("1", State.PENDING, NOW), False, True),
        (Candidate("1", State.PENDING, NOW, retry_at=NOW), False, True),
        (Candidate("1", State.PENDING, NOW, retry_at=NOW + MINUTE), False, False),
        (Candidate("1", State.QUEUED, NOW, queued_at=NOW - 3 * MINUTE), False, False),
        (Candidate("1", State.QUEUED, NOW, queued_at=NOW - 3 * MINUTE), True, True),
        (Candidate("1", State.QUEUED, NOW, queued_at=NOW - MINUTE), True, False),
        (Candidate("1", State.QUEUED, NOW, queued_at=NOW - 31 * MINUTE), False, True),
        (Candidate("1", State.QUEUED, NOW), False, True),
        (claimed(queued_at=NOW - 3 * MINUTE, until=NOW + MINUTE), True, False),
        (claimed(queued_at=NOW - 3 * MINUTE, until=NOW - MINUTE), False, True),
        (claimed(queued_at=NOW - MINUTE, until=NOW - 2 * MINUTE), True, False),
        (claimed(queued_at=NOW - 3 * MINUTE, until=NOW - 4 * MINUTE), True, True),
        (Candidate("1", State.ARCHIVED, NOW), True, False),
        (Candidate("1", State.ABSENT, NOW), True, False),
        (Candidate("1", State.FAILED, NOW), True, False),
    ],
)
def test_due_is_what_should_be_on_the_queue_and_is_not(
    found: Candidate, *, queue_is_empty: bool, expected: bool
) -> None:
    """Pending when its time has come; queued when its message or its archiver is lost."""
    assert is_due(found, now=NOW, queue_is_empty=queue_is_empty) is expected
