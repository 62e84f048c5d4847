"""The result of a run, for people and for machines."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.up.proof import Proof, Reconciliation
from local.up.stored import Tally


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of `up --once`.

    `missing` to `open_uploads` count what the proof found. `requests` and `throttled` are the
    simulator's own count; if RingCentral has no books that we can read, the functions'.
    `unreconciled` is what reconciliation found missing or unexpected, `report` the key of its
    report in the bucket; None if nothing was reconciled.
    """

    listed: int
    archived: int
    absent: int
    failed: int
    missing: int
    differing: int
    unexpected: int
    open_uploads: int
    bytes: int
    requests: int
    throttled: int
    unreconciled: int | None
    report: str | None
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether the proof found no faults."""
        wrong = (self.missing, self.differing, self.unexpected, self.open_uploads)
        return not (any(wrong) or self.unreconciled)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object."""
        return asdict(self)


def summarise(
    tally: Tally,
    *,
    proof: Proof,
    books: dict[str, Any] | None,
    reconciliation: Reconciliation | None,
    traffic: Counter[str],
    seconds: float,
) -> Summary:
    """Return the result of a run after `seconds`; `traffic` is from the functions' logs."""
    return Summary(
        listed=tally.listed,
        archived=tally.states["ARCHIVED"],
        absent=tally.states["ABSENT"],
        failed=tally.states["FAILED"],
        missing=len(proof.missing),
        differing=len(proof.differing),
        unexpected=len(proof.unexpected),
        open_uploads=len(proof.open_uploads),
        bytes=tally.archived_bytes,
        requests=sum(books["requests"].values()) if books else traffic["requests"],
        throttled=books["throttled"] if books else traffic["throttled"],
        unreconciled=reconciliation.unreconciled if reconciliation else None,
        report=reconciliation.report if reconciliation else None,
        seconds=round(seconds, 1),
    )


_COUNTED = ("requests", "throttled")


def traffic_of(logs: Iterable[Path]) -> Counter[str]:
    """Return the sums of `requests` and `throttled` over all log lines that name them.

    Requests of a killed function are in no line, so the sums may be too low.
    """
    sums = Counter(dict.fromkeys(_COUNTED, 0))
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            sums.update(_counts_of(line))
    return sums


def _counts_of(line: str) -> dict[str, int]:
    try:
        told: Any = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: told[name] for name in _COUNTED if isinstance(told.get(name), int)}
