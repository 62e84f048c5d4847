"""The page with the dashboard's figures and the alarms, over a real socket."""

from typing import Any

import pytest
import requests

from local.aws import Aws
from local.aws_metrics import MeasuredApi
from local.figures_page import showing_figures
from local.payload import Request, Response
from local.places import TEMPLATE
from local.provision.site import STACK_NAME
from local.transform import transform
from tests.integration.watched import Watched, watched

ERROR: Any = {
    "MetricName": "Errors",
    "Value": 1,
    "Dimensions": [
        {"Name": "reason", "Value": "ThrottledError"},
        {"Name": "service", "Value": STACK_NAME},
    ],
}
FAILING = Response(503, [], b"")


class FailingApi:
    """An API that is down."""

    def answer(self, request: Request) -> Response:
        return FAILING


@pytest.fixture(scope="module")
def stack(aws: Aws) -> Watched:
    """Make the template's alarms and dashboard."""
    aws.reset()
    return watched(transform(TEMPLATE), url=aws.endpoint_url)


def test_the_page_shows_figures_and_alarms(stack: Watched) -> None:
    """What AWS itself tells is there, too: the API's answers and the dead letters."""
    [api_id] = stack.stack.runtime.apis
    asked = Request(method="GET", target="/", headers={}, body=b"", source_ip="127.0.0.1")
    api = MeasuredApi(FailingApi(), api_id, stack.aws)
    assert [api.answer(asked) for _ in range(3)] == [FAILING] * 3
    queue_url = stack.stack.outputs["DeadLetterQueueUrl"]
    stack.aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody="not ours")

    for _ in range(2):
        stack.aws.client("cloudwatch").put_metric_data(Namespace="ringvault", MetricData=[ERROR])

    with showing_figures(stack.aws, port=0) as url:
        answer = requests.get(url, timeout=10)
        elsewhere = requests.get(url.replace("/figures", "/"), timeout=10)

    assert (answer.status_code, elsewhere.status_code) == (200, 404)
    rows = answer.text.split("<tr>")
    for row in (
        "<td>dead-letters</td><td>ALARM</td>",
        "<td>api-errors</td><td>ALARM</td>",
        "<td>nothing-listed</td><td>ALARM</td>",
        "<td>permission-lost</td><td>OK</td>",
        "<td>API errors</td><td>5xx</td><td>3</td>",
        "<td>Errors by reason</td><td>ThrottledError</td><td>2</td>",
        "<td>Pending</td><td>recordings</td><td>-</td>",
    ):
        assert any(it.startswith(row) for it in rows), row
    assert len([it for it in rows if "ThrottledError" in it]) == 1
    for label in ("half of them", "99 of 100"):
        [row] = [it for it in rows if it.startswith(f"<td>API latency</td><td>{label}</td>")]
        assert "<td>-</td>" not in row
    assert STACK_NAME not in answer.text
