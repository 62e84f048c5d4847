"""The whole core in virtual time: one lister, some archivers, some service users."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from random import Random

from benchmarks.quota.counts import Counts
from benchmarks.quota.ringcentral import PER_PAGE, CallLog, Client, Server, travel_s
from benchmarks.quota.stack import LISTING_EVERY_S, Stack, light_quota
from benchmarks.quota.stores import (
    MemoryCatalogue,
    MemoryNumberIndex,
    MemoryProgress,
    MemoryQueue,
    MemoryQuotaStore,
    MemoryVault,
)
from benchmarks.quota.virtual_time import START, VirtualTime
from local.ringcentral.account.options import Quota as ServerQuota
from local.ringcentral.limits.sliding_window import Verdict
from ringvault.core.listing.windows import Reach
from ringvault.core.quota.gate import QuotaGate
from ringvault.core.quota.window import Quota
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import DAY

LIMIT, WINDOW_S, PENALTY_S = 10, 60, 60
# From the queue into a function, and an idle poller's interval.
RECEIVE_S, POLL_S = 0.020, 1.0
STEADY_REACH = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Steady:
    """The counts over a span of the steady state."""

    workers: int
    users: int
    span_s: float
    counted: Counts

    @property
    def permitted(self) -> float:
        """The requests that the windows alone would allow."""
        return self.users * LIMIT * self.span_s / WINDOW_S

    @property
    def share_used(self) -> float:
        """Granted requests, the lister's included, divided by those permitted."""
        return self.counted.granted / self.permitted

    @property
    def share_workers_can(self) -> float:
        """The archivers' requests if they never waited for a turn, divided by those permitted."""
        busy_s = self.counted.busy_s / self.counted.invocations
        can_archive = self.workers * self.span_s / busy_s
        return (can_archive + self.counted.listed_pages) / self.permitted


@dataclass(frozen=True, slots=True)
class Backlog:
    """A backlog archived to its end."""

    workers: int
    users: int
    recordings: int
    duration_s: float
    counted: Counts

    @property
    def ratio(self) -> float:
        """The duration divided by the theoretical minimum.

        That is a request for each recording and for each full page of the call log: an unlisted
        recording cannot be fetched.
        """
        pages = ceil(self.recordings / PER_PAGE)
        return self.duration_s / least_s(self.recordings + pages, users=self.users)

    @property
    def ratio_without_listing(self) -> float:
        """The same, as if the ids of all recordings were known beforehand."""
        return self.duration_s / least_s(self.recordings, users=self.users)


def least_s(requests: int, *, users: int) -> float:
    """Return how long that many requests take at least, with the first ones sent at 0."""
    return (ceil(requests / (LIMIT * users)) - 1) * WINDOW_S


def run_steady(*, workers: int, users: int, warm_up: int, windows: int, seed: int) -> Steady:
    """Return the counts of `windows` windows' worth of requests after the warm-up."""
    worth = LIMIT * users
    run = _Run(
        users=users,
        calls=ceil(worth * (warm_up + windows) * 1.3),
        reach=STEADY_REACH,
        seed=seed,
    )
    marks: list[tuple[float, Counts]] = []

    def on_change() -> None:
        at = warm_up + windows * len(marks)
        if run.counts.granted == 1 + worth * at:
            marks.append((run.time.now_s, replace(run.counts)))
            if len(marks) > 1:
                run.time.stop()

    run.go(workers, on_change)
    (first_s, before), (last_s, after) = marks
    return Steady(workers, users, last_s - first_s, after.since(before))


def run_backlog(*, workers: int, users: int, recordings: int, seed: int) -> Backlog:
    """Return how long `recordings` of the last 90 days took from first request to last."""
    run = _Run(users=users, calls=recordings, reach=Retention().period, seed=seed)

    def on_change() -> None:
        if run.counts.archived == recordings:
            run.time.stop()

    run.go(workers, on_change)
    sent_at_s = run.server.granted_at_s
    return Backlog(workers, users, recordings, sent_at_s[-1] - sent_at_s[0], replace(run.counts))


class _Run:
    """One account with its backlog; new for each measurement."""

    def __init__(self, *, users: int, calls: int, reach: timedelta, seed: int) -> None:
        self.counts = Counts()
        self.time = VirtualTime()
        names = [f"user-{number}" for number in range(users)]
        self._quota = ServerQuota(LIMIT, WINDOW_S, PENALTY_S)
        self.server = Server(names, self._quota, self.counts)
        self._random = Random(seed)  # noqa: S311 - jitter, nothing secret
        self._call_log = CallLog(calls, START - reach, START)
        self._stack = Stack(
            time=self.time,
            random=self._random,
            quotas={
                name: MemoryQuotaStore(Quota(), self.counts, pause=self._pause) for name in names
            },
            settings_quota=light_quota(Counts()),
            catalogue=MemoryCatalogue(self.counts, pause=self._pause),
            vault=MemoryVault(pause=self._pause),
            queue=MemoryQueue(self.time.clock),
            progress=MemoryProgress(self.counts),
            number_index=MemoryNumberIndex(self.counts),
            reach=Reach(first_run=reach + DAY),
        )

    def go(self, workers: int, on_change: Callable[[], None]) -> None:
        """Run until `on_change`, called after every step of an archiver, stops the time."""
        self._on_change = on_change
        self.time.start(self._list_for_ever)
        for _ in range(workers):
            self.time.start(self._archive_for_ever)
        self.time.run()

    def _pause(self, typical_s: float) -> None:
        self.time.sleep(typical_s * (0.5 + self._random.random()))

    def _list_for_ever(self) -> None:
        gate, client = self._outside()
        while True:
            started_s = self.time.now_s
            result = self._stack.list_once(gate, client)
            if result.problem is not None:
                raise result.problem
            self.time.sleep(started_s + LISTING_EVERY_S - self.time.now_s)

    def _archive_for_ever(self) -> None:
        gate, client = self._outside()
        while True:
            recording_id = self._stack.queue.receive()
            if recording_id is None:
                self.time.sleep(POLL_S)
                continue
            began_s, waited_s = self.time.now_s, client.waited_s
            self.counts.receives += 1
            self.counts.invocations += 1
            self.time.sleep(RECEIVE_S)
            self._stack.archive_once(recording_id, gate, client)
            self._stack.queue.in_flight -= 1
            waited_s = client.waited_s - waited_s
            self.counts.busy_s += self.time.now_s - began_s - waited_s
            self._on_change()

    def _outside(self) -> tuple[QuotaGate, Client]:
        """Return the objects of one container."""
        gate = self._stack.gate()
        client = Client(
            gate,
            quota=self._quota,
            send=self._send,
            clock=self.time.clock,
            counts=self.counts,
            call_log=self._call_log,
        )
        return gate, client

    def _send(self, user: str) -> tuple[Verdict, datetime]:
        self.time.sleep(travel_s(self._random.random, window_s=WINDOW_S))
        verdict = self.server.request(user, now_s=self.time.now_s)
        arrived_at = self.time.clock()
        self._on_change()
        self.time.sleep(travel_s(self._random.random, window_s=WINDOW_S))
        return verdict, arrived_at
