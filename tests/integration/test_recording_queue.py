"""The queue of ids, and the dead-letter queue beside it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from ringvault.adapters.aws.sqs import DeadLetterQueue, SQSRecordingQueue
from ringvault.core.archiving.message import recording_id_of
from ringvault.core.errors import ConfigurationError
from tests.support.cloud import Cloud
from tests.support.recordings import NOW

SENT_BACK: Any = {"MessageId": "1", "MD5OfMessageBody": "0" * 32}


@pytest.fixture
def queue_url(cloud: Cloud) -> str:
    """Return the URL of an empty queue."""
    return cloud.make_queue()


def entries(first: int, last: int) -> list[dict[str, str]]:
    """Return SendMessageBatch's entries for the ids `first` to `last`."""
    return [
        {"Id": str(place), "MessageBody": json.dumps({"recording_id": str(number)})}
        for place, number in enumerate(range(first, last + 1))
    ]


def accepted(*places: int) -> list[dict[str, str]]:
    """Return the successful part of SendMessageBatch's answer."""
    return [{"Id": str(place), "MessageId": "m", "MD5OfMessageBody": "0" * 32} for place in places]


def test_every_id_is_queued_once(cloud: Cloud, queue_url: str) -> None:
    """More ids than a batch takes are all sent, each in a message that the archiver reads."""
    queue = SQSRecordingQueue(queue_url, cloud.sqs)
    ids = [str(number) for number in range(25)]
    assert queue.send(ids) == ids
    assert queue.depth() == (25, 0)
    bodies = [message["Body"] for _ in range(3) for message in cloud.messages_in(queue_url)]
    assert sorted(recording_id_of(body) for body in bodies) == sorted(ids)


def test_no_ids_no_request(cloud: Cloud) -> None:
    """Nothing to send asks nothing of the queue, which may be missing."""
    assert SQSRecordingQueue(f"{cloud.url}/1/none", cloud.sqs).send([]) == []


def test_what_a_batch_refuses_is_left_out(cloud: Cloud, queue_url: str) -> None:
    """SendMessageBatch answers 200 for a part: only what it accepted counts as sent."""
    client = cloud.own_client("sqs")
    failed = [{"Id": "1", "SenderFault": False, "Code": "InternalError"}]
    with Stubber(client) as stub:
        stub.add_response(
            "send_message_batch",
            {"Successful": accepted(0, 2, 3, 4, 5, 6, 7, 8, 9), "Failed": failed},
            {"QueueUrl": queue_url, "Entries": entries(0, 9)},
        )
        stub.add_response(
            "send_message_batch",
            {"Successful": accepted(1), "Failed": [{**failed[0], "Id": "0"}]},
            {"QueueUrl": queue_url, "Entries": entries(10, 11)},
        )
        sent = SQSRecordingQueue(queue_url, client).send([str(number) for number in range(12)])
        stub.assert_no_pending_responses()
    assert sent == ["0", "2", "3", "4", "5", "6", "7", "8", "9", "11"]


def test_depth_tells_waiting_from_in_flight(cloud: Cloud, queue_url: str) -> None:
    """Delayed messages wait like visible ones; received ones are in flight."""
    queue = SQSRecordingQueue(queue_url, cloud.sqs)
    queue.send(["1", "2"])
    queue.send_back("3", delay=timedelta(minutes=5))
    assert queue.depth() == (3, 0)
    assert len(cloud.messages_in(queue_url)) == 2
    assert queue.depth() == (1, 2)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (timedelta(seconds=12), 12),
        (timedelta(hours=6), 900),
        (timedelta(seconds=-3), 0),
    ],
)
def test_a_delay_is_what_sqs_takes(
    cloud: Cloud, queue_url: str, delay: timedelta, seconds: int
) -> None:
    """An id is handed back for its delay, from none to SQS's 15 minutes."""
    client = cloud.own_client("sqs")
    with Stubber(client) as stub:
        body = json.dumps({"recording_id": "7"})
        expected = {"QueueUrl": queue_url, "MessageBody": body, "DelaySeconds": seconds}
        stub.add_response("send_message", SENT_BACK, expected)
        SQSRecordingQueue(queue_url, client).send_back("7", delay=delay)
        stub.assert_no_pending_responses()


def test_a_dead_letter_says_why(cloud: Cloud, queue_url: str) -> None:
    """A refused message is kept as it came, with its reason and time beside it."""
    body = 'né \N{BELL} {"recording_id": '
    DeadLetterQueue(queue_url, cloud.sqs).send(body, reason="the message is not JSON", at=NOW)
    (letter,) = cloud.messages_in(queue_url)
    attributes = letter["MessageAttributes"]
    assert letter["Body"] == body
    assert attributes["reason"]["StringValue"] == "the message is not JSON"
    assert attributes["refused_at"]["StringValue"] == "2026-11-22T12:00:00+00:00"


def test_a_missing_queue_is_a_fault_of_the_stack(cloud: Cloud) -> None:
    """A queue that is not there is named as a matter for a person."""
    queue = SQSRecordingQueue(f"{cloud.url}/123456789012/none", cloud.sqs)
    for ask in (queue.depth, lambda: queue.send(["1"])):
        with pytest.raises(ConfigurationError, match=r"queue.*is the stack whole"):
            ask()
