"""The plan against simulated accounts: what a takeover then takes, and how many there are."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import pi, sin
from random import Random

import pytest

from benchmarks.quota.ringcentral import PER_PAGE, record
from benchmarks.quota.virtual_run import run_backlog
from ringvault.core.catalogue.item import State
from ringvault.core.listing.windows import LookBacks
from ringvault.core.operations.estimate import DEEPEST_PAGE, CallLogSample, Estimate
from ringvault.core.operations.plan import Situation, planned
from ringvault.core.operations.prices import cost_of
from ringvault.core.operations.status import Count, archived_between
from ringvault.core.quota.gate import Turn
from ringvault.core.quota.window import Quota
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import DAY, Span

NOW = datetime(2026, 11, 22, 15, 7, tzinfo=UTC)
PERIOD = Retention().period


class Account:
    """The calls that began at those instants, newest first in pages, as RingCentral lists them."""

    def __init__(self, starts: list[datetime]) -> None:
        self.starts = sorted(starts)
        self.requests = 0

    def page(self, span: Span, number: int, turn: Turn) -> CallLogPage:
        self.requests += 1
        first, end = (bisect_left(self.starts, at) for at in (span.from_at, span.to_at))
        found = self.starts[first:end][::-1][(number - 1) * PER_PAGE :]
        records = [
            {**record(f"{it.timestamp() * 1e6:.0f}", it), "duration": 120}
            for it in found[:PER_PAGE]
        ]
        return CallLogPage(records, "next" if found[PER_PAGE:] else None)


class Free:
    """A quota whose turn is always now."""

    def reserve(self, *, latest: datetime) -> Turn:
        return Turn("1", at=NOW, latest=latest, closings=0)

    def requests_in(self, period: timedelta) -> float:
        return 1e9


def estimate_of(account: Account, *, requests: int = 12) -> Estimate:
    """Return what a sample of so many requests tells."""
    return CallLogSample(
        call_log=account,
        quota=Free(),
        clock=lambda: NOW,
        wait=timedelta(seconds=1),
        from_at=NOW - PERIOD,
        to_at=NOW,
        max_requests=requests,
        on_read=lambda _requests: None,
    ).estimate()


def even(calls: int) -> Account:
    """Return an account whose calls are evenly spread."""
    return Account([NOW - PERIOD * ((number + 0.5) / calls) for number in range(calls)])


def steady(_age: float) -> float:
    """Return how busy an account is that was always the same."""
    return 1.0


def growing(age: float) -> float:
    """Return how busy an account is that began three months ago."""
    return 1 - age


def deserted(age: float) -> float:
    """Return how busy an account is that moved away a week after it began."""
    return 1.0 if age > 0.93 else 0.02


def office(calls: int, seed: int, busy: Callable[[float], float] = steady) -> Account:
    """Return an account of an office: by day, hardly at weekends, and as busy at an age."""
    random = Random(seed)  # noqa: S311 - calls, nothing secret
    starts: list[datetime] = []
    while len(starts) < calls:
        age = random.random()
        at = NOW - PERIOD * age
        by_day = max(0.02, sin((at.hour - 7) / 12 * pi)) if 7 <= at.hour < 19 else 0.02
        if random.random() < by_day * (1 if at.weekday() < 5 else 0.15) * busy(age):
            starts.append(at)
    return Account(starts)


def plan_for(recordings: int, **changed: object) -> Situation:
    """Return an account with so many recordings, evenly spread over what is kept."""
    situation = {
        "recordings": recordings,
        "listed": recordings,
        "period": PERIOD,
        "ended_ago": timedelta(),
        "recordings_a_day": recordings / (PERIOD / DAY),
        "quota": Quota(),
        "users": 1,
        "look_backs": LookBacks(),
        "retention": Retention(),
        "per_page": PER_PAGE,
    }
    return Situation(**(situation | changed))  # type: ignore[arg-type] # as the test gives them


@pytest.mark.parametrize(("recordings", "users"), [(3_000, 1), (3_000, 2)])
def test_a_simulated_takeover_takes_what_was_planned(recordings: int, users: int) -> None:
    """Within a tenth, in days and in requests, from a sample of twelve requests."""
    found = estimate_of(even(recordings))
    plan = planned(plan_for(found.recordings, users=users))

    took = run_backlog(workers=2, users=users, recordings=recordings, seed=1)

    assert plan.lasts is not None
    assert plan.lasts.total_seconds() == pytest.approx(took.duration_s, rel=0.1)
    assert plan.requests == pytest.approx(took.counted.granted, rel=0.1)


@pytest.mark.parametrize("calls", [0, 40, 900])
def test_a_small_account_is_counted_not_estimated(calls: int) -> None:
    """Where the pages hold the whole period, there is no uncertainty."""
    found = estimate_of(office(calls, seed=calls))

    assert (found.low, found.recordings, found.high) == (calls, calls, calls)
    assert found.requests <= 12


@pytest.mark.parametrize("busy", [steady, growing, deserted])
@pytest.mark.parametrize(("calls", "seed"), [(10_000, 1), (20_000, 2)])
def test_a_dozen_pages_find_the_last_one(
    calls: int, seed: int, busy: Callable[[float], float]
) -> None:
    """Whatever the days, weekends and trends: within 2 %, and the truth within the bounds."""
    account = office(calls, seed, busy)

    found = estimate_of(account)

    assert found.recordings == pytest.approx(calls, rel=0.02)
    assert found.low <= calls <= found.high
    assert account.requests == found.requests <= 12
    assert found.mean_duration_s == 120


def test_too_few_pages_tell_how_little_they_know() -> None:
    """Three pages do not find the end: the truth is within what they state."""
    found = estimate_of(office(40_000, 4, growing), requests=3)

    assert (found.requests, found.low < 40_000 <= found.high) == (3, True)


def test_more_than_a_thousand_pages_are_counted_from_the_first_again() -> None:
    """RingCentral's page numbers end: what is older is looked for as a period of its own."""
    account = even(DEEPEST_PAGE * PER_PAGE + 20_000)

    found = estimate_of(account, requests=24)

    assert found.recordings == pytest.approx(len(account.starts), rel=0.01)


@pytest.mark.parametrize("requests", [3, 4, 5, 6, 8])
def test_bounds_hold_where_the_numbers_end(requests: int) -> None:
    """Requests that end at or before the deepest page leave what is older open."""
    account = even(DEEPEST_PAGE * PER_PAGE + 20_000)

    found = estimate_of(account, requests=requests)

    assert found.low <= len(account.starts) <= found.high


def test_more_service_users_beat_the_deletion() -> None:
    """Too many for one user are lost in part; the plan says how many users save all."""
    plan = planned(plan_for(1_200_000, retention=Retention(max_recordings=10**9)))
    assert plan.lost > 0
    assert plan.users_needed is not None
    enough = planned(
        plan_for(
            1_200_000,
            retention=Retention(max_recordings=10**9),
            users=plan.users_needed,
        )
    )

    assert (plan.users_needed > 1, enough.lost) == (True, 0)


def test_a_quota_below_the_daily_calls_never_ends() -> None:
    """Nothing is left for the backlog, and the plan does not name a day."""
    plan = planned(plan_for(3_000_000, retention=Retention(max_recordings=10**9)))

    assert plan.lasts is None
    assert plan.lost == 3_000_000


def test_the_guard_is_in_the_quota() -> None:
    """Ten requests in 60.5 seconds, not in 60."""
    assert planned(plan_for(1000)).permitted_a_day == pytest.approx(14_281, abs=1)


def test_costs_follow_number_size_and_time() -> None:
    """100,000 recordings of half a megabyte in a week: eleven dollars once, one a month."""
    cost = cost_of(100_000, mean_bytes=5e5, lasts=timedelta(days=7), archivers=2)

    assert set(cost.once) == {"S3", "Lambda", "SQS", "DynamoDB"}
    assert sum(cost.once.values()) == pytest.approx(11.0, abs=0.1)
    assert cost.a_month == pytest.approx(1.19, abs=0.01)
    assert cost.fixed_a_month == pytest.approx(1.40)


class Catalogue:
    """A catalogue of 101,265 recordings: 1,265 of them wait, the others fill too many pages."""

    def __init__(self, *, within: int | None) -> None:
        self.within = within

    def count(self, state: State, *, max_pages: int | None = None) -> int | None:
        return None if state is State.ARCHIVED else 1_265 * (state is State.PENDING)

    def count_between(
        self, state: State, from_at: datetime, to_at: datetime, *, max_pages: int
    ) -> int | None:
        return self.within

    def oldest_waiting_at(self) -> datetime | None:
        return None

    def items_about(self) -> int:
        return 101_265


@pytest.mark.parametrize(
    ("within", "archived"), [(700, Count(700)), (None, Count(100_000, is_exact=False))]
)
def test_what_waits_is_not_taken_for_archived(within: int | None, archived: Count) -> None:
    """Too many to be counted are about the catalogue's items without what is not archived."""
    assert archived_between(Catalogue(within=within), NOW - PERIOD, NOW) == archived


def test_a_period_is_fetched_before_its_newest_are_deleted() -> None:
    """A month that ends a day before its deletion is lost but for what a day fetches."""
    month = plan_for(
        30_000, listed=30_000, period=30 * DAY, ended_ago=89 * DAY, recordings_a_day=100.0
    )
    young = replace(month, ended_ago=timedelta())

    assert 15_000 < planned(month).lost < 18_000
    assert planned(young).lost == 0
