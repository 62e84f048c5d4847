"""Lambda: one sweep of the recordings that are due to expire, with one log line."""

import os
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ringvault.adapters.aws.session import patient_session
from ringvault.adapters.clock import before_end, now
from ringvault.adapters.concurrency import at_once
from ringvault.adapters.dynamodb.lifecycle import CatalogueExpiry
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.numbering_plans import number_reader
from ringvault.adapters.s3.versions import VaultExpiry
from ringvault.core.lifecycle.expire_recordings import ExpireRecordings, ExpiryOutcome, Sweep
from ringvault.observability import failure_of, logger, measure
from ringvault.settings import ExpireRecordingsSettings

# A hundred recordings, eight at a time, while boto3 retries S3.
_MARGIN = timedelta(seconds=120)
# A log line has room for so many skipped items; the metric counts them all.
MAX_LOGGED = 50


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - the schedule says nothing
    """Sweep once; `outcome` says whether it finished everything that was due.

    `through` means finished, `going_on` out of time, `failed` has the reason in `problem`. The
    next run does the rest.
    """
    try:
        return _swept(context)
    except Exception as error:  # noqa: BLE001 - Lambda would log and return its text
        return _answer("failed", **failure_of(error))


def _swept(context: LambdaContext) -> dict[str, Any]:
    latest = before_end(context.get_remaining_time_in_millis(), margin=_MARGIN)
    expire_recordings = _expire_recordings()
    sweep = expire_recordings(latest=latest, at_once=at_once)
    unreadable = expire_recordings.catalogue.take_unreadable()
    measure(
        {
            "RecordingsExpired": sweep.counts[ExpiryOutcome.EXPIRED],
            "CatalogueItemsUnreadable": len(unreadable),
        }
    )
    fields: dict[str, Any] = _fields(sweep)
    if unreadable:
        fields["unreadable"] = [str(error) for error in unreadable[:MAX_LOGGED]]
    if sweep.problem is not None:
        return _answer("failed", **failure_of(sweep.problem), **fields)
    return _answer("through" if sweep.is_through else "going_on", **fields)


def _answer(outcome: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    log = logger().error if outcome == "failed" else logger().info
    log("expire_recordings", outcome=outcome, **fields)
    return {"outcome": outcome, **fields}


@cache
def _expire_recordings() -> ExpireRecordings:
    settings = ExpireRecordingsSettings.from_environ(os.environ)
    session = patient_session()
    dynamodb = session.client("dynamodb")
    return ExpireRecordings(
        catalogue=CatalogueExpiry(settings.catalogue_table, dynamodb),
        vault=VaultExpiry(settings.vault_bucket, session.client("s3")),
        pointers=NumberIndex(
            settings.number_index_table, dynamodb, read=number_reader(settings.phone_region)
        ),
        clock=now,
        after=settings.expire_after,
    )


def _fields(sweep: Sweep) -> dict[str, Any]:
    return {outcome.value: sweep.counts[outcome] for outcome in ExpiryOutcome}
