"""A queue feeds a function through real SQS receptions."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from local.cloudformation.provision.site import EventSource, Function
from local.lambda_.event_source import polling
from local.lambda_.function_process import Outcome
from local.lambda_.host import Host
from tests.integration.local.patience import WAIT_S
from tests.integration.local.tiny import TINY_ROLE, function

HANDLER = """
import os, signal
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        if record["body"] == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if record["body"] == "fail":
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures, "seen": event["Records"]}
"""


class Queue:
    """A queue of moto with its dead-letter queue."""

    def __init__(self, host: Host, name: str, *, visibility_s: int = 0) -> None:
        self._sqs = host.aws.client("sqs")
        self.dead_url = self._sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        redrive = f'{{"deadLetterTargetArn": "{self.arn}-dead", "maxReceiveCount": 2}}'
        attributes = {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": redrive}
        self.url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self._iam = host.aws.client("iam")

    def grant(self, *actions: str) -> None:
        """Let the tiny function's role do this to the queue, and nothing else."""
        with suppress(self._iam.exceptions.EntityAlreadyExistsException):
            self._iam.create_role(RoleName=TINY_ROLE, AssumeRolePolicyDocument="{}")
        statement = {"Effect": "Allow", "Action": actions, "Resource": self.arn}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._iam.put_role_policy(RoleName=TINY_ROLE, PolicyName="Receive", PolicyDocument=document)

    def send(self, *bodies: str) -> None:
        """Put messages on the queue."""
        for body in bodies:
            self._sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def counts(self, url: str) -> tuple[int, int]:
        """Return how many messages are visible and invisible."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])


class Outcomes:
    """Collects the outcomes of invocations."""

    def __init__(self) -> None:
        self.all: list[Outcome] = []
        self._changed = threading.Condition()

    def add(self, _function: Function, outcome: Outcome) -> None:
        """Take one outcome."""
        with self._changed:
            self.all.append(outcome)
            self._changed.notify_all()

    def wait_for(self, number: int) -> None:
        """Wait until so many have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.all) >= number, timeout=WAIT_S)


@contextmanager
def feeding(
    queue: Queue,
    *,
    host: Host,
    folder: Path,
    batch_size: int = 1,
    granted: Sequence[str] = ("sqs:ReceiveMessage", "sqs:DeleteMessage"),
) -> Iterator[Outcomes]:
    """Feed the tiny handler from a queue, with these rights to it."""
    queue.grant(*granted)
    source = EventSource("Tiny", queue.arn, batch_size, concurrency=2, reports_item_failures=True)
    outcomes = Outcomes()
    tiny = function(HANDLER, folder=folder)
    with polling(source, function=tiny, host=host, on_outcome=outcomes.add):
        yield outcomes


def test_polling_takes_the_functions_rights(host: Host, tmp_path: Path) -> None:
    """A function whose role may not receive is never invoked, and the refusal is told."""
    queue = Queue(host, "forbidden", visibility_s=60)
    queue.send("fine")

    with feeding(queue, host=host, folder=tmp_path, granted=["sqs:DeleteMessage"]) as outcomes:
        outcomes.wait_for(1)

    assert outcomes.all[0].error_type == "Poller"
    assert "not authorized to perform: sqs:ReceiveMessage" in str(outcomes.all[0].error_message)
    assert queue.counts(queue.url) == (1, 0)


def test_success_deletes(host: Host, tmp_path: Path) -> None:
    """A message that was handled is gone, and came with its receive count."""
    queue = Queue(host, "success", visibility_s=60)
    queue.send("fine")

    with feeding(queue, host=host, folder=tmp_path) as outcomes:
        outcomes.wait_for(1)

    [record] = outcomes.all[0].result["seen"]
    assert queue.counts(queue.url) == (0, 0)
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["eventSourceARN"] == queue.arn


def test_only_what_failed_stays(host: Host, tmp_path: Path) -> None:
    """Of a batch, the failed message stays invisible for the visibility timeout."""
    queue = Queue(host, "partial", visibility_s=60)
    queue.send("fine", "fail", "fine")

    with feeding(queue, host=host, folder=tmp_path, batch_size=10) as outcomes:
        outcomes.wait_for(1)
        while sum(len(outcome.result["seen"]) for outcome in outcomes.all) < 3:
            outcomes.wait_for(len(outcomes.all) + 1)

    assert queue.counts(queue.url) == (0, 1)


@pytest.mark.parametrize("body", ["fail", "die"])
def test_poison_reaches_the_dead_letter_queue(host: Host, tmp_path: Path, body: str) -> None:
    """A message that fails, or kills, as often as the redrive policy says is moved away."""
    queue = Queue(host, f"poison-{body}")
    queue.send(body)

    with feeding(queue, host=host, folder=tmp_path) as outcomes:
        outcomes.wait_for(2)
        queue.send("fine")
        outcomes.wait_for(3)

    assert queue.counts(queue.url) == (0, 0)
    assert queue.counts(queue.dead_url) == (1, 0)
