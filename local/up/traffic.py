"""The functions' requests to RingCentral, from their own log lines."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

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
