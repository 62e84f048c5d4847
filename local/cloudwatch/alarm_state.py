"""Evaluates alarms by their metrics; moto only stores them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from operator import ge, gt, le, lt
from typing import Any

from local.cloudwatch.metric_series import series
from local.moto.clients import Client

_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": gt,
    "GreaterThanOrEqualToThreshold": ge,
    "LessThanThreshold": lt,
    "LessThanOrEqualToThreshold": le,
}
# How a period without a value counts; None is left out.
_MISSING: Mapping[str, bool | None] = {
    "breaching": True,
    "notBreaching": False,
    "ignore": None,
    "missing": None,
}
Alarm = Mapping[str, Any]


class AlarmState(StrEnum):
    """CloudWatch's names of an alarm's states."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


def state_of(
    alarm: Alarm,
    values: Sequence[float | None],
    *,
    before: AlarmState = AlarmState.INSUFFICIENT_DATA,
) -> AlarmState:
    """Return an alarm's state after these periods, oldest first; None is one without a value.

    Missing periods are not replaced by older ones, as CloudWatch may do.
    """
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    judged = [
        _MISSING[alarm["TreatMissingData"]]
        if value is None
        else breaches(value, alarm["Threshold"])
        for value in values[-alarm["EvaluationPeriods"] :]
    ]
    known = [it for it in judged if it is not None]
    if not known:
        is_kept = alarm["TreatMissingData"] == "ignore"
        return before if is_kept else AlarmState.INSUFFICIENT_DATA
    return AlarmState.ALARM if sum(known) >= alarm["DatapointsToAlarm"] else AlarmState.OK


def alarm_states(cloudwatch: Client, *, at: datetime) -> dict[str, AlarmState]:
    """Return the state of every alarm at an instant, by name, as if newly created."""
    alarms = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm"], MaxRecords=100)
    return {
        alarm["AlarmName"]: state_of(alarm, _values(cloudwatch, alarm, at))
        for alarm in alarms["MetricAlarms"]
    }


def _values(cloudwatch: Client, alarm: Alarm, at: datetime) -> list[float | None]:
    metric = {name: alarm[name] for name in ("Namespace", "MetricName", "Dimensions")}
    return series(
        cloudwatch,
        metric,
        statistic=alarm["Statistic"],
        period_s=alarm["Period"],
        periods=alarm["EvaluationPeriods"],
        at=at,
    )
