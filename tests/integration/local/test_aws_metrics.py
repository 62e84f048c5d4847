"""Alarms sound by the metrics that AWS itself emits: the API's answers and the dead letters."""

from datetime import UTC, datetime, timedelta

import pytest

from local.api_gateway.payload import Request, Response
from local.cloudwatch.aws_metrics import MeasuredApi, put_depths
from local.cloudwatch.metric_series import series
from local.moto.clients import Aws
from tests.support.template import transformed
from tests.support.watched import Watched, watched

FAILING = Response(503, [], b"")


class FailingApi:
    """An API that is down."""

    def answer(self, request: Request) -> Response:
        return FAILING


@pytest.fixture(scope="module")
def stack(aws: Aws) -> Watched:
    """Make the template's alarms."""
    aws.reset()
    return watched(transformed(), url=aws.endpoint_url)


def test_failing_answers_and_dead_letters_sound(stack: Watched) -> None:
    """Three 5xx and one dead letter are enough; each answer has a latency."""
    assert stack.sounding() == {"nothing-listed", "reconciliation-not-run"}
    [api_id] = stack.stack.runtime.apis
    asked = Request(method="GET", target="/", headers={}, body=b"", source_ip="127.0.0.1")
    api = MeasuredApi(FailingApi(), api_id, stack.aws)
    assert [api.answer(asked) for _ in range(3)] == [FAILING] * 3
    queue_url = stack.stack.outputs["DeadLetterQueueUrl"]
    stack.aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody="not ours")
    put_depths(stack.aws)

    assert {"api-errors", "dead-letters"} <= stack.sounding()
    metric = {
        "Namespace": "AWS/ApiGateway",
        "Dimensions": [{"Name": "ApiId", "Value": api_id}],
    }
    for name, count in {"5xx": 3, "4xx": 3, "Count": 3, "Latency": 3}.items():
        [found] = series(
            stack.aws.client("cloudwatch"),
            metric | {"MetricName": name},
            statistic="SampleCount",
            period_s=300,
            periods=1,
            at=datetime.now(UTC) + timedelta(seconds=1),
        )
        assert found == count, name
