"""Does an advisory name anything that a lock pins? `python -m supply_chain.audit LOCK…` asks.

pip-audit puts the question to the package index's advisory service, so there is no answer without
the internet. That is said, and is a failure: an audit without data is no audit.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from supply_chain.locks import read_lock

CLEAN, VULNERABLE, NO_DATA = 0, 1, 2

_OPTIONS = ("--strict", "--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json")
# Enough for a few hundred requests to a slow service.
_WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of each pin: `vulnerable` has advisories by pin, of `unknown` nothing is."""

    vulnerable: Mapping[str, list[str]]
    unknown: list[str]

    @property
    def exit_code(self) -> int:
        """Which of the three it is; what is unknown outweighs what is known."""
        if self.unknown:
            return NO_DATA
        return VULNERABLE if self.vulnerable else CLEAN


def findings(pins: Iterable[str], reports: Iterable[Mapping[str, Any]]) -> Findings:
    """Return what pip-audit's JSON reports say about `pins`, each written `name==version`."""
    told = {
        f"{one['name']}=={one['version']}": [advisory["id"] for advisory in one["vulns"]]
        for report in reports
        for one in report.get("dependencies", ())
        if "vulns" in one
    }
    return Findings(
        vulnerable={pin: told[pin] for pin in pins if told.get(pin)},
        unknown=[pin for pin in pins if pin not in told],
    )


def rounds(pins: Iterable[str]) -> Iterator[list[str]]:
    """Split pins so that no name is twice in one round, which pip-audit would refuse."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for pin in pins:
        by_name[pin.partition("==")[0]].append(pin)
    for versions in zip_longest(*by_name.values()):
        yield [pin for pin in versions if pin is not None]


def _ask(pins: list[str]) -> tuple[dict[str, Any], str]:
    """Return pip-audit's report, empty where it has none, and the last thing it complained of."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        result = subprocess.run(  # noqa: S603 - our own interpreter, pins from our locks
            [sys.executable, "-m", "pip_audit", *_OPTIONS, "--requirement", file.name],
            capture_output=True,
            text=True,
            check=False,
            timeout=_WITHIN_S,
        )
    complaint = (result.stderr.strip().splitlines() or [""])[-1]
    try:
        report: dict[str, Any] = json.loads(result.stdout)
    except ValueError:
        return {}, complaint
    return report, complaint


def main() -> int:
    """Print what is known of all pins of the locks named, and return the exit code."""
    locks = [Path(name) for name in sys.argv[1:]]
    pins = sorted({str(pin) for lock in locks for pin in read_lock(lock)})
    answers = [_ask(asked) for asked in rounds(pins)]
    known = findings(pins, [report for report, _ in answers])
    for pin, advisories in known.vulnerable.items():
        print(f"audit: VULNERABLE: {pin}: {', '.join(advisories)}")
    if known.unknown:
        print(f"audit: NO DATA about {len(known.unknown)} of {len(pins)} pins: this shows nothing")
        print("audit: ask again where the package index's advisory service can be reached")
        print(f"audit: pip-audit says: {answers[0][1]}")
    elif not known.vulnerable:
        print(f"audit: no advisory names any of {len(pins)} pins in {len(locks)} locks")
    return known.exit_code


if __name__ == "__main__":
    sys.exit(main())
