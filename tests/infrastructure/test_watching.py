"""What watches: every alarm has its runbook entry, and every metric named is one that is told."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringvault.observability import NAMESPACE, UNITS
from tests.infrastructure.stack import Properties, Stack

ALARM = "AWS::CloudWatch::Alarm"
RUNBOOK = "docs/operations/alarms.md"
SERVICE = [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
OF_THIS_STACK = (["service", "${AWS::StackName}"], ["ApiId", "${PlaybackApi}"])
ENTRY = re.compile(r"^## Alarm ([a-z0-9-]+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \| (\S+) \|", re.MULTILINE)
IN_SEARCH = re.compile(r'MetricName="(\w+)"')
# What AWS itself tells of the queue and the API.
TOLD_BY_AWS = {
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
    "AWS/ApiGateway": {"4xx", "5xx", "Count", "Latency"},
}


def name_of(alarm: Properties) -> str:
    """Return an alarm's name without the stack's."""
    name: str = alarm["AlarmName"]["Fn::Sub"]
    assert name.startswith("${AWS::StackName}-")
    return name.removeprefix("${AWS::StackName}-")


@pytest.fixture(scope="module")
def runbook(repository: Path) -> dict[str, str]:
    """Return the runbook's entries by alarm."""
    text = (repository / RUNBOOK).read_text(encoding="utf-8")
    return dict(ENTRY.findall(text))


@pytest.fixture(scope="module")
def dashboard(stack: Stack) -> dict[str, Any]:
    """Return the dashboard's body."""
    body: dict[str, Any] = json.loads(
        stack.only("AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Sub"]
    )
    return body


def metrics_of(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of each metric on the dashboard."""
    for widget in dashboard["widgets"]:
        for first, *rest in widget["properties"]["metrics"]:
            if isinstance(first, str):
                yield first, rest[0]
            else:
                yield from ((NAMESPACE, name) for name in IN_SEARCH.findall(first["expression"]))


def test_every_alarm_has_a_runbook_entry(stack: Stack, runbook: dict[str, str]) -> None:
    """Its message leads there, and no entry is left of an alarm that is gone."""
    alarms = {name_of(alarm): alarm for alarm in stack.of_type(ALARM).values()}

    assert alarms.keys() == runbook.keys()
    for name, alarm in alarms.items():
        assert alarm["AlarmDescription"].endswith(f" Runbook: {RUNBOOK}#alarm-{name}")


def test_every_entry_says_what_to_do(runbook: dict[str, str]) -> None:
    """Each begins with our own command, and says when to go back to bed."""
    for name, entry in runbook.items():
        commands = entry.partition("```sh\n")[2]
        assert commands.startswith("ringvault "), name
        assert "Back to bed:" in entry, name


def test_every_metric_that_is_watched_is_told(stack: Stack, dashboard: dict[str, Any]) -> None:
    """An alarm or a picture of a metric that nobody tells would be silent for ever."""
    of_alarms = {(it["Namespace"], it["MetricName"]) for it in stack.of_type(ALARM).values()}
    told = {NAMESPACE: set(UNITS), **TOLD_BY_AWS}

    for namespace, name in {*of_alarms, *metrics_of(dashboard)}:
        assert name in told[namespace], name


def test_every_metric_is_told_by_some_handler(repository: Path) -> None:
    """Each name stands in a handler, or in the client that takes note of refusals."""
    layer = repository / "layers" / "ringvault" / "ringvault"
    paths = [*repository.glob("functions/*/handler.py"), layer / "adapters/ringcentral/client.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in paths)
    # Counted by its own function.
    assert {name for name in UNITS if f'"{name}"' not in code} == {"Errors"}
    assert "count_error(" in code


def test_metrics_are_documented_with_their_units(repository: Path) -> None:
    """The document has each metric once, with the unit that it is told in, and no other."""
    text = (repository / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = ROW.findall(text)
    assert dict(rows) == dict(UNITS)
    assert len(rows) == len(UNITS)


def test_metrics_are_those_of_this_stack(stack: Stack, dashboard: dict[str, Any]) -> None:
    """Two stacks of one account don't sound each other's alarms."""
    variables = stack.document["Resources"]["ListRecordingsFunction"]["Properties"]["Environment"]
    assert variables["Variables"]["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    for alarm in stack.of_type(ALARM).values():
        if alarm["Namespace"] == NAMESPACE:
            assert alarm["Dimensions"] == SERVICE
    for widget in dashboard["widgets"]:
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], str):
                assert metric[2:4] in OF_THIS_STACK, metric
            elif "SEARCH(" in metric[0]["expression"]:
                assert 'service="${AWS::StackName}"' in metric[0]["expression"]


def test_silence_means_what_it_should(stack: Stack) -> None:
    """Silence is alarming where work tells of itself, and nothing where only faults do."""
    missing = {name_of(it): it["TreatMissingData"] for it in stack.of_type(ALARM).values()}

    assert {name for name, it in missing.items() if it == "breaching"} == {
        "nothing-listed",
        "reconciliation-not-run",
    }
    assert {name for name, it in missing.items() if it == "ignore"} == {"dead-letters"}
    assert set(missing.values()) == {"breaching", "ignore", "notBreaching"}


def test_alarms_are_of_lengths_that_cloudwatch_takes(stack: Stack) -> None:
    """A day of short periods at most, a week of periods of an hour or more."""
    for name, alarm in stack.of_type(ALARM).items():
        most_s = 7 * 86_400 if alarm["Period"] >= 3600 else 86_400
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= most_s, name
        assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"], name


def test_alarms_reach_an_encrypted_topic(stack: Stack) -> None:
    """CloudWatch may use the topic's key, for this account only; an address hears if given."""
    topic = stack.properties("AlarmTopic")
    assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlarmKey", "Arn"]}
    _, publish = stack.properties("AlarmKey")["KeyPolicy"]["Statement"]
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(publish["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    for alarm in stack.of_type(ALARM).values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert stack.resource("AlarmSubscription")["Condition"] == "SendsAlarms"
    assert stack.parameter_default("AlarmEmail") == ""


def test_queries_ask_log_groups_of_the_stack(stack: Stack) -> None:
    """Each asks lines of functions here, under the stack's name."""
    groups = stack.of_type("AWS::Logs::LogGroup")
    for name, query in stack.of_type("AWS::Logs::QueryDefinition").items():
        assert query["Name"]["Fn::Sub"].startswith("${AWS::StackName}/"), name
        asked = [
            group["Fn::If"][1] if "Fn::If" in group else group for group in query["LogGroupNames"]
        ]
        assert {group["Ref"] for group in asked} <= groups.keys(), name
