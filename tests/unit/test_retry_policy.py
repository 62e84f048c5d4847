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


def test_the_jitter_is_full_but_never_a_storm() -> None:
    """The smallest jitter still leaves a few seconds."""
    assert RetryPolicy().wait(3, lambda: 0.0) == 5 * S


def test_attempts_are_bounded() -> None:
    """Twelve are enough."""
    assert not RetryPolicy().is_exhausted(11)
    assert RetryPolicy().is_exhausted(12)
