"""When a recording that failed is tried again, and when it is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Capped exponential backoff with full jitter, bounded in attempts.

    The wait before attempt n + 1 is random between 0 and min(most, first * 2 ** (n - 1)), and at
    least `least`: 30 s, 1 min, 2 min … 6 h for the defaults. Twelve attempts span two days.
    """

    attempts: int = 12
    least: timedelta = timedelta(seconds=5)
    first: timedelta = timedelta(seconds=30)
    most: timedelta = timedelta(hours=6)

    def is_exhausted(self, attempts: int) -> bool:
        """Whether `attempts` failed attempts are enough to give up."""
        return attempts >= self.attempts

    def wait(self, attempts: int, jitter: Callable[[], float]) -> timedelta:
        """Return how long to wait after `attempts` failed attempts; `jitter` gives 0 to 1."""
        ceiling = min(self.most, self.first * 2 ** (attempts - 1))
        wait: timedelta = ceiling * jitter()
        return max(self.least, wait)
