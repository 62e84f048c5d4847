"""Lambda: archives the recordings in queue messages, with one log line for each."""

import os
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache, partial
from time import monotonic
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from ringvault.adapters.aws.session import Session, patient_session
from ringvault.adapters.aws.sqs import DeadLetterQueue, SQSRecordingQueue
from ringvault.adapters.clock import before_end, now
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.progress import ListingProgressStore
from ringvault.adapters.ringcentral.connect import RingCentral, connect
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.adapters.s3.vault import Vault
from ringvault.core.archiving.absence import AccountEvidence
from ringvault.core.archiving.archive_recording import (
    ArchiveOutcome,
    ArchiveRecording,
    ArchiveResult,
)
from ringvault.core.archiving.message import recording_id_of
from ringvault.core.archiving.retry_policy import RetryPolicy
from ringvault.core.audio.head import UNRECOGNISED
from ringvault.core.errors import (
    ConfigurationError,
    InvalidMessageError,
    NewerCatalogueError,
    RingvaultError,
    UnreadableItemError,
)
from ringvault.core.instants import format_instant
from ringvault.observability import count, count_error, logger, measure, where
from ringvault.settings import ArchiveRecordingSettings

# Time reserved after the transfer: the sidecar, the state, and AWS's own retries.
_MARGIN = timedelta(seconds=30)
# A person repairs an incomplete secret; until then messages go round.
_MISCONFIGURED_RETRY = timedelta(minutes=15)

_CONFIGURATION_FAULTS = frozenset({"ConfigurationError", "ForeignHostError"})


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's own shape
    """Archive the recordings in the messages; those that failed for reasons of ours come again."""
    # A whole batch that fails is a bad minute, not a broken function: without this Powertools
    # raises, and Lambda slows its polling down.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event=event,
        record_handler=partial(_archive, context=context),
        processor=processor,
        context=context,
    )


@cache
def _settings() -> ArchiveRecordingSettings:
    return ArchiveRecordingSettings.from_environ(os.environ)


@cache
def _session() -> Session:
    return patient_session()


@dataclass(frozen=True, slots=True)
class _Queues:
    """Queues for messages that can't be processed now, or ever."""

    recordings: SQSRecordingQueue
    dead_letters: DeadLetterQueue


@cache
def _queues() -> _Queues:
    sqs = _session().client("sqs")
    return _Queues(
        SQSRecordingQueue(_settings().recording_queue_url, sqs),
        DeadLetterQueue(_settings().dead_letter_queue_url, sqs),
    )


@dataclass(frozen=True, slots=True)
class _Archiver:
    """The use case without its deadline, and its clients."""

    archive_recording: Callable[..., ArchiveRecording]
    ringcentral: RingCentral


@cache
def _archiver() -> _Archiver:
    dynamodb = _session().client("dynamodb")
    ringcentral = connect(_settings().ringcentral, _session(), dynamodb)
    listing = ListingProgressStore(_settings().ringcentral.state_table, dynamodb)
    account = AccountEvidence(
        call_log=ringcentral.client,
        quota=ringcentral.gates[RequestKind.CALL_LOG],
        longest_retention=lambda: listing.load()[0].retention.period,
    )
    use_case = partial(
        ArchiveRecording,
        source=ringcentral.client,
        quota=ringcentral.gates[RequestKind.MEDIA],
        catalogue=CatalogueTable(_settings().catalogue_table, dynamodb),
        vault=Vault(_settings().vault_bucket, _session().client("s3")),
        account=account,
        clock=now,
        jitter=random.random,
        policy=RetryPolicy(),
    )
    return _Archiver(use_case, ringcentral)


def _archive(record: SQSRecord, *, context: LambdaContext) -> None:
    """Archive the recording of one message, and log its one line."""
    started_s = monotonic()
    fields: dict[str, Any] = {"receive_count": int(record.attributes.approximate_receive_count)}
    try:
        _deal_with(record, context, fields)
    except RingvaultError as error:
        fields |= {"outcome": "error", "error": type(error).__name__, "reason": str(error)}
        raise
    except Exception as error:
        fields |= {"outcome": "error", "error": type(error).__name__, "where": where(error)}
        raise
    finally:
        fields["elapsed_ms"] = round((monotonic() - started_s) * 1000)
        logger().info("archive_recording", **fields)
        if "error" in fields:
            count_error(fields["error"])


def _deal_with(record: SQSRecord, context: LambdaContext, fields: dict[str, Any]) -> None:
    """Process the message, and add the result to `fields`."""
    try:
        recording_id = fields["recording_id"] = recording_id_of(record.body)
        result = _result(recording_id, context, fields)
    except NewerCatalogueError:
        raise  # the release that is being deployed reads it: the message comes again
    except (InvalidMessageError, UnreadableItemError) as error:
        _queues().dead_letters.send(record.body, reason=str(error), at=now())
        fields |= {"outcome": "refused", "reason": str(error)}
        if isinstance(error, UnreadableItemError):
            count(["CatalogueItemsUnreadable"])
        return
    if result.outcome is ArchiveOutcome.HANDED_BACK and result.retry_at is not None:
        _queues().recordings.send_back(recording_id, delay=result.retry_at - now())
    fields |= _fields(result)
    if figures := _figures(result):
        measure(figures)


def _result(recording_id: str, context: LambdaContext, fields: dict[str, Any]) -> ArchiveResult:
    """Return the outcome; a fault of the secret is not the message's."""
    try:
        archiver = _archiver()
    except ConfigurationError as error:
        retry_at = now() + _MISCONFIGURED_RETRY
        return ArchiveResult(
            ArchiveOutcome.HANDED_BACK, str(error), retry_at, error="ConfigurationError"
        )
    before = archiver.ringcentral.transport.traffic
    remaining_ms = context.get_remaining_time_in_millis()
    deadline = before_end(remaining_ms, margin=_MARGIN)
    archiver.ringcentral.transport.end_in(timedelta(milliseconds=remaining_ms) - _MARGIN)
    try:
        return archiver.archive_recording(deadline=deadline)(recording_id)
    finally:
        traffic = archiver.ringcentral.transport.traffic.since(before)
        fields |= asdict(traffic)
        measure({"RequestsSent": traffic.requests, "RequestsThrottled": traffic.throttled})
        count(archiver.ringcentral.client.take_alarms())


def _figures(result: ArchiveResult) -> dict[str, float]:
    """Return the metrics: recordings gained and lost, and faults that need a person."""
    if result.archived is not None:
        gained: dict[str, float] = {
            "RecordingsArchived": 1,
            "BytesArchived": result.archived.size_bytes,
        }
        if UNRECOGNISED in result.archived.notes:
            gained["RecordingsUnrecognised"] = 1
        return gained
    if result.error in _CONFIGURATION_FAULTS:
        return {"ConfigurationFaults": 1}
    ends = {ArchiveOutcome.FAILED: "RecordingsFailed", ArchiveOutcome.ABSENT: "RecordingsAbsent"}
    return {ends[result.outcome]: 1} if result.outcome in ends else {}


def _fields(result: ArchiveResult) -> dict[str, Any]:
    fields: dict[str, Any] = {"outcome": result.outcome.value}
    if result.error is not None:
        fields["error"] = result.error
    if result.reason is not None:
        fields["reason"] = result.reason
    if result.retry_at is not None:
        fields["retry_at"] = format_instant(result.retry_at)
    if result.archived is not None:
        fields["size_bytes"] = result.archived.size_bytes
        fields["content_type"] = result.archived.content_type
        fields["continuations"] = result.continuations
        if result.archived.notes:
            fields["notes"] = list(result.archived.notes)
    return fields
