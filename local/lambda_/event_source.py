"""SQS to Lambda: receives as Lambda's pollers do, invokes, and deletes what succeeded."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.cloudformation.provision.site import EventSource, Function
from local.cloudformation.transform import REGION
from local.lambda_.function_process import Answer, FunctionProcess, Outcome
from local.lambda_.host import Host

# Short, since a poller stops only between two receptions.
_WAIT_S = 1
_VALUE_KEYS = {
    "StringValue": "stringValue",
    "BinaryValue": "binaryValue",
    "DataType": "dataType",
}


@contextmanager
def polling(
    source: EventSource,
    *,
    function: Function,
    host: Host,
    on_outcome: Callable[[Function, Outcome], None],
) -> Iterator[Callable[[], bool]]:
    """Feed a function from its queue with as many processes as the mapping allows.

    Yields a function that returns whether any of them is working.
    `on_outcome` is called with every invocation's outcome, from the poller's own thread.
    """
    stop = threading.Event()
    pollers = [
        _Poller(source, function=function, host=host, stop=stop, on_outcome=on_outcome)
        for _ in range(source.concurrency)
    ]
    threads = [threading.Thread(target=poller.run, daemon=True) for poller in pollers]
    for thread in threads:
        thread.start()
    try:
        yield lambda: any(poller.process.is_busy for poller in pollers)
    finally:
        stop.set()
        for poller in pollers:
            poller.process.end()
        for thread in threads:
            thread.join()


class _Poller:
    def __init__(
        self,
        source: EventSource,
        *,
        function: Function,
        host: Host,
        stop: threading.Event,
        on_outcome: Callable[[Function, Outcome], None],
    ) -> None:
        self.process = FunctionProcess(function, host=host)
        self._source = source
        self._function = function
        self._stop = stop
        self._on_outcome = on_outcome
        name = source.queue_arn.rsplit(":", 1)[1]
        self._queue_url = host.aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        # Lambda polls with the rights of the function.
        role_arn = function.role_arn
        self._sqs = host.aws.role_client("sqs", role_arn=role_arn, session_name="poller")

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self._poll()
            except (BotoCoreError, ClientError) as error:
                self._report(Outcome(error_type="Poller", error_message=str(error)))
                self._stop.wait(_WAIT_S)

    def _poll(self) -> None:
        messages = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(self._source.batch_size, 10),
            WaitTimeSeconds=_WAIT_S,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages or self._stop.is_set():
            return
        outcome = self.process.invoke(event_of(messages, queue_arn=self._source.queue_arn))
        self._delete(succeeded(messages, outcome=outcome, source=self._source))
        self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        if not self._stop.is_set():
            self._on_outcome(self._function, outcome)

    def _delete(self, messages: Sequence[dict[str, Any]]) -> None:
        if messages:
            self._sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )


def event_of(messages: Sequence[dict[str, Any]], *, queue_arn: str) -> dict[str, Any]:
    """Return received messages as Lambda's event."""
    return {"Records": [_record(message, queue_arn) for message in messages]}


def succeeded(
    messages: Sequence[dict[str, Any]], *, outcome: Outcome, source: EventSource
) -> Sequence[dict[str, Any]]:
    """Return the messages that Lambda would delete after an invocation.

    None when the invocation failed, or when its answer names an item that wasn't in the batch.
    """
    if not outcome.succeeded:
        return ()
    if not source.reports_item_failures:
        return messages
    failures = _item_failures(outcome.result)
    known = {message["MessageId"] for message in messages}
    if failures is None or not failures <= known:
        return ()
    return [message for message in messages if message["MessageId"] not in failures]


def _item_failures(result: Answer) -> set[str] | None:
    """Return the failed items' ids; None for an answer that is invalid for Lambda."""
    if not result:
        return set()
    try:
        failures = result.get("batchItemFailures") or []
        identifiers = {failure["itemIdentifier"] for failure in failures}
    except (AttributeError, KeyError, TypeError):
        return None
    return None if None in identifiers or "" in identifiers else identifiers


def _record(message: dict[str, Any], queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _message_attribute(value)
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def _message_attribute(value: dict[str, Any]) -> dict[str, Any]:
    lists: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    return {ours: value[name] for name, ours in _VALUE_KEYS.items() if name in value} | lists
