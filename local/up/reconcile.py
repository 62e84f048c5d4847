"""One reconciliation from start to end, in place of its schedule."""

import time
from dataclasses import dataclass
from typing import Any

from local.errors import LocalError
from local.lambda_.schedule import ScheduledFunction
from local.up.main_job import fault_of

# Another invocation may succeed after a failed one; more would be in vain.
_MAX_FAULTS = 3
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The number found missing or unexpected, and the key of its report in the bucket."""

    unreconciled: int
    report: str


def reconcile(function: ScheduledFunction) -> Reconciliation:
    """Invoke the function until its report is written.

    Raises:
        LocalError: it fails repeatedly.
    """
    faults = 0
    while True:
        outcome = function.run_once()
        result: dict[str, Any] = outcome.result if isinstance(outcome.result, dict) else {}
        if result.get("outcome") == "complete":
            totals = result["totals"]
            return Reconciliation(totals["missing"] + totals["unexpected"], result["report"])
        fault = fault_of(outcome)
        faults = faults + 1 if fault else 0
        if fault and faults >= _MAX_FAULTS:
            told = ": ".join(fault)
            raise LocalError(f"reconciliation fails: {told}; its log in .local/logs says more")
        time.sleep(_PAUSE_S if result.get("throttled_until") else 0)
