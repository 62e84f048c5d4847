"""EventBridge Scheduler's schedules."""

import json
import re

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Schedule, Site

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNIT_S = {"minute": 60, "hour": 3600, "day": 86400}


def create_schedule(properties: Properties, *, site: Site) -> Resource:
    """Create a schedule, and keep its target since moto never invokes one."""
    name = properties.take("Name", site.physical_name)
    expression = properties.take("ScheduleExpression")
    target = properties.take("Target")
    created = site.aws.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow=properties.take("FlexibleTimeWindow"),
        State=properties.take("State", "ENABLED"),
        Target=target,
    )
    site.runtime.schedules.append(
        Schedule(
            function_arn=target["Arn"],
            event=json.loads(target.get("Input", "{}")),
            period_s=period_s(expression),
        )
    )
    return Resource(name, {"Arn": created["ScheduleArn"]})


def period_s(expression: str) -> float | None:
    """Return the seconds of `rate(5 minutes)`; None for any other expression."""
    match = _RATE.fullmatch(expression)
    return int(match[1]) * _UNIT_S[match[2]] if match else None
