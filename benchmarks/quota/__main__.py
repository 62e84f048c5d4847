"""`python -m benchmarks.quota`: how much of the quota is used, in virtual and in real time."""

import argparse
import sys
from collections.abc import Iterator

from benchmarks.quota.real_time import RealTime, run_real_time
from benchmarks.quota.report import Report, as_json, as_text
from benchmarks.quota.virtual_run import Backlog, Steady, run_backlog, run_steady

SEED = 1
WORKERS, USERS = (1, 2, 8), (1, 5, 20)
# Twenty users of a window of 3 s are more processes' work than two cores carry.
REAL_USERS = (1, 5)


def main() -> int:
    """Measure, print, and return 1 if a bound was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quota", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    parser.add_argument("--quick", action="store_true", help="shorter spans: half a minute in all")
    options = parser.parse_args()
    report = Report(
        steady=list(_steady(quick=options.quick)),
        backlogs=list(_backlogs(quick=options.quick)),
        real_time=list(_real_time(quick=options.quick)),
    )
    sys.stdout.write(as_json(report) if options.json else as_text(report))
    return 1 if report.missed else 0


def _steady(*, quick: bool) -> Iterator[Steady]:
    for workers in WORKERS:
        for users in USERS:
            _say(f"virtual time: {workers} workers, {users} users")
            yield run_steady(
                workers=workers, users=users, warm_up=20, windows=10 if quick else 60, seed=SEED
            )


def _backlogs(*, quick: bool) -> Iterator[Backlog]:
    recordings = 10_000 if quick else 100_000
    for workers, users in ((2, 1), (8, 20)):
        _say(f"virtual time: {recordings:,} recordings, {workers} workers, {users} users")
        yield run_backlog(workers=workers, users=users, recordings=recordings, seed=SEED)


def _real_time(*, quick: bool) -> Iterator[RealTime]:
    for users in REAL_USERS:
        for workers in (2,) if quick else WORKERS:
            _say(f"real time: {workers} workers, {users} users")
            yield run_real_time(
                workers=workers, users=users, warm_up=1 if quick else 3, windows=4, seed=SEED
            )


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
