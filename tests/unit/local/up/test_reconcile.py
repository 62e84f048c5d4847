"""One reconciliation from start to end on this machine, and the schedules beside each other."""

import threading
from typing import Any

import pytest

from local.errors import LocalError
from local.lambda_.function_process import Outcome
from local.lambda_.schedule import run_all_on
from local.up.proof import Reconciliation, reconcile

GOING_ON = Outcome(result={"outcome": "going_on", "throttled_until": None})
COMPLETE = Outcome(
    result={"outcome": "complete", "totals": {"missing": 2, "unexpected": 1}, "report": "key"}
)
FAILED = Outcome(result={"outcome": "failed", "error": "Oops", "problem": "what to do"})


class Function:
    """A scheduled function that answers with one outcome after the other."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = iter(outcomes)
        self.ran = threading.Event()

    def run_once(self) -> Outcome:
        return next(self._outcomes)

    def run_on(self, *, on_outcome: Any) -> None:
        self.ran.set()


def test_it_is_invoked_until_it_is_complete() -> None:
    """A failure now and then is made good by the next invocation."""
    function: Any = Function(GOING_ON, FAILED, FAILED, GOING_ON, FAILED, FAILED, COMPLETE)

    assert reconcile(function) == Reconciliation(unreconciled=3, report="key")


def test_it_is_given_up_when_it_fails_again_and_again() -> None:
    """The error says what to do."""
    function: Any = Function(FAILED, FAILED, FAILED)
    with pytest.raises(LocalError, match="Oops: what to do"):
        reconcile(function)


def test_every_function_runs_on_its_own_schedule() -> None:
    """None waits for another."""
    functions: Any = [Function(), Function(), Function()]
    run_all_on(functions, on_outcome=print)

    assert all(function.ran.wait(10) for function in functions)
