"""Invokes reconcile_archive until its run is complete, in place of its schedule."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from ringvault.core.errors import (
    ConflictError,
    InvalidRequestError,
    RingvaultError,
    ServiceUnavailableError,
)
from ringvault.core.instants import Clock, parse_instant
from ringvault.core.spans import Period

Answer = Mapping[str, Any]
# Another invocation may succeed after a failed one; more would be in vain.
MAX_FAULTS = 3
# Another invocation lasts ten minutes at most, and the next scheduled one is 15 minutes later.
OVERTAKEN_PAUSE = timedelta(seconds=15)
MAX_OVERTAKEN = 60
MAX_PAUSE = timedelta(minutes=2)
DONE = frozenset({"complete", "idle"})


def complete_reconciliation(
    *,
    asked: Period | None,
    invoke: Callable[[Mapping[str, str]], Answer],
    clock: Clock,
    sleep: Callable[[float], None],
    on_step: Callable[[Answer], None],
) -> Answer:
    """Return the last answer: `complete` with the report, or `idle` if no run was due.

    Without `asked` it is the daily run. Every answer until then goes to `on_step`. An
    interruption loses nothing: the run stays open, and continues with the next invocation.

    Raises:
        InvalidRequestError: the function refused the request.
        ConflictError: another process was running all the time.
        RingvaultError: three invocations in a row failed.
    """
    event = {"from": str(asked.from_on), "to": str(asked.to_on)} if asked else {}
    faults = overtaken = 0
    while True:
        answer = _answered(invoke, event)
        outcome = answer["outcome"]
        if outcome in DONE:
            return answer
        if outcome == "refused":
            raise InvalidRequestError(answer["problem"])
        faults = faults + 1 if outcome == "failed" else 0
        overtaken = overtaken + 1 if outcome == "overtaken" else 0
        if faults >= MAX_FAULTS:
            raise ServiceUnavailableError(f"reconciliation fails: {answer['problem']}")
        if overtaken >= MAX_OVERTAKEN:
            raise ConflictError(
                "another reconciliation is at work", hint="run the same command again later"
            )
        on_step(answer)
        sleep(_pause(answer, clock).total_seconds())


def _answered(invoke: Callable[[Mapping[str, str]], Answer], event: Mapping[str, str]) -> Answer:
    try:
        return invoke(event)
    except ServiceUnavailableError as error:
        return _as_fault(error)


def _as_fault(error: RingvaultError) -> Answer:
    return {"outcome": "failed", "problem": str(error)}


def _pause(answer: Answer, clock: Clock) -> timedelta:
    """Return for how long another invocation would be in vain."""
    if answer["outcome"] == "overtaken":
        return OVERTAKEN_PAUSE
    until = answer.get("throttled_until")
    if until is None:
        return timedelta(seconds=1)
    return min(max(parse_instant(until) - clock(), timedelta(seconds=1)), MAX_PAUSE)
