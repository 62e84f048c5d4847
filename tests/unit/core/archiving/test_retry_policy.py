"""When a failed recording is tried again."""

from datetime import timedelta

import pytest

from ringvault.core.archiving.retry_policy import (
    RetryPolicy,
    deferral_wait,
    is_refused_for_good,
    refusal_wait,
)
from ringvault.core.catalogue.item import RepeatedAnswer
from tests.support.fakes import START

S = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("attempts", "ceiling"),
    [(1, 30 * S), (2, 60 * S), (5, 480 * S), (12, 6 * 3600 * S), (40, 6 * 3600 * S)],
)
def test_the_wait_doubles_up_to_its_cap(attempts: int, ceiling: timedelta) -> None:
    """With the largest jitter the wait is the ceiling itself."""
    assert RetryPolicy().wait(attempts, lambda: 1.0) == ceiling


def test_the_smallest_jitter_leaves_half_of_the_wait() -> None:
    """Whatever chance has it, attempts become ever rarer."""
    assert RetryPolicy().wait(3, lambda: 0.0) == 60 * S


def test_a_recording_outlives_six_hours_without_ringcentral() -> None:
    """All attempts together last longer, even when every wait is the shortest possible."""
    policy = RetryPolicy()
    waits = [policy.wait(attempts, lambda: 0.0) for attempts in range(1, policy.attempts)]

    assert sum(waits, 0 * S) > 6 * 3600 * S


def test_waits_that_are_no_failures_grow_to_six_hours() -> None:
    """A fault that lasts costs ever fewer requests, and never a recording."""
    waits = [deferral_wait(deferrals) for deferrals in (0, 1, 2, 5, 1000)]

    assert waits == [900 * S, 1800 * S, 3600 * S, 6 * 3600 * S, 6 * 3600 * S]


def test_refusals_end_after_twelve_over_five_days() -> None:
    """Neither many in a day nor few in a year are enough."""
    day = 86_400 * S

    assert not is_refused_for_good(RepeatedAnswer(100, START, START + day))
    assert not is_refused_for_good(RepeatedAnswer(11, START, START + 300 * day))
    assert is_refused_for_good(RepeatedAnswer(12, START, START + 5 * day))
    assert refusal_wait(RepeatedAnswer(1, START, START)) == 900 * S
    assert refusal_wait(RepeatedAnswer(12, START, START)) == day


def test_attempts_are_bounded() -> None:
    """Twelve are enough."""
    assert not RetryPolicy().is_exhausted(11)
    assert RetryPolicy().is_exhausted(12)
