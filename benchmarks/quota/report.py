"""The measurements as a table and as JSON, and the bounds that were missed."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.quota.counts import Counts
from benchmarks.quota.real_time import RealTime
from benchmarks.quota.virtual_run import Backlog, Steady

MIN_SHARE_USED = 0.98
MANY_USERS, MIN_GAIN = 20, 19.5
MAX_RATIO = 1.02
MAX_RECEIVES, MAX_WRITES = 1.2, 4.0


@dataclass(frozen=True, slots=True)
class Report:
    """All rows of one run."""

    steady: list[Steady]
    backlogs: list[Backlog]
    real_time: list[RealTime]

    @property
    def missed(self) -> list[str]:
        """Every bound that a row missed, as text."""
        rows: list[Steady | Backlog] = [*self.steady, *self.backlogs]
        return [
            *(f"{_name(row)}: {miss}" for row in self.steady for miss in _steady_misses(row)),
            *(f"{_name(row)}: {miss}" for row in rows for miss in _misses(row.counted)),
            *_gain_misses(self.steady),
            *(
                f"{_name(row)}: {row.recordings} recordings took {row.ratio:.4f} of the minimum"
                for row in self.backlogs
                if row.ratio > MAX_RATIO
            ),
            *(f"{_name(row)}: {miss}" for row in self.real_time for miss in _real_misses(row)),
        ]


def is_worker_bound(row: Steady) -> bool:
    """Whether the archivers could not use the whole quota even without waiting."""
    return row.share_workers_can < 1


def _name(row: Steady | Backlog | RealTime) -> str:
    return f"{type(row).__name__}, {row.workers} workers, {row.users} users"


def _steady_misses(row: Steady) -> Iterator[str]:
    if row.share_used < MIN_SHARE_USED * min(1, row.share_workers_can):
        yield f"{row.share_used:.2%} of the requests used"


def _misses(counted: Counts) -> Iterator[str]:
    if counted.throttled:
        yield f"{counted.throttled} answers 429"
    if counted.receives > MAX_RECEIVES * counted.archived:
        yield f"{counted.receives / counted.archived:.2f} receives for each recording"
    if counted.writes > MAX_WRITES * counted.archived:
        yield f"{counted.writes / counted.archived:.2f} writes for each recording"


def _gain_misses(rows: Iterable[Steady]) -> Iterator[str]:
    one = {row.workers: row for row in rows if row.users == 1}
    for row in rows:
        if row.users == MANY_USERS and row.workers in one and not is_worker_bound(row):
            gain = gain_of(row, one[row.workers])
            if gain < MIN_GAIN:
                yield f"{row.workers} workers: {MANY_USERS} users give {gain:.2f} times one"


def gain_of(many: Steady, one: Steady) -> float:
    """Return how many times the requests of `one` were granted in the same time."""
    return many.share_used * many.users / (one.share_used * one.users)


def _real_misses(row: RealTime) -> Iterator[str]:
    """Yield the missed bounds, unless this machine delayed requests for longer than the guard."""
    if row.counted.late:
        return
    if row.share_used < MIN_SHARE_USED:
        yield f"{row.share_used:.2%} of the requests used"
    if row.counted.throttled:
        yield f"{row.counted.throttled} answers 429"


def as_json(report: Report) -> str:
    """Return one JSON object."""
    return (
        json.dumps(
            {
                "steady": [_steady_json(row) for row in report.steady],
                "backlogs": [_backlog_json(row) for row in report.backlogs],
                "real_time": [
                    {**asdict(row), "share_used": row.share_used} for row in report.real_time
                ],
                "missed": report.missed,
            },
            indent=1,
        )
        + "\n"
    )


def _steady_json(row: Steady) -> dict[str, Any]:
    return {
        **asdict(row),
        "share_used": row.share_used,
        "share_workers_can": row.share_workers_can,
        "worker_bound": is_worker_bound(row),
        **_each(row.counted),
    }


def _backlog_json(row: Backlog) -> dict[str, Any]:
    return {
        **asdict(row),
        "ratio": row.ratio,
        "ratio_without_listing": row.ratio_without_listing,
        **_each(row.counted),
    }


def _each(counted: Counts) -> dict[str, float]:
    """Return the cost of each archived recording."""
    return {
        "invocations_each": counted.invocations / counted.archived,
        "receives_each": counted.receives / counted.archived,
        "writes_each": counted.writes / counted.archived,
    }


def as_text(report: Report) -> str:
    """Return the tables, 80 columns wide at most."""
    return "\n".join(
        [
            "Steady state in virtual time, 10 requests in 60 s for each service user",
            "workers users  used %  able %  429 wasted  invoked received written  lost",
            *map(_steady_text, report.steady),
            "able: what the archivers could carry if no turn had to be waited for; below 100",
            "they are the bound (*), not the quota. invoked, received, written (DynamoDB",
            "write requests) and lost (races, written in vain): for each recording.",
            "",
            "A backlog to its end in virtual time, by the theoretical minimum",
            "workers users  recordings    days  minimum  -pages  pages  429 received written",
            *map(_backlog_text, report.backlogs),
            "minimum: a request for each recording and for each full page that lists them;",
            "-pages: for the recordings alone, as if nothing had to be listed.",
            "",
            "Real time, processes and sockets, 10 requests in 3 s for each service user",
            "workers users  used %   429 wasted  late  writes of the quota  lost",
            *map(_real_text, report.real_time),
            "late: requests that this machine held back for longer than the guard covers.",
            "",
            *(f"MISSED {missed}" for missed in report.missed),
            "" if report.missed else "all bounds met\n",
        ]
    )


def _steady_text(row: Steady) -> str:
    each, counted = _each(row.counted), row.counted
    return (
        f"{row.workers:7} {row.users:5} {row.share_used:7.2%} {row.share_workers_can:7.0%}"
        f"{'*' if is_worker_bound(row) else ' '}{counted.throttled:4} {counted.wasted:6}"
        f"  {each['invocations_each']:7.3f} {each['receives_each']:8.3f}"
        f" {each['writes_each']:7.2f} {counted.lost_races / counted.archived:5.2f}"
    )


def _backlog_text(row: Backlog) -> str:
    each = _each(row.counted)
    return (
        f"{row.workers:7} {row.users:5} {row.recordings:11,} {row.duration_s / 86400:7.3f}"
        f" {row.ratio:8.4f} {row.ratio_without_listing:7.4f} {row.counted.listed_pages:6}"
        f" {row.counted.throttled:4} {each['receives_each']:8.3f} {each['writes_each']:7.2f}"
    )


def _real_text(row: RealTime) -> str:
    return (
        f"{row.workers:7} {row.users:5} {row.share_used:7.2%} {row.counted.throttled:5}"
        f" {row.counted.wasted:6} {row.counted.late:5}"
        f" {row.counted.quota_writes / row.counted.invocations:20.2f}"
        f" {row.counted.lost_races / row.counted.invocations:5.2f}"
    )
