"""The plan against simulated accounts: what a takeover then takes, and how many there are."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from math import pi, sin
from random import Random

import pytest

from benchmarks.quota.ringcentral import PER_PAGE, CallLog, record
from benchmarks.quota.virtual_run import run_backlog
from ringvault.core.call_log import CallLogPage
from ringvault.core.call_log_sample import Estimate, Sample
from ringvault.core.plan import Situation, planned
from ringvault.core.prices import cost_of
from ringvault.core.quota import Quota
from ringvault.core.quota_gate import Turn
from ringvault.core.retention import Retention
from ringvault.core.windows import DAY, LookBacks, Window

NOW = datetime(2026, 11, 22, 15, 7, tzinfo=UTC)
PERIOD = Retention().period


class Account:
    """The calls that began at those instants, newest first in pages, as RingCentral lists them."""

    def __init__(self, starts: list[datetime]) -> None:
        self.starts = sorted(starts)
        self.requests = 0

    def first_page(self, window: Window, turn: Turn) -> CallLogPage:
        first, end = (bisect_left(self.starts, at) for at in (window.from_at, window.to_at))
        return self._page(self.starts[first:end][::-1])

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        return self._page(self._rest)

    def _page(self, found: list[datetime]) -> CallLogPage:
        self.requests += 1
        page, self._rest = found[:PER_PAGE], found[PER_PAGE:]
        records = [{**record(str(hash(it)), it), "duration": 120} for it in page]
        return CallLogPage(records, "next" if self._rest else None)


class Even:
    """The account of the benchmark, whose calls are evenly spread."""

    def __init__(self, calls: int) -> None:
        self.calls = CallLog(calls, NOW - PERIOD, NOW)

    def first_page(self, window: Window, turn: Turn) -> CallLogPage:
        return self.calls.first_page(window)

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        return self.calls.next_page(uri)


class Free:
    """A quota whose turn is always now."""

    def reserve(self, *, latest: datetime) -> Turn:
        return Turn("1", at=NOW, latest=latest, closings=0)

    def requests_in(self, period: timedelta) -> float:
        return 1e9


def estimate_of(account: Account | Even, *, requests: int = 12) -> Estimate:
    """Return what a sample of so many requests tells."""
    return Sample(
        call_log=account,
        quota=Free(),
        clock=lambda: NOW,
        wait=timedelta(seconds=1),
        from_at=NOW - PERIOD,
        to_at=NOW,
        most_requests=requests,
        per_page=PER_PAGE,
        on_read=lambda _requests: None,
    ).estimate()


def office(calls: int, seed: int) -> Account:
    """Return an account of an office: by day, hardly at weekends."""
    random = Random(seed)  # noqa: S311 - calls, nothing secret
    starts: list[datetime] = []
    while len(starts) < calls:
        at = NOW - PERIOD * random.random()
        by_day = max(0.02, sin((at.hour - 7) / 12 * pi)) if 7 <= at.hour < 19 else 0.02
        if random.random() < by_day * (1 if at.weekday() < 5 else 0.15):
            starts.append(at)
    return Account(starts)


def plan_for(recordings: int, **changed: object) -> Situation:
    """Return an account with so many recordings, evenly spread over what is kept."""
    situation = {
        "recordings": recordings,
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
    found = estimate_of(Even(recordings))
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


def test_an_even_account_is_estimated_well() -> None:
    """A hundred thousand in twelve requests, within a tenth."""
    found = estimate_of(Even(100_000))

    assert found.recordings == pytest.approx(100_000, rel=0.1)


@pytest.mark.parametrize("requests", [12, 40])
def test_the_stated_uncertainty_holds(requests: int) -> None:
    """An office's days and weekends: the truth lies within, nearly always, at the stated cost."""
    held, widths = 0, []
    for seed in range(8):
        account = office(10_000, seed)
        found = estimate_of(account, requests=requests)
        held += found.low <= 10_000 <= found.high
        widths.append((found.high - found.low) / 10_000)
        assert account.requests == found.requests <= requests

    assert held >= 7
    assert max(widths) < 2.5
    assert found.mean_duration_s == 120


def test_more_service_users_beat_the_deletion() -> None:
    """Too many for one user are lost in part; the plan says how many users save all."""
    plan = planned(plan_for(1_200_000, retention=Retention(most_recordings=10**9)))
    assert plan.lost > 0
    assert plan.users_needed is not None
    enough = planned(
        plan_for(
            1_200_000,
            retention=Retention(most_recordings=10**9),
            users=plan.users_needed,
        )
    )

    assert (plan.users_needed > 1, enough.lost) == (True, 0)


def test_a_quota_below_the_daily_calls_never_ends() -> None:
    """Nothing is left for the backlog, and the plan does not name a day."""
    plan = planned(plan_for(3_000_000, retention=Retention(most_recordings=10**9)))

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
    assert cost.a_month == pytest.approx(1.15)
