"""The queue's promises: nothing is lost, nothing is repeated for long, poison is kept."""

from tests.infrastructure.stack import Stack


def test_a_message_stays_hidden_for_six_timeouts(stack: Stack) -> None:
    """AWS advises six times the function's timeout, since a throttled poll is tried again."""
    timeout = stack.properties("ArchiveRecordingFunction")["Timeout"]

    assert stack.properties("RecordingQueue")["VisibilityTimeout"] >= 6 * timeout


def test_poison_has_a_queue_of_its_own(stack: Stack) -> None:
    """What can't be handled after a few receives goes to the dead-letter queue."""
    redrive = stack.properties("RecordingQueue")["RedrivePolicy"]

    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["RecordingDeadLetterQueue", "Arn"]}
    assert redrive["maxReceiveCount"] >= 5


def test_poison_is_kept_at_least_as_long_as_messages(stack: Stack) -> None:
    """SQS counts the age from the first send, so a shorter retention would drop poison unseen."""
    dead_letters = stack.properties("RecordingDeadLetterQueue")
    messages = stack.properties("RecordingQueue")

    assert dead_letters["MessageRetentionPeriod"] >= messages["MessageRetentionPeriod"]


def test_one_bad_message_does_not_fail_its_batch(stack: Stack) -> None:
    """The archiver answers with the failures of a batch only."""
    mapping = stack.only("AWS::Lambda::EventSourceMapping")

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_queue_feeds_the_archiver_a_few_at_a_time(stack: Stack) -> None:
    """The quota is the limit, so concurrency is bounded; Lambda takes no bound below two."""
    mapping = stack.only("AWS::Lambda::EventSourceMapping")
    concurrency = stack.document["Parameters"]["ArchiverConcurrency"]

    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["RecordingQueue", "Arn"]}
    assert mapping["FunctionName"] == {"Ref": "ArchiveRecordingFunction"}
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "ArchiverConcurrency"}
    assert concurrency["Default"] == concurrency["MinValue"] == 2
    assert concurrency["MaxValue"] == 20


def test_queues_are_encrypted(stack: Stack) -> None:
    """Every queue is encrypted at rest."""
    for name, queue in stack.of_type("AWS::SQS::Queue").items():
        assert queue.get("SqsManagedSseEnabled") or queue.get("KmsMasterKeyId"), name
