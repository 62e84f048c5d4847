"""The metrics that AWS's services publish themselves: the API's answers, the queues' depth."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.api_gateway.gateway import Answers
from local.api_gateway.payload import Request, Response
from local.moto.clients import Aws

_SERVER_ERROR, _CLIENT_ERROR = 500, 400


@dataclass(frozen=True, slots=True)
class MeasuredApi:
    """An API whose answers are counted, as API Gateway does."""

    api: Answers
    api_id: str
    aws: Aws

    def answer(self, request: Request) -> Response:
        """Return the API's answer."""
        started_s = time.monotonic()
        response = self.api.answer(request)
        values = {
            "Count": 1.0,
            "Latency": (time.monotonic() - started_s) * 1000,
            "4xx": float(_CLIENT_ERROR <= response.status < _SERVER_ERROR),
            "5xx": float(response.status >= _SERVER_ERROR),
        }
        _put(self.aws, "AWS/ApiGateway", values, dimensions={"ApiId": self.api_id})
        return response


def put_depths(aws: Aws) -> None:
    """Put the number of messages of each queue."""
    sqs, name = aws.client("sqs"), "ApproximateNumberOfMessages"
    for url in sqs.list_queues().get("QueueUrls", []):
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        values = {f"{name}Visible": float(answer["Attributes"][name])}
        _put(aws, "AWS/SQS", values, dimensions={"QueueName": url.rsplit("/", 1)[1]})


def _put(
    aws: Aws, namespace: str, values: Mapping[str, float], *, dimensions: Mapping[str, str]
) -> None:
    at = datetime.now(UTC)
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    data: list[dict[str, Any]] = [
        {"MetricName": name, "Value": value, "Timestamp": at, "Dimensions": named}
        for name, value in values.items()
    ]
    aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)
