"""Listing and archiving compete for one window: both get their turns, over the real quota store."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import ListingProgressStore
from ringvault.adapters.dynamodb.quota_store import DynamoDBQuotaStore
from ringvault.core.errors import ThrottledError
from ringvault.core.listing.list_recordings import ListingResult, Quotas, list_recordings
from ringvault.core.listing.read_windows import LISTING_PERIOD, LISTING_SHARE
from ringvault.core.listing.windows import Reach
from ringvault.core.quota.gate import QuotaGate, Turn
from ringvault.core.quota.window import Quota
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Span
from tests.support.cloud import Cloud
from tests.support.job import Conveyor
from tests.support.moving_time import MovingTime

# As the functions: a lister has 220 s for its requests, an archiver waits 150 s for its turn.
LISTING_TIME = timedelta(seconds=220)
MAX_WAIT = timedelta(seconds=150)
TRANSFER = timedelta(milliseconds=500)
PERMITTED_IN_A_PERIOD = 50
RUNS = 4


@dataclass
class Archivers:
    """So many archivers that are never out of work, each in a container of its own."""

    gates: list[QuotaGate]
    time: MovingTime
    free_at: list[datetime]
    sent_at: list[datetime] = field(default_factory=list)

    def work_until(self, at: datetime) -> None:
        """Let them reserve turn after turn while time passes."""
        while min(self.free_at) <= at:
            who = self.free_at.index(min(self.free_at))
            self._move_to(self.free_at[who])
            self.free_at[who] = self._next_free(self.gates[who])
        self._move_to(at)

    def _next_free(self, gate: QuotaGate) -> datetime:
        try:
            turn = gate.reserve(latest=self.time() + MAX_WAIT)
        except ThrottledError as handed_back:
            return handed_back.retry_at
        self.sent_at.append(turn.at)
        return turn.at + TRANSFER

    def _move_to(self, at: datetime) -> None:
        self.time.sleep(max(0.0, (at - self.time()).total_seconds()))


@dataclass
class EndlessCallLog:
    """A call log without a last page; while the lister waits for its turn, the archivers work."""

    archivers: Archivers
    sent_at: list[datetime] = field(default_factory=list)

    def first_page(self, span: Span, turn: Turn) -> CallLogPage:
        del span
        return self.next_page("", turn)

    def retention(self, turn: Turn) -> Retention:
        del turn
        return Retention()

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        self.archivers.work_until(turn.at)
        self.sent_at.append(turn.at)
        return CallLogPage(records=[{"id": "a call without a recording"}], next_uri=f"{uri}+")


@dataclass
class Rivals:
    """The lister and the archivers of one service user."""

    cloud: Cloud
    time: MovingTime
    gate: QuotaGate
    light_gate: QuotaGate
    archivers: Archivers
    call_log: EndlessCallLog
    catalogue: CatalogueTable
    progress: ListingProgressStore

    def list_once(self) -> ListingResult:
        """Run the lister once."""
        return list_recordings(
            call_log=self.call_log,
            quotas=Quotas(call_log=self.gate, media=self.gate, settings=self.light_gate),
            catalogue=self.catalogue,
            number_index=NumberIndex(
                self.cloud.make_table("NumberIndexTable"), self.cloud.dynamodb
            ),
            progress=self.progress,
            queue=Conveyor(self.time),
            clock=self.time,
            latest=self.time() + LISTING_TIME,
            reach=Reach(first_run=timedelta(days=90)),
        )


@pytest.fixture(params=[2, 4], ids=["2 archivers", "4 archivers"])
def rivals(request: pytest.FixtureRequest, cloud: Cloud, time: MovingTime) -> Rivals:
    """Return a lister and archivers that have been busy for two minutes."""
    table = cloud.make_table("StateTable")

    def gate(group: str = "heavy") -> QuotaGate:
        store = DynamoDBQuotaStore(
            table, cloud.dynamodb, service_user="1", group=lambda: group, default=Quota()
        )
        return QuotaGate({"1": store}, clock=time, sleep=time.sleep, jitter=lambda: 0.0)

    archivers = Archivers([gate() for _ in range(request.param)], time, [time()] * request.param)
    archivers.work_until(time() + timedelta(minutes=2))
    return Rivals(
        cloud=cloud,
        time=time,
        gate=gate(),
        light_gate=gate("light"),
        archivers=archivers,
        call_log=EndlessCallLog(archivers),
        catalogue=CatalogueTable(cloud.make_table("CatalogueTable"), cloud.dynamodb),
        progress=ListingProgressStore(table, cloud.dynamodb),
    )


def test_busy_archivers_leave_the_lister_its_turns(rivals: Rivals) -> None:
    """Turns go to whoever asks next: one of n + 1 is the lister's, up to its share."""
    started_at = rivals.time()
    result = rivals.list_once()
    ended_at = rivals.time()
    theirs = [at for at in rivals.archivers.sent_at if started_at < at <= ended_at]
    workers = len(rivals.archivers.gates)
    share = round(PERMITTED_IN_A_PERIOD * LISTING_SHARE)
    assert result.problem is None
    assert min(share, len(theirs) // workers - 1) <= len(rivals.call_log.sent_at) <= share
    assert len(rivals.call_log.sent_at) >= 6
    assert ended_at - started_at <= LISTING_TIME


def test_a_long_listing_leaves_three_quarters_to_the_archivers(rivals: Rivals) -> None:
    """Run after run with pages without end: the archivers have all the rest of the window."""
    started_at = rivals.time()
    for run in range(1, RUNS + 1):
        rivals.list_once()
        rivals.archivers.work_until(started_at + run * LISTING_PERIOD)
    archived = sum(started_at < at <= rivals.time() for at in rivals.archivers.sent_at)
    listed = len(rivals.call_log.sent_at)
    assert listed >= RUNS * 6
    assert archived >= 0.75 * (archived + listed)
    assert archived + listed >= 0.98 * RUNS * PERMITTED_IN_A_PERIOD
