"""SQS queues."""

import json

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site
from local.cloudformation.transform import Value

_ATTRIBUTES = (
    "DelaySeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def create_queue(properties: Properties, *, site: Site) -> Resource:
    """Create a queue with its encryption, times and redrive policy."""
    sqs = site.aws.client("sqs")
    name = properties.take("QueueName", site.physical_name)
    attributes = {
        attribute: _as_text(properties.take(attribute))
        for attribute in _ATTRIBUTES
        if properties.has(attribute)
    }
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return Resource(url, {"Arn": site.arn("sqs", name), "QueueName": name, "QueueUrl": url})


def _as_text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)
