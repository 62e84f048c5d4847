"""Lambda's rules for a batch of messages."""

from typing import Any

import pytest

from local.cloudformation.provision.site import EventSource
from local.lambda_.event_source import event_of, succeeded
from local.lambda_.function_process import Outcome

ARN = "arn:aws:sqs:us-east-1:123456789012:queue"
MESSAGES: list[dict[str, Any]] = [{"MessageId": "a"}, {"MessageId": "b"}]


def source(*, reports: bool = True) -> EventSource:
    """Return an event source that does or doesn't read batch item failures."""
    return EventSource("f", ARN, batch_size=10, concurrency=2, reports_item_failures=reports)


def ids_deleted(outcome: Outcome, *, reports: bool = True) -> list[str]:
    """Return the ids of the messages that an outcome deletes."""
    deleted = succeeded(MESSAGES, outcome=outcome, source=source(reports=reports))
    return [message["MessageId"] for message in deleted]


def failures(*identifiers: Any) -> Outcome:
    """Return an answer that reports these items as failed."""
    items = [{"itemIdentifier": identifier} for identifier in identifiers]
    return Outcome(result={"batchItemFailures": items})


@pytest.mark.parametrize(
    "result", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}]
)
def test_no_failures_delete_the_batch(result: Any) -> None:
    """An answer without failures is a success of the whole batch."""
    assert ids_deleted(Outcome(result=result)) == ["a", "b"]


def test_a_failed_item_stays() -> None:
    """What is reported as failed stays on the queue, the rest goes."""
    assert ids_deleted(failures("a")) == ["b"]


@pytest.mark.parametrize("identifier", ["", None, "stranger"])
def test_an_invalid_item_fails_the_batch(identifier: Any) -> None:
    """An item that Lambda can't make sense of keeps the whole batch."""
    assert ids_deleted(failures("a", identifier)) == []


@pytest.mark.parametrize("result", ["text", {"batchItemFailures": [{"id": "a"}]}])
def test_an_invalid_answer_fails_the_batch(result: Any) -> None:
    """An answer of the wrong shape keeps the whole batch."""
    assert ids_deleted(Outcome(result=result)) == []


def test_an_error_fails_the_batch() -> None:
    """An invocation that failed deletes nothing, whatever the mapping asks for."""
    outcome = Outcome(error_type="Runtime.ExitError", error_message="signal: 9")

    assert ids_deleted(outcome) == []
    assert ids_deleted(outcome, reports=False) == []


def test_failures_count_only_where_the_template_says_so() -> None:
    """Without ReportBatchItemFailures in the template, reported failures are deleted."""
    assert ids_deleted(failures("a"), reports=False) == ["a", "b"]


def test_event_has_the_shape_of_lambda() -> None:
    """A record has exactly the fields, and spellings, of Lambda's SQS event."""
    message = {
        "MessageId": "a",
        "ReceiptHandle": "handle",
        "Body": "{}",
        "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "Attributes": {"ApproximateReceiveCount": "2"},
        "MessageAttributes": {"reason": {"StringValue": "x", "DataType": "String"}},
    }

    [record] = event_of([message], queue_arn=ARN)["Records"]

    assert record == {
        "messageId": "a",
        "receiptHandle": "handle",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "2"},
        "messageAttributes": {
            "reason": {
                "stringValue": "x",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
        },
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "us-east-1",
    }
