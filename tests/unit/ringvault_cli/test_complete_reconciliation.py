"""Invoking reconcile_archive until its run is through."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ringvault.core.errors import ConflictError, InvalidRequestError, ServiceUnavailableError
from ringvault.core.instants import format_instant
from ringvault.core.reconciliation.complete import MAX_OVERTAKEN, complete_reconciliation
from ringvault.core.spans import Period

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOING_ON: dict[str, Any] = {"outcome": "going_on"}
FAILED = {"outcome": "failed", "problem": "no permission"}
OVERTAKEN = {"outcome": "overtaken", "problem": "somebody else"}
COMPLETE = {"outcome": "complete", "report": "reports/reconciliation/000001.json"}
ASKED = Period(date(2026, 10, 1), date(2026, 10, 31))


class Invoked:
    """A function that answers one thing after the other, and raises what is an error."""

    def __init__(self, *answers: Mapping[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.events: list[Mapping[str, str]] = []
        self.slept_s: list[float] = []
        self.steps: list[str] = []

    def __call__(self, event: Mapping[str, str]) -> Mapping[str, Any]:
        self.events.append(event)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def completed(self, asked: Period | None = ASKED) -> Mapping[str, Any]:
        return complete_reconciliation(
            asked=asked,
            invoke=self,
            clock=lambda: NOW,
            sleep=self.slept_s.append,
            on_step=lambda answer: self.steps.append(answer["outcome"]),
        )


def test_the_same_event_goes_out_until_the_report_is_written() -> None:
    """Every invocation is asked for the same period; the last answer has the report."""
    invoked = Invoked(GOING_ON, GOING_ON, COMPLETE)

    assert invoked.completed() == COMPLETE
    assert invoked.events == [{"from": "2026-10-01", "to": "2026-10-31"}] * 3
    assert invoked.steps == ["going_on", "going_on"]


def test_the_daily_run_has_an_empty_event() -> None:
    """Without days it is the schedule's event, and none due is an answer."""
    invoked = Invoked({"outcome": "idle"})

    assert invoked.completed(asked=None) == {"outcome": "idle"}
    assert invoked.events == [{}]


def test_a_closed_quota_is_waited_for() -> None:
    """Nothing is invoked before the quota opens; two minutes at most pass unseen."""
    soon, late = (format_instant(NOW + timedelta(seconds=s)) for s in (40, 4000))
    throttled = [GOING_ON | {"throttled_until": until} for until in (soon, late)]
    invoked = Invoked(*throttled, COMPLETE)

    invoked.completed()

    assert invoked.slept_s == [40, 120]


def test_a_fault_is_tried_again_and_three_in_a_row_are_told() -> None:
    """What succeeds between faults counts them anew."""
    killed = ServiceUnavailableError("ended by Runtime.OutOfMemory")

    assert Invoked(FAILED, killed, GOING_ON, FAILED, FAILED, COMPLETE).completed() == COMPLETE
    with pytest.raises(ServiceUnavailableError, match="no permission"):
        Invoked(killed, FAILED, FAILED).completed()


def test_a_refusal_is_the_persons_to_mend() -> None:
    """Asking again for the same would be refused again."""
    with pytest.raises(InvalidRequestError, match="not through"):
        Invoked({"outcome": "refused", "problem": "another is not through yet"}).completed()


def test_another_at_work_is_waited_for_but_not_for_ever() -> None:
    """A scheduled invocation is let finish; a quarter of an hour of them is told."""
    assert Invoked(OVERTAKEN, COMPLETE).completed() == COMPLETE

    invoked = Invoked(*[OVERTAKEN] * MAX_OVERTAKEN)
    with pytest.raises(ConflictError, match="at work"):
        invoked.completed()
    assert set(invoked.slept_s) == {15}
