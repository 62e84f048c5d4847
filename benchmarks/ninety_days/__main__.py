"""`python -m benchmarks.ninety_days`: a busy quarter and an import in virtual time, proved."""

import argparse
import sys
from collections.abc import Iterator
from datetime import timedelta

from benchmarks.ninety_days.plans import ninety_days, takeover
from benchmarks.ninety_days.report import MAX_WAIT, Row, as_json, as_text, missed, run


def main() -> int:
    """Run, print, and return 1 when a bound was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ninety_days", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    parser.add_argument("--quick", action="store_true", help="shorter spans, fewer recordings")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the chance in it all")
    options = parser.parse_args()
    rows = list(_rows(quick=options.quick, seed=options.seed))
    sys.stdout.write(as_json(rows) if options.json else as_text(rows))
    return 1 if missed(rows) else 0


def _rows(*, quick: bool, seed: int) -> Iterator[Row]:
    _say("a busy account")
    yield run("a busy account", ninety_days(seed=seed, days=20 if quick else 90))
    _say("import")
    plan = (
        takeover(seed=seed, days=1.3, recordings=10_000, left=timedelta(hours=28))
        if quick
        else takeover(seed=seed)
    )
    yield run("import", plan, longest_wait=MAX_WAIT)


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
