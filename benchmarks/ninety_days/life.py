"""Runs the whole core through days of an account in virtual time, with all disasters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from random import Random

from benchmarks.ninety_days.account import Account
from benchmarks.ninety_days.disasters import Fate, KilledError, Outage, mortal
from benchmarks.ninety_days.keeping import (
    KeepingCatalogue,
    KeepingVault,
    MemoryReconciliationProgress,
)
from benchmarks.ninety_days.queue import AtLeastOnceQueue
from benchmarks.ninety_days.traffic import DAY, RECORDINGS_A_DAY, Habits, calls
from benchmarks.quota.counts import Counts
from benchmarks.quota.ringcentral import WAV, Client, Server, travel_s
from benchmarks.quota.stack import LISTING_EVERY_S, Stack, light_quota
from benchmarks.quota.stores import MemoryNumberIndex, MemoryProgress, MemoryQuotaStore
from benchmarks.quota.virtual_run import LIMIT, PENALTY_S, RECEIVE_S, WINDOW_S
from benchmarks.quota.virtual_time import START, VirtualTime
from local.ringcentral.account.options import Quota as ServerQuota
from local.ringcentral.limits.sliding_window import Verdict
from ringvault.core.archiving.recording_stream import MediaResponse
from ringvault.core.errors import RetryLaterError, ServiceUnavailableError, TransientError
from ringvault.core.listing.windows import LookBacks, Reach
from ringvault.core.quota.gate import QuotaGate, Turn
from ringvault.core.quota.window import Quota
from ringvault.core.reconciliation.reconcile_archive import reconcile_archive
from ringvault.core.ringcentral.retention import Retention

USER, WORKERS = "user-0", 2
# An idle poller polls again after this; an idle account would otherwise cost most of the run.
POLL_S = 20.0
TIMEOUT_S = 20.0
# The most that a maintenance gives in Retry-After.
MAX_RETRY_AFTER_S = 1800.0
# As in template.yaml and its handler.
RECONCILING_EVERY_S, RECONCILING_LATEST = 900, timedelta(seconds=900 - 90)
NEVER = Outage(0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """The events of a run of so many days; `history` days of calls precede it.

    Both are as busy as `a_day` and `before_a_day` say. A recording that RingCentral has for
    `savable_after` after it was first listed must be saved. Deaths are in a thousand invocations.
    Reconciliation covers the last `reconciled` each day, or never runs. While `shared` another
    program uses half of the quota in the same user's name. Calls of the last `calm_days` are
    as `calm` says: only then may a report find nothing missing.
    """

    days: float
    seed: int
    history: float
    savable_after: timedelta
    before_a_day: float = RECORDINGS_A_DAY
    a_day: float = RECORDINGS_A_DAY
    retention: Retention = field(default_factory=Retention)
    habits: Habits = field(default_factory=Habits)
    reach: Reach = field(default_factory=Reach)
    stack_down: Outage = NEVER
    ringcentral_down: Outage = NEVER
    shared: Outage = NEVER
    deaths_in_thousand: float = 0.0
    reconciled: timedelta | None = None
    calm_days: float = 0.0

    @property
    def end_at(self) -> datetime:
        """When the run ends."""
        return START + timedelta(days=self.days)

    @property
    def calm(self) -> Habits:
        """The same habits without the calls that a report has to name."""
        return replace(self.habits, mislaid=0.0, unreadable=0.0, forbidden=0.0)


class AccountClient(Client):
    """A client of one simulated account."""

    account: Account

    def _send(self, turn: Turn) -> None:
        """Send, and close the gate according to `Retry-After`."""
        try:
            super()._send(turn)
        except RetryLaterError as error:
            self._gate.close(turn.service_user, error.retry_at)
            raise

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:  # noqa: ARG002 - every recording is as short
        """Return a recording, if the account serves it."""
        self._send(turn)
        self.account.serve(content_uri.rsplit("/", 2)[1])
        return MediaResponse(0, len(WAV), "audio/wav", iter([WAV]))

    def retention(self, turn: Turn) -> Retention:  # noqa: ARG002 - counted in another group
        """Return the account's retention."""
        return self.account.retention


class Life:
    """One account and one stack, new for each run; call `run` once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.counts = Counts()
        self.deaths = 0
        self.unserved = 0
        self.asked_to_wait = 0
        self.missing = 0
        self._time = VirtualTime()
        self._random = Random(plan.seed)  # noqa: S311 - a story, nothing secret
        self._quota = ServerQuota(LIMIT, WINDOW_S, PENALTY_S)
        self._server = Server([USER], self._quota, self.counts)
        self.account = self._account()
        self.catalogue = KeepingCatalogue(self.counts, pause=self._pause)
        self.vault = KeepingVault(pause=self._pause)
        self.queue = AtLeastOnceQueue(self._time.clock, random=self._random.random)
        self._stack = Stack(
            time=self._time,
            random=self._random,
            quotas={USER: MemoryQuotaStore(Quota(), self.counts, pause=self._pause)},
            settings_quota=light_quota(Counts()),
            catalogue=self.catalogue,
            vault=self.vault,
            queue=self.queue,
            progress=MemoryProgress(self.counts),
            number_index=MemoryNumberIndex(self.counts),
            reach=plan.reach,
        )

    def run(self) -> None:
        """Run all days."""
        self._time.start(self._end)
        self._time.start(self._list_for_ever)
        if self.plan.reconciled is not None:
            self._time.start(self._reconcile_for_ever)
        if self.plan.shared is not NEVER:
            self._time.start(self._spend)
        for _ in range(WORKERS):
            self._time.start(self._archive_for_ever)
        self._time.run()

    def _account(self) -> Account:
        plan = self.plan
        account = Account(self._time.clock, plan.retention)
        random = Random(plan.seed + 1000)  # noqa: S311 - a story, nothing secret
        from_at = START - timedelta(days=plan.history)
        calm_at = plan.end_at - timedelta(days=plan.calm_days)
        account.take(
            chain(
                calls(random, from_at, START, a_day=plan.before_a_day, habits=plan.habits),
                calls(random, START, calm_at, a_day=plan.a_day, habits=plan.habits),
                calls(random, calm_at, plan.end_at, a_day=plan.a_day, habits=plan.calm),
            )
        )
        return account

    def _pause(self, typical_s: float) -> None:
        self._time.sleep(typical_s * (0.5 + self._random.random()))

    def _end(self) -> None:
        self._time.sleep(self.plan.days * DAY.total_seconds())
        self._time.stop()

    def _spend(self) -> None:
        """Act as the other program for as long as the plan says."""
        self._time.sleep(self.plan.shared.from_s)
        while self.plan.shared.left_s(self._time.now_s):
            self._server.request(USER, now_s=self._time.now_s)
            self._time.sleep(2 * WINDOW_S / LIMIT)

    def _list_for_ever(self) -> None:
        container = self._container()
        while True:
            started_s = self._time.now_s
            with self._mortal(container):
                result = container.stack.list_once(container.gate, container.client)
                if result.problem is not None and not isinstance(result.problem, TransientError):
                    raise result.problem
            self._time.sleep(started_s + LISTING_EVERY_S - self._time.now_s)
            self._time.sleep(self.plan.stack_down.left_s(self._time.now_s))

    def _archive_for_ever(self) -> None:
        container = self._container()
        while True:
            self._time.sleep(self.plan.stack_down.left_s(self._time.now_s))
            taken = self.queue.take()
            if taken is None:
                self._time.sleep(POLL_S)
                continue
            self.counts.invocations += 1
            self._time.sleep(RECEIVE_S)
            handle, recording_id = taken
            with self._mortal(container):
                container.stack.archive_once(recording_id, container.gate, container.client)
                self.queue.acknowledge(handle)

    def _reconcile_for_ever(self) -> None:
        container = self._container()
        progress = mortal(MemoryReconciliationProgress(), container.fate.step)
        while True:
            started_s = self._time.now_s
            with self._mortal(container):
                self._reconcile_once(container, progress)
            self._time.sleep(started_s + RECONCILING_EVERY_S - self._time.now_s)
            self._time.sleep(self.plan.stack_down.left_s(self._time.now_s))

    def _reconcile_once(
        self, container: "_Container", progress: MemoryReconciliationProgress
    ) -> None:
        result = reconcile_archive(
            asked=None,
            daily_reach=self.plan.reconciled,
            call_log=container.client,
            quota=container.gate,
            catalogue=mortal(self.catalogue, container.fate.step),
            vault=mortal(self.vault, container.fate.step),
            listing=container.stack.progress,
            wide_look_back=LookBacks().wide,
            progress=progress,
            clock=self._time.clock,
            latest=self._time.clock() + RECONCILING_LATEST,
        )
        self.missing += result.missing
        if result.problem is not None and not isinstance(result.problem, TransientError):
            raise result.problem

    @contextmanager
    def _mortal(self, container: "_Container") -> Iterator[None]:
        """Run one invocation in the container, which is replaced if it is killed."""
        container.fate.begin()
        try:
            yield
        except KilledError:
            self.deaths += 1
            container.gate, container.client = self._outside(container.stack, container.fate)

    def _container(self) -> "_Container":
        fate = Fate(self._random, deaths_in_thousand=self.plan.deaths_in_thousand)
        whole = self._stack
        stack = replace(
            whole,
            quotas={name: mortal(store, fate.step) for name, store in whole.quotas.items()},
            catalogue=mortal(whole.catalogue, fate.step),
            vault=mortal(whole.vault, fate.step),
            queue=mortal(whole.queue, fate.step),
            progress=mortal(whole.progress, fate.step),
            number_index=mortal(whole.number_index, fate.step),
        )
        return _Container(stack, fate, *self._outside(stack, fate))

    def _outside(self, stack: Stack, fate: Fate) -> tuple[QuotaGate, AccountClient]:
        """Return the objects of a new container."""
        gate = stack.gate()
        client = AccountClient(
            gate,
            quota=self._quota,
            send=self._send,
            clock=self._time.clock,
            counts=self.counts,
            call_log=self.account,
        )
        client.account = self.account
        return gate, mortal(client, fate.step)

    def _send(self, user: str) -> tuple[Verdict, datetime]:
        self._travel()
        if self.plan.ringcentral_down.left_s(self._time.now_s):
            self._fail()
        verdict = self._server.request(user, now_s=self._time.now_s)
        arrived_at = self._time.clock()
        self._travel()
        return verdict, arrived_at

    def _fail(self) -> None:
        """Answer 503, with `Retry-After` or without, or not at all."""
        self.unserved += 1
        kind = self._random.random()
        if kind < 1 / 3:
            self.asked_to_wait += 1
            wait = timedelta(seconds=self._random.uniform(1, MAX_RETRY_AFTER_S))
            retry_at = self._time.clock() + wait
            raise RetryLaterError("503", retry_at=retry_at, concerns_all_users=True)
        self._time.sleep(TIMEOUT_S if kind < 2 / 3 else 0.0)
        raise ServiceUnavailableError("503")

    def _travel(self) -> None:
        self._time.sleep(travel_s(self._random.random, window_s=WINDOW_S))


@dataclass(slots=True)
class _Container:
    """The objects of one container."""

    stack: Stack
    fate: Fate
    gate: QuotaGate
    client: AccountClient
