"""Reads back what watches: log groups, alarms, the dashboard, the topic and who hears it."""

from typing import Any

from local.cloudformation.provision.stack import Made
from local.moto.clients import Aws

Told = dict[str, Any]


def read_log_group(made: Made, aws: Aws) -> Told:
    """Return what CloudWatch Logs tells of a log group."""
    asked = {"logGroupNamePrefix": made.resource.reference}
    [told] = aws.client("logs").describe_log_groups(**asked)["logGroups"]
    return {name[0].upper() + name[1:]: value for name, value in told.items()}


def read_alarm(made: Made, aws: Aws) -> Told:
    """Return what CloudWatch tells of an alarm."""
    asked = {"AlarmNames": [made.resource.reference]}
    [told] = aws.client("cloudwatch").describe_alarms(**asked)["MetricAlarms"]
    return dict(told)


def read_dashboard(made: Made, aws: Aws) -> Told:
    """Return what CloudWatch tells of a dashboard."""
    told: Told = aws.client("cloudwatch").get_dashboard(DashboardName=made.resource.reference)
    return told


def read_topic(made: Made, aws: Aws) -> Told:
    """Return what SNS tells of a topic."""
    asked = {"TopicArn": made.resource.reference}
    told: Told = aws.client("sns").get_topic_attributes(**asked)["Attributes"]
    return told


def read_subscription(made: Made, aws: Aws) -> Told:
    """Return what SNS tells of a subscription."""
    asked = {"SubscriptionArn": made.resource.reference}
    told: Told = aws.client("sns").get_subscription_attributes(**asked)["Attributes"]
    return told
