"""Alarms as CloudWatch judges them."""

from typing import Any

import pytest

from local.cloudwatch.alarm_state import AlarmState, state_of

OK, ALARM, INSUFFICIENT_DATA = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA


def alarm(missing: str, *, periods: int = 3, to_alarm: int = 3) -> dict[str, Any]:
    """Return an alarm that sounds above 0."""
    return {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": to_alarm,
        "TreatMissingData": missing,
    }


@pytest.mark.parametrize(
    ("missing", "values", "state"),
    [
        ("notBreaching", [1, 1, 1], ALARM),
        ("notBreaching", [1, 1, 0], OK),
        ("notBreaching", [1, None, 1], OK),
        ("notBreaching", [None, None, None], OK),
        ("breaching", [1, None, 1], ALARM),
        ("breaching", [None, None, None], ALARM),
        ("breaching", [None, 0, None], OK),
        ("missing", [None, None, None], INSUFFICIENT_DATA),
        ("ignore", [None, None, None], INSUFFICIENT_DATA),
    ],
)
def test_what_silence_counts_for(
    missing: str, values: list[float | None], state: AlarmState
) -> None:
    """As the alarm says it: a breach, none, or nothing at all."""
    assert state_of(alarm(missing), values) is state


def test_some_of_the_periods_are_enough() -> None:
    """One of three sounds, and goes on until it has left the three."""
    one_of_three = alarm("notBreaching", to_alarm=1)
    assert state_of(one_of_three, [1, None, None]) is ALARM
    assert state_of(one_of_three, [1, 0, None, None]) is OK


def test_ignored_silence_keeps_the_state() -> None:
    """What sounded sounds on, until something is told."""
    once = alarm("ignore", periods=1, to_alarm=1)
    assert state_of(once, [None], before=ALARM) is ALARM
    assert state_of(once, [0], before=ALARM) is OK


@pytest.mark.parametrize(
    ("comparison", "sounding"),
    [
        ("GreaterThanThreshold", {3}),
        ("GreaterThanOrEqualToThreshold", {2, 3}),
        ("LessThanThreshold", {1}),
        ("LessThanOrEqualToThreshold", {1, 2}),
    ],
)
def test_comparisons(comparison: str, sounding: set[int]) -> None:
    """Each is what it is called."""
    compared = alarm("missing", periods=1, to_alarm=1) | {
        "ComparisonOperator": comparison,
        "Threshold": 2,
    }
    assert {value for value in (1, 2, 3) if state_of(compared, [value]) is ALARM} == sounding
