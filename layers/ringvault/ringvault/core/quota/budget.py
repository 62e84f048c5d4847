"""The share of the quota that one run may spend."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.errors import RingvaultError
from ringvault.core.quota.gate import Turn, Turns


class RequestQuota(Turns, Protocol):
    """The quota of one kind of request."""

    def requests_in(self, period: timedelta) -> float:
        """Return how many requests the quota permits in `period`."""


class OverBudgetError(RingvaultError):
    """The run has spent its share of the quota."""


@dataclass(slots=True)
class Budget:
    """How many requests a run may send, and how many it has sent."""

    max_requests: int = 0
    spent: int = 0

    @property
    def left(self) -> int:
        """How many more requests may be sent."""
        return self.max_requests - self.spent

    def set_share(
        self, share: float, *, quota: RequestQuota, period: timedelta, min_requests: int
    ) -> None:
        """Allow that share of the quota in `period`, `min_requests` at least."""
        self.max_requests = max(min_requests, round(quota.requests_in(period) * share))

    def take_turn(self, quota: Turns, *, latest: datetime) -> Turn:
        """Reserve the next turn and count it as spent.

        Raises:
            OverBudgetError: nothing is left; nothing was reserved.
            ThrottledError: the turn comes after `latest`; nothing was reserved.
        """
        if self.left <= 0:
            raise OverBudgetError
        turn = quota.reserve(latest=latest)
        self.spent += 1
        return turn
