"""The quota under load in virtual time: the real core, exact windows, jittered latency."""

import threading
from dataclasses import replace

import pytest

from benchmarks.quota.counts import Counts
from benchmarks.quota.report import Report, as_json, as_text
from benchmarks.quota.virtual_run import Backlog, run_backlog, run_steady
from benchmarks.quota.virtual_time import VirtualTime


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("workers", "users"), [(1, 1), (2, 5), (8, 1), (8, 5)])
def test_the_whole_quota_is_used_and_no_request_refused(
    workers: int, users: int, seed: int
) -> None:
    """98 % of what the windows permit, no 429, one receive each, at any worker count."""
    row = run_steady(workers=workers, users=users, warm_up=15, windows=10, seed=seed)

    assert row.share_used >= 0.98
    assert (row.counted.throttled, row.counted.wasted, row.counted.late) == (0, 0, 0)
    assert row.counted.receives <= 1.2 * row.counted.archived


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("workers", "users"), [(1, 1), (1, 5), (2, 1), (2, 5), (8, 5)])
def test_a_recording_costs_four_writes_at_most(workers: int, users: int, seed: int) -> None:
    """Turn, claim, state and a share of the lister's; the report finds no bound missed."""
    row = run_steady(workers=workers, users=users, warm_up=15, windows=10, seed=seed)
    report = Report([row], [], [])

    assert report.missed == []
    assert as_json(report)
    assert max(map(len, as_text(report).splitlines())) <= 80


@pytest.mark.parametrize("seed", [1, 2])
def test_a_backlog_takes_little_longer_than_its_requests(seed: int) -> None:
    """Listing and archiving together wait for nothing but the windows."""
    row = run_backlog(workers=2, users=1, recordings=10_000, seed=seed)

    assert row.counted.archived == 10_000
    assert row.counted.throttled == 0
    assert row.ratio <= 1.02


def test_a_missed_bound_is_told() -> None:
    """The report can fail."""
    counted = Counts(granted=100, throttled=1, archived=100, receives=130, quota_writes=401)
    row = Backlog(workers=1, users=1, recordings=100, duration_s=660, counted=counted)

    report = Report([], [row], [])

    assert len(report.missed) == 4
    assert max(map(len, as_text(report).splitlines())) <= 80
    assert Report([], [replace(row, duration_s=600, counted=Counts())], []).missed == []


def test_who_sleeps_shortest_wakes_first() -> None:
    """One thread runs at a time, in the order of the instants, equal ones in the order of sleep."""
    time, woken = VirtualTime(), list[tuple[str, float]]()

    def sleeper(name: str, *naps_s: float) -> None:
        for nap_s in naps_s:
            time.sleep(nap_s)
            woken.append((name, time.now_s))

    time.start(lambda: sleeper("a", 3, 3))
    time.start(lambda: sleeper("b", 2, 1, 2))
    time.run()

    assert woken == [("b", 2), ("a", 3), ("b", 3), ("b", 5), ("a", 6)]


def test_a_fault_ends_the_run_and_every_thread() -> None:
    """Whoever still sleeps is woken to end, and `run` raises the fault."""
    time, before = VirtualTime(), threading.active_count()
    time.start(lambda: time.sleep(1e9))
    time.start(lambda: time.sleep(int("soon")))

    with pytest.raises(ValueError, match="soon"):
        time.run()
    assert threading.active_count() == before
