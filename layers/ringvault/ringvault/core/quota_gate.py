"""The one gate through which every request to RingCentral goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.errors import ConflictError, ThrottledError
from ringvault.core.quota import Quota

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]

# Lost races are settled within a few writes; more means that something else is wrong.
MOST_RACES = 200
RACE_PAUSE_S = 0.02


class QuotaStore(Protocol):
    """Keeps one quota that all containers share."""

    def load(self) -> tuple[Quota, int]:
        """Return the quota and its version; a new quota has version 0."""

    def save(self, quota: Quota, *, version: int) -> None:
        """Store the quota as version + 1; ConflictError when `version` is no longer current."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send one request, at `at` and not before.

    Whoever holds it waits no longer than `latest` should it become void and have to be renewed;
    it is void when the gate was closed more than `closings` times.
    """

    at: datetime
    latest: datetime
    closings: int


class QuotaGate:
    """Hands out turns; shared by everything that talks to one group of RingCentral's API."""

    def __init__(
        self, store: QuotaStore, *, clock: Clock, sleep: Sleep, jitter: Callable[[], float]
    ) -> None:
        self._store = store
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._learnt: tuple[int, timedelta] | None = None

    def reserve(self, *, latest: datetime) -> Turn:
        """Reserve the next turn, without waiting for it.

        Raises:
            ThrottledError: the next turn comes after `latest`; nothing was reserved.
        """

        def reserve_next(quota: Quota) -> Quota:
            now = self._clock()
            turn = quota.next_turn(now)
            if turn > latest:
                raise ThrottledError("the quota's next turn comes too late", retry_at=turn)
            return quota.reserved(turn, now)

        quota = self._change(reserve_next)
        return Turn(at=quota.turns[-1], latest=latest, closings=quota.closings)

    def wait(self, turn: Turn) -> None:
        """Return when the request may be sent, which is to be done at once.

        Raises:
            ThrottledError: the turn became void and the next one comes after `turn.latest`.
        """
        while True:
            pause_s = (turn.at - self._clock()).total_seconds()
            if pause_s > 0:
                self._sleep(pause_s)
            quota, _ = self._store.load()
            if quota.is_open(self._clock(), since_closing=turn.closings):
                return
            turn = self.reserve(latest=turn.latest)

    def close(self, until: datetime) -> None:
        """Let nobody send before `until`."""
        self._change(lambda quota: quota.closed(until, self._clock()))

    def learn(self, *, limit: int, window: timedelta) -> None:
        """Take over what a response said of the quota."""
        if self._learnt == (limit, window):
            return
        quota, _ = self._store.load()
        if (quota.limit, quota.window) != (limit, window):
            self._change(lambda quota: quota.with_limit(limit, window))
        self._learnt = (limit, window)

    def requests_in(self, period: timedelta) -> float:
        """Return how many requests the quota permits in `period`."""
        return self._store.load()[0].requests_in(period)

    def _change(self, change: Callable[[Quota], Quota]) -> Quota:
        for _ in range(MOST_RACES):
            quota, version = self._store.load()
            changed = change(quota)
            try:
                self._store.save(changed, version=version)
            except ConflictError:
                self._sleep(RACE_PAUSE_S * self._jitter())
            else:
                return changed
        raise ConflictError(f"the quota was changed under us {MOST_RACES} times in a row")
