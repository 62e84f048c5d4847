"""When a failed recording is tried again."""

from datetime import timedelta

import pytest

from ringvault.core.retry_policy import RetryPolicy

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


def test_attempts_are_bounded() -> None:
    """Twelve are enough."""
    assert not RetryPolicy().is_exhausted(11)
    assert RetryPolicy().is_exhausted(12)
