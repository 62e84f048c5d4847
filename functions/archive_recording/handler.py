"""Lambda: queue messages in, each archived or refused by itself, one log line for each."""

import os
import random
import traceback
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

from ringvault.adapters.aws_session import patient_session
from ringvault.adapters.catalogue_table import CatalogueTable
from ringvault.adapters.clock import before_end, now
from ringvault.adapters.recording_queue import DeadLetterQueue, RecordingQueue
from ringvault.adapters.ringcentral import ringcentral
from ringvault.adapters.ringcentral_transport import RingCentralTransport
from ringvault.adapters.vault import Vault
from ringvault.core.archive_recording import ArchiveRecording, ArchiveResult, Outcome
from ringvault.core.errors import InvalidMessageError, RingvaultError
from ringvault.core.instants import format_instant
from ringvault.core.message import recording_id_of
from ringvault.core.retry_policy import RetryPolicy
from ringvault.observability import logger
from ringvault.settings import ArchiveRecordingSettings

# What an invocation keeps after the transfer: the sidecar, the state, and AWS's own retries.
_MARGIN = timedelta(seconds=30)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Lambda's own shape
    """Archive what the messages name; those that failed for reasons of ours come again."""
    # A batch that fails whole is a bad minute, not a broken function: without this Powertools
    # raises, and Lambda slows its polling down.
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event=event,
        record_handler=partial(_archive, context=context),
        processor=processor,
        context=context,
    )


@dataclass(frozen=True, slots=True)
class _Outside:
    """What lives as long as the container."""

    archive_recording: Callable[..., ArchiveRecording]
    queue: RecordingQueue
    dead_letters: DeadLetterQueue
    transport: RingCentralTransport


@cache
def _outside() -> _Outside:
    settings = ArchiveRecordingSettings.from_environ(os.environ)
    session = patient_session()
    dynamodb, sqs = session.client("dynamodb"), session.client("sqs")
    ringcentral_ = ringcentral(settings.ringcentral, session, dynamodb)
    return _Outside(
        archive_recording=partial(
            ArchiveRecording,
            source=ringcentral_.client,
            quota=ringcentral_.gate,
            catalogue=CatalogueTable(settings.catalogue_table, dynamodb),
            vault=Vault(settings.vault_bucket, session.client("s3")),
            clock=now,
            jitter=random.random,
            policy=RetryPolicy(),
        ),
        queue=RecordingQueue(settings.recording_queue_url, sqs),
        dead_letters=DeadLetterQueue(settings.dead_letter_queue_url, sqs),
        transport=ringcentral_.transport,
    )


def _archive(record: SQSRecord, *, context: LambdaContext) -> None:
    """Archive what one message names, and log the one line about it."""
    started_s = monotonic()
    told: dict[str, Any] = {"receive_count": int(record.attributes.approximate_receive_count)}
    try:
        outside = _outside()
        before = outside.transport.traffic
        _outcome(record, context, told)
        told |= asdict(outside.transport.traffic.since(before))
    except RingvaultError as error:
        told |= {"outcome": "error", "error": type(error).__name__, "reason": str(error)}
        raise
    except Exception as error:
        told |= {"outcome": "error", "error": type(error).__name__, "where": _where(error)}
        raise
    finally:
        told["elapsed_ms"] = round((monotonic() - started_s) * 1000)
        logger().info("archive_recording", **told)


def _where(error: Exception) -> list[str]:
    """Return the last frames of a fault of ours; its text may quote what no log may hold."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _outcome(record: SQSRecord, context: LambdaContext, told: dict[str, Any]) -> None:
    """Do what the message asks, and put what there is to tell into `told`."""
    outside = _outside()
    try:
        recording_id = told["recording_id"] = recording_id_of(record.body)
        deadline = before_end(context.get_remaining_time_in_millis(), margin=_MARGIN)
        result = outside.archive_recording(deadline=deadline)(recording_id)
    except InvalidMessageError as error:
        outside.dead_letters.send(record.body, reason=str(error), at=now())
        told |= {"outcome": "refused", "reason": str(error)}
        return
    if result.outcome is Outcome.HANDED_BACK and result.retry_at is not None:
        outside.queue.send_back(recording_id, delay=result.retry_at - now())
    told |= _told(result)


def _told(result: ArchiveResult) -> dict[str, Any]:
    told: dict[str, Any] = {"outcome": result.outcome.value}
    if result.reason is not None:
        told["reason"] = result.reason
    if result.retry_at is not None:
        told["retry_at"] = format_instant(result.retry_at)
    if result.archived is not None:
        told["size_bytes"] = result.archived.size_bytes
        told["content_type"] = result.archived.content_type
        told["continuations"] = result.continuations
    return told
