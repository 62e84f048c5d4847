"""A stack that is watched: its alarms in moto, fed by what handlers write."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local.cloudformation.intrinsics import names_in
from local.cloudformation.provision.site import STACK_NAME
from local.cloudformation.provision.stack import Stack, provision
from local.cloudformation.transform import REGION, Document
from local.cloudwatch.alarm_state import AlarmState, alarm_states
from local.cloudwatch.emf import put_metrics
from local.moto.clients import ACCOUNT_ID, Aws
from local.places import ROOT

_ALARM = "AWS::CloudWatch::Alarm"
_SECTIONS = ("AWSTemplateFormatVersion", "Conditions", "Parameters")
Emf = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """What watches, and what tells it what handlers wrote."""

    aws: Aws
    stack: Stack

    def tell(self, written: str) -> list[Emf]:
        """Make metrics of what a handler wrote, as CloudWatch does; return the EMF of it."""
        lines = [line for line in written.splitlines() if '"_aws"' in line]
        put_metrics(lines, aws=self.aws)
        return [json.loads(line) for line in lines]

    def tell_as_of(self, told: Sequence[Emf], ago: timedelta) -> None:
        """Make metrics of the same lines once more, as if they had been written earlier."""
        earlier = [json.loads(json.dumps(line)) for line in told]
        for line in earlier:
            line["_aws"]["Timestamp"] -= ago / timedelta(milliseconds=1)
        put_metrics(map(json.dumps, earlier), aws=self.aws)

    def tell_of_aws(self, alarm: str, value: float) -> None:
        """Put a metric that only AWS itself emits, under the dimensions that an alarm names."""
        [found] = self.aws.client("cloudwatch").describe_alarms(
            AlarmNames=[f"{STACK_NAME}-{alarm}"]
        )["MetricAlarms"]
        datum = {"MetricName": found["MetricName"], "Dimensions": found["Dimensions"]}
        self.aws.client("cloudwatch").put_metric_data(
            Namespace=found["Namespace"],
            MetricData=[datum | {"Value": value, "Unit": "Count", "Timestamp": datetime.now(UTC)}],
        )

    def sounding(self, *, after: timedelta = timedelta(0)) -> set[str]:
        """Return the names of the alarms that sound now, or would `after` some silence."""
        at = datetime.now(UTC) + timedelta(seconds=1) + after
        states = alarm_states(self.aws.client("cloudwatch"), at=at)
        return {
            name.removeprefix(f"{STACK_NAME}-")
            for name, state in states.items()
            if state is AlarmState.ALARM
        }

    def forget(self) -> None:
        """Forget every metric."""
        cloudwatch_backends[ACCOUNT_ID][REGION].metric_data.clear()


def watched(template: Document, *, url: str) -> Watched:
    """Return the template's alarms, made in the moto at an address."""
    aws = Aws(url)
    parameters = {"RingCentralServerUrl": url, "RingCentralMediaUrl": url}
    return Watched(
        aws, provision(_watching_part(template), parameters=parameters, aws=aws, code_root=ROOT)
    )


def _watching_part(template: Document) -> Document:
    """Return what watches and what it names; of the API no more than that it is there."""
    resources = {**template["Resources"]}
    api = resources["PlaybackApi"]
    resources["PlaybackApi"] = {**api, "Properties": {"Body": {}}}
    wanted = {name for name, it in resources.items() if it["Type"] == _ALARM}
    while (
        more := {
            needed
            for name in wanted
            for needed in names_in(resources[name].get("Properties", {}))
            if needed in resources
        }
        - wanted
    ):
        wanted |= more
    return {
        **{name: template[name] for name in _SECTIONS},
        "Resources": {name: resources[name] for name in wanted},
        "Outputs": {"DeadLetterQueueUrl": template["Outputs"]["DeadLetterQueueUrl"]},
    }
