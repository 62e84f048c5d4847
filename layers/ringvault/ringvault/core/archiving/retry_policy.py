"""When a failed recording is tried again, and when it is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ringvault.core.catalogue.item import RepeatedAnswer

# Waits that are no failure of the recording are 15 min, 30 min … 6 h.
FIRST_DEFERRAL = timedelta(minutes=15)
MAX_DEFERRAL = timedelta(hours=6)
# A refused recording is requested after 15 min, 30 min … 24 h: twelve refusals take 5.3 days, in
# which a person can give a permission back after a long weekend.
FIRST_REFUSAL_WAIT = timedelta(minutes=15)
MAX_REFUSAL_WAIT = timedelta(hours=24)
MIN_REFUSALS = 12
MIN_REFUSED_FOR = timedelta(days=5)
# More doublings than any of the waits has.
_MAX_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Capped exponential backoff with jitter, bounded in attempts.

    The wait before attempt n + 1 is random between half of min(most, first * 2 ** (n - 1)) and all
    of it: 30 s, 1 min, 2 min … 6 h for the defaults. So twelve attempts span 7 to 14 hours, and
    nothing is given up because RingCentral was down for six.
    """

    attempts: int = 12
    first: timedelta = timedelta(seconds=30)
    max_wait: timedelta = timedelta(hours=6)

    def is_exhausted(self, attempts: int) -> bool:
        """Whether `attempts` failed attempts are enough to give up."""
        return attempts >= self.attempts

    def wait(self, attempts: int, jitter: Callable[[], float]) -> timedelta:
        """Return how long to wait after `attempts` failed attempts; `jitter` gives 0 to 1."""
        ceiling = min(self.max_wait, self.first * 2 ** (attempts - 1))
        wait: timedelta = ceiling * (1 + jitter()) / 2
        return wait


def deferral_wait(deferrals: int) -> timedelta:
    """Return the wait after `deferrals` waits that were no failure."""
    return _doubled(FIRST_DEFERRAL, deferrals, max_wait=MAX_DEFERRAL)


def refusal_wait(refused: RepeatedAnswer) -> timedelta:
    """Return how long to wait after the last of these refusals."""
    return _doubled(FIRST_REFUSAL_WAIT, refused.times - 1, max_wait=MAX_REFUSAL_WAIT)


def is_refused_for_good(refused: RepeatedAnswer) -> bool:
    """Whether these refusals are enough to give up."""
    return refused.times >= MIN_REFUSALS and refused.lasted >= MIN_REFUSED_FOR


def _doubled(first: timedelta, doublings: int, *, max_wait: timedelta) -> timedelta:
    return min(max_wait, first * (1 << min(doublings, _MAX_DOUBLINGS)))
