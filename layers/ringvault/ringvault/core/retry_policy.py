"""When a recording that failed is tried again, and when it is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Capped exponential backoff with jitter, bounded in attempts.

    The wait before attempt n + 1 is random between half of min(most, first * 2 ** (n - 1)) and all
    of it: 30 s, 1 min, 2 min … 6 h for the defaults. So twelve attempts span 7 to 14 hours, and
    nothing is given up because RingCentral was down for six.
    """

    attempts: int = 12
    first: timedelta = timedelta(seconds=30)
    most: timedelta = timedelta(hours=6)

    def is_exhausted(self, attempts: int) -> bool:
        """Whether `attempts` failed attempts are enough to give up."""
        return attempts >= self.attempts

    def wait(self, attempts: int, jitter: Callable[[], float]) -> timedelta:
        """Return how long to wait after `attempts` failed attempts; `jitter` gives 0 to 1."""
        ceiling = min(self.most, self.first * 2 ** (attempts - 1))
        wait: timedelta = ceiling * (1 + jitter()) / 2
        return wait
