"""The report on playback: which figures miss a bound, and that it fits a terminal."""

import json
from dataclasses import replace

from benchmarks.playback.cold_start import ColdStart
from benchmarks.playback.report import Report, as_json, as_text
from benchmarks.playback.warm import Warm


def report_of(*, ours_ms: float = 6.0, ours_p99_ms: float = 9.0, ours_s: float = 0.5) -> Report:
    """Return a report beside bare calls of 5 ms, 8 ms at most, and a cold start of 0.45 s."""
    moto = Warm(
        transport="moto",
        runs=400,
        ours_ms=ours_ms,
        ours_p99_ms=ours_p99_ms,
        bare_ms=5.0,
        bare_p99_ms=8.0,
    )
    return Report(
        warm=[moto, replace(moto, transport="stub", bare_ms=1.0)],
        cold=ColdStart(starts=20, ours_s=ours_s, bare_s=0.45),
    )


def test_what_keeps_the_bounds_misses_none() -> None:
    """The stub's ratio is told, and has no bound."""
    report = report_of()

    assert report.missed == []
    assert report.moto_share == 0.8
    assert "all bounds met" in as_text(report)


def test_each_bound_that_is_missed_is_named() -> None:
    """Median, 99th percentile and cold start, each by its ratio."""
    missed = report_of(ours_ms=6.6, ours_p99_ms=10.5, ours_s=0.53).missed

    assert [miss.partition(":")[0] for miss in missed] == ["warm", "warm", "cold start"]
    assert ["1.32" in missed[0], "1.31" in missed[1], "1.18" in missed[2]] == [True] * 3


def test_the_report_fits_a_terminal_and_a_machine() -> None:
    """80 columns, and the same figures as JSON."""
    report = report_of(ours_ms=6.6)

    assert max(map(len, as_text(report).splitlines())) <= 80
    assert json.loads(as_json(report))["missed"] == report.missed
