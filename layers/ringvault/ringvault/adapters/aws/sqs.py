"""The queue of recordings to archive, and the dead-letter queue."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# SendMessageBatch's and DelaySeconds' own limits.
MAX_IN_BATCH = 10
MAX_DELAY = timedelta(seconds=900)


class SQSRecordingQueue:
    """Sends ids of recordings; Lambda receives them."""

    def __init__(self, queue_url: str, client: "SQSClient") -> None:
        self._url = queue_url
        self._client = client

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible or delayed, and how many are in flight."""
        names: Any = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
        ]
        with aws_errors("read the queue's depth"):
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        visible, delayed, in_flight = (int(answer["Attributes"][name]) for name in names)
        return visible + delayed, in_flight

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Queue the ids; return those that the queue accepted.

        SendMessageBatch answers 200 also where it accepts only some of a batch.
        """
        accepted: list[str] = []
        for start in range(0, len(recording_ids), MAX_IN_BATCH):
            accepted += self._send_batch(recording_ids[start : start + MAX_IN_BATCH])
        return accepted

    def send_back(self, recording_id: str, *, delay: timedelta) -> None:
        """Queue the id again, to be received after `delay` (15 minutes at most)."""
        delay_s = round(min(max(delay, timedelta(0)), MAX_DELAY).total_seconds())
        with aws_errors("return a recording to the queue"):
            self._client.send_message(
                QueueUrl=self._url, MessageBody=_body(recording_id), DelaySeconds=delay_s
            )

    def _send_batch(self, recording_ids: Sequence[str]) -> Sequence[str]:
        with aws_errors("feed the queue"):
            answer = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(place), "MessageBody": _body(recording_id)}
                    for place, recording_id in enumerate(recording_ids)
                ],
            )
        return [recording_ids[int(sent["Id"])] for sent in answer.get("Successful", ())]


class DeadLetterQueue:
    """Receives unreadable messages, each with the reason."""

    def __init__(self, queue_url: str, client: "SQSClient") -> None:
        self._url = queue_url
        self._client = client

    def send(self, body: str, *, reason: str, at: datetime) -> None:
        """Store the message unchanged; `reason` and `at` become message attributes."""
        with aws_errors("send a message to the dead-letter queue"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageAttributes={
                    "reason": {"DataType": "String", "StringValue": reason},
                    "refused_at": {"DataType": "String", "StringValue": at.isoformat()},
                },
            )


def _body(recording_id: str) -> str:
    return json.dumps({"recording_id": recording_id})
