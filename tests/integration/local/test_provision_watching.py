"""What watches, made in moto and read back from it."""

import json
from typing import Any

import pytest

from local.cloudformation.provision.site import STACK_NAME
from local.cloudformation.provision.stack import Stack, provision
from local.cloudformation.transform import Document
from local.moto.clients import Aws
from local.places import ROOT
from tests.support.template import transformed

ADDRESS = "operator@example.com"
TYPES = {
    "AWS::CloudWatch::Alarm",
    "AWS::Logs::LogGroup",
    "AWS::Logs::QueryDefinition",
    "AWS::KMS::Key",
    "AWS::SNS::Topic",
    "AWS::SNS::Subscription",
    "AWS::SQS::Queue",
    "AWS::ApiGatewayV2::Api",
}
READ_BACK = (
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "EvaluationPeriods",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
)


@pytest.fixture(scope="module")
def plain() -> Document:
    """Return the part of the project's own template that watches; of the API, its existence."""
    template = transformed()
    template["Resources"]["PlaybackApi"]["Properties"] = {"Body": {}}
    resources = template["Resources"].items()
    template["Resources"] = {name: it for name, it in resources if it["Type"] in TYPES}
    del template["Outputs"], template["Rules"]
    return template


@pytest.fixture(scope="module")
def stack(plain: Document, aws: Aws) -> Stack:
    """Make it, with somebody to write to."""
    aws.reset()
    return provision(plain, parameters={"AlarmEmail": ADDRESS}, aws=aws, code_root=ROOT)


@pytest.mark.usefixtures("stack")
def test_alarms_are_as_the_template_says(plain: Document, aws: Aws) -> None:
    """Metric, periods, threshold, what silence means, and the topic they reach."""
    described = aws.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm"])
    made = {it["AlarmName"]: it for it in described["MetricAlarms"]}
    [topic] = aws.client("sns").list_topics()["Topics"]
    wanted: dict[str, Any] = {
        it["Properties"]["AlarmName"]["Fn::Sub"].replace("${AWS::StackName}", STACK_NAME): it[
            "Properties"
        ]
        for it in plain["Resources"].values()
        if it["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert made.keys() == wanted.keys()
    for name, alarm in made.items():
        assert {it: alarm[it] for it in READ_BACK} == {it: wanted[name][it] for it in READ_BACK}
        assert alarm["AlarmActions"] == [topic["TopicArn"]]


@pytest.mark.usefixtures("stack")
def test_the_topic_is_encrypted_and_heard(aws: Aws) -> None:
    """With a key of the stack's, by the address that was given."""
    sns = aws.client("sns")
    [topic] = sns.list_topics()["Topics"]
    attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    [heard] = sns.list_subscriptions()["Subscriptions"]
    key_id = attributes["KmsMasterKeyId"].rpartition("/")[2]

    assert json.loads(
        aws.client("kms").get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]
    )
    assert (heard["Protocol"], heard["Endpoint"]) == ("email", ADDRESS)


def test_queries_are_kept(stack: Stack) -> None:
    """Under the stack's name, each with the log groups that it asks."""
    query = stack.runtime.queries[f"{STACK_NAME}/errors by reason"]
    assert query.text.startswith("filter ispresent(error)\n")
    assert len(query.log_groups) == 3
