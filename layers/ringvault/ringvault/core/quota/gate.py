"""The gate: every request to RingCentral goes through it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.errors import ConflictError, ThrottledError
from ringvault.core.instants import Clock, Sleep
from ringvault.core.quota.window import Quota

# Lost races are settled within a few writes; more indicate another fault.
MAX_RACES = 200
RACE_PAUSE_S = 0.02


class QuotaStore(Protocol):
    """Stores one quota that all containers share."""

    def load(self) -> tuple[Quota, int]:
        """Return the quota and its version; a new quota has version 0."""

    def save(self, quota: Quota, *, version: int) -> None:
        """Store the quota as version + 1; ConflictError if `version` is no longer current."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right of one service user to send one request, not before `at`.

    If it becomes void and has to be renewed, the wait is limited by `latest`;
    it is void when the gate was closed more than `closings` times.
    """

    service_user: str
    at: datetime
    latest: datetime
    closings: int


class Turns(Protocol):
    """Hands out turns to send requests."""

    def reserve(self, *, latest: datetime) -> Turn:
        """Reserve the next turn; ThrottledError when it comes after `latest`."""


class QuotaGate:
    """Hands out turns; shared by all clients of one group of RingCentral's API.

    Each service user has a quota of its own, and a request uses the one whose turn comes
    first. Each container caches the last state it saw: others only ever add turns, so the worst
    effect of an old state is a write that fails.
    """

    def __init__(
        self,
        stores: Mapping[str, QuotaStore],
        *,
        clock: Clock,
        sleep: Sleep,
        jitter: Callable[[], float],
    ) -> None:
        """Create the gate of the service users in `stores`, at least one."""
        self._stores = stores
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._seen: dict[str, tuple[Quota, int]] = {}

    def reserve(self, *, latest: datetime, service_user: str | None = None) -> Turn:
        """Reserve the next turn of a service user, of any if None, without waiting for it.

        Raises:
            ThrottledError: the next turn comes after `latest`; nothing was reserved.
        """
        for _ in range(MAX_RACES):
            now = self._clock()
            if service_user is None:
                name, quota, version = self._first_to_come(now)
            else:
                name, (quota, version) = service_user, self._look(service_user)
            at = quota.next_turn(now)
            if at > latest:
                raise ThrottledError("the quota's next turn comes too late", retry_at=at)
            reserved = quota.reserved(at, now)
            if self._try_save(name, reserved, version=version):
                return Turn(name, at=at, latest=latest, closings=quota.closings)
        raise ConflictError(f"other containers changed the quota {MAX_RACES} times in a row")

    def wait(self, turn: Turn) -> Turn:
        """Return when the request may be sent, and with which turn; send it immediately.

        Raises:
            ThrottledError: the turn became void and the next one comes after `turn.latest`.
        """
        while True:
            pause_s = (turn.at - self._clock()).total_seconds()
            if pause_s > 0:
                self._sleep(pause_s)
            quota, _ = self._look(turn.service_user)
            if quota.is_open(self._clock(), since_closing=turn.closings):
                return turn
            turn = self.reserve(latest=turn.latest)

    def close(self, service_user: str, until: datetime) -> None:
        """Block all requests of this service user before `until`."""
        self._change(service_user, lambda quota: quota.closed(until, self._clock()))

    def close_all(self, until: datetime) -> None:
        """Block all requests before `until`."""
        for service_user in self._stores:
            self.close(service_user, until)

    def learn(
        self, turn: Turn, *, limit: int, window: timedelta, remaining: int | None = None
    ) -> None:
        """Apply the quota in the answer to a request."""

        def learnt(quota: Quota) -> Quota:
            quota = quota.with_limit(limit, window)
            if remaining is None:
                return quota
            return quota.believing(remaining, sent_at=turn.at, now=self._clock())

        seen, _ = self._seen[turn.service_user]
        if learnt(seen) != seen:
            self._change(turn.service_user, learnt)

    def requests_in(self, period: timedelta) -> float:
        """Return how many requests all service users together may send in `period`."""
        return sum(self._look(name)[0].requests_in(period) for name in self._stores)

    def _first_to_come(self, now: datetime) -> tuple[str, Quota, int]:
        """Return the service user whose turn comes first; one of several at random.

        Others take turns meanwhile, so that an old state promises a turn too early: the user who
        seems to be first is read again, until one is as early as it seemed. A read costs less than
        a write that fails.
        """
        for name in self._stores.keys() - self._seen.keys():
            self._look(name)
        while True:
            at, _, name = min(
                (self._seen[name][0].next_turn(now), self._jitter(), name) for name in self._stores
            )
            quota, version = self._look(name)
            if quota.next_turn(now) <= at:
                return name, quota, version

    def _change(self, service_user: str, change: Callable[[Quota], Quota]) -> None:
        for _ in range(MAX_RACES):
            quota, version = self._look(service_user)
            if self._try_save(service_user, change(quota), version=version):
                return
        raise ConflictError(f"other containers changed the quota {MAX_RACES} times in a row")

    def _look(self, service_user: str) -> tuple[Quota, int]:
        self._seen[service_user] = self._stores[service_user].load()
        return self._seen[service_user]

    def _try_save(self, service_user: str, quota: Quota, *, version: int) -> bool:
        try:
            self._stores[service_user].save(quota, version=version)
        except ConflictError:
            self._sleep(RACE_PAUSE_S * self._jitter())
            return False
        self._seen[service_user] = quota, version + 1
        return True
