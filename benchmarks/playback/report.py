"""The measurements as a table and as JSON, and the bounds that were missed."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from benchmarks.playback.cold_start import ColdStart
from benchmarks.playback.warm import Warm

MAX_WARM_RATIO, MAX_COLD_RATIO = 1.3, 1.15


@dataclass(frozen=True, slots=True)
class Report:
    """All rows of one run."""

    warm: list[Warm]
    cold: ColdStart

    @property
    def moto_share(self) -> float:
        """The share of moto and the socket in the bare calls' median."""
        by_transport = {row.transport: row.bare_ms for row in self.warm}
        return 1 - by_transport["stub"] / by_transport["moto"]

    @property
    def missed(self) -> list[str]:
        """Every bound that was missed, as text."""
        return [*_warm_misses(self.warm), *_cold_misses(self.cold)]


def _warm_misses(rows: list[Warm]) -> Iterator[str]:
    for row in rows:
        if row.transport == "moto" and row.ratio > MAX_WARM_RATIO:
            yield f"warm: the median is {row.ratio:.2f} of the bare calls'"
        if row.transport == "moto" and row.p99_ratio > MAX_WARM_RATIO:
            yield f"warm: the 99th percentile is {row.p99_ratio:.2f} of the bare calls'"


def _cold_misses(cold: ColdStart) -> Iterator[str]:
    if cold.ratio > MAX_COLD_RATIO:
        yield f"cold start: {cold.ratio:.2f} of the bare handler's"


def as_json(report: Report) -> str:
    """Return one JSON object."""
    return (
        json.dumps(
            {
                "warm": [
                    {**asdict(row), "ratio": row.ratio, "p99_ratio": row.p99_ratio}
                    for row in report.warm
                ],
                "moto_share": report.moto_share,
                "cold": {**asdict(report.cold), "ratio": report.cold.ratio},
                "missed": report.missed,
            },
            indent=1,
        )
        + "\n"
    )


def as_text(report: Report) -> str:
    """Return the tables, 80 columns wide at most."""
    cold = report.cold
    return "\n".join(
        [
            "A playback URL, warm: our handler by get_item + put_item + a signature",
            "transport  runs   ours ms  p99 ms   bare ms  p99 ms   ratio  p99 ratio",
            *map(_warm_text, report.warm),
            f"Of the bare calls' time over moto {report.moto_share:.0%} is moto's; the stub",
            "answers inside the client, where the client's code and our own are all there is.",
            "",
            "Cold start: a new process to its first answer, median",
            "starts   ours s   bare s   ratio",
            f"{cold.starts:6} {cold.ours_s:8.3f} {cold.bare_s:8.3f} {cold.ratio:7.3f}",
            "",
            *(f"MISSED {missed}" for missed in report.missed),
            "" if report.missed else "all bounds met\n",
        ]
    )


def _warm_text(row: Warm) -> str:
    return (
        f"{row.transport:9} {row.runs:5} {row.ours_ms:9.2f} {row.ours_p99_ms:7.2f}"
        f" {row.bare_ms:9.2f} {row.bare_p99_ms:7.2f} {row.ratio:7.2f} {row.p99_ratio:10.2f}"
    )
