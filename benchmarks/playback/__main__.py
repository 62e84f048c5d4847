"""`python -m benchmarks.playback`: a playback URL warm, and the cold start, as ratios."""

import argparse
import sys

from benchmarks.playback.cold_start import measure_cold_start
from benchmarks.playback.place import running_place
from benchmarks.playback.report import Report, as_json, as_text
from benchmarks.playback.warm import measure_warm

RUNS, STARTS = 400, 20
QUICK_RUNS, QUICK_STARTS = 50, 5


def main() -> int:
    """Measure, print, and return 1 if a bound was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.playback", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    parser.add_argument("--quick", action="store_true", help="fewer runs, less exact")
    options = parser.parse_args()
    with running_place() as place:
        _say("cold starts")
        cold = measure_cold_start(place, starts=QUICK_STARTS if options.quick else STARTS)
        _say("warm calls")
        warm = measure_warm(place, runs=QUICK_RUNS if options.quick else RUNS)
    report = Report(warm=warm, cold=cold)
    sys.stdout.write(as_json(report) if options.json else as_text(report))
    return 1 if report.missed else 0


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
