"""Lambda: one run of the listing, with one log line."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ringvault.adapters.aws.session import patient_session
from ringvault.adapters.aws.sqs import SQSRecordingQueue
from ringvault.adapters.clock import before_end, now
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.counts import CatalogueBacklog
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import ListingProgressStore
from ringvault.adapters.numbering_plans import number_reader
from ringvault.adapters.ringcentral.connect import RingCentral, connect
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.adapters.ringcentral.transport import Traffic
from ringvault.core.errors import RingvaultError
from ringvault.core.instants import format_instant
from ringvault.core.listing.feed import FeedReason
from ringvault.core.listing.list_recordings import ListingResult, Quotas, list_recordings
from ringvault.observability import count, failure_of, logger, measure
from ringvault.settings import ListRecordingsSettings

# Time reserved after the last request: one timeout of RingCentral's, and the feeding.
_MARGIN = timedelta(seconds=60)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - the schedule says nothing
    """Run once; the answer has the result, and the reason if it stopped early."""
    try:
        return _run(context)
    except Exception as error:  # noqa: BLE001 - Lambda would log and return its text
        return _answer("failed", **failure_of(error))


def _run(context: LambdaContext) -> dict[str, Any]:
    container = _container()
    before = container.ringcentral.transport.traffic
    remaining_ms = context.get_remaining_time_in_millis()
    latest = before_end(remaining_ms, margin=_MARGIN)
    # The last request may begin at `latest`: half of the reserve is for its answer.
    container.ringcentral.transport.end_in(timedelta(milliseconds=remaining_ms) - _MARGIN / 2)
    result = container.list_recordings(latest=latest)
    traffic = container.ringcentral.transport.traffic.since(before)
    fields = _fields(result) | asdict(traffic)
    count(container.ringcentral.client.take_alarms())
    measure(_figures(result, traffic))
    with suppress(RingvaultError):  # the run is done, even if its metrics can't be read
        measure(_standing(container, result, now()))
    if result.problem is not None:
        return _answer("failed", **failure_of(result.problem), **fields)
    return _answer("overtaken" if result.is_overtaken else "listed", **fields)


def _answer(outcome: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    log = logger().error if outcome == "failed" else logger().info
    log("list_recordings", outcome=outcome, **fields)
    return {"outcome": outcome, **fields}


@dataclass(frozen=True, slots=True)
class _Container:
    """The objects that live as long as the container."""

    list_recordings: Callable[..., ListingResult]
    ringcentral: RingCentral
    backlog: CatalogueBacklog


@cache
def _container() -> _Container:
    settings = ListRecordingsSettings.from_environ(os.environ)
    session = patient_session()
    dynamodb = session.client("dynamodb")
    ringcentral = connect(settings.ringcentral, session, dynamodb)
    use_case = partial(
        list_recordings,
        call_log=ringcentral.client,
        quotas=Quotas(
            call_log=ringcentral.gates[RequestKind.CALL_LOG],
            media=ringcentral.gates[RequestKind.MEDIA],
            settings=ringcentral.gates[RequestKind.SETTINGS],
        ),
        catalogue=CatalogueTable(settings.catalogue_table, dynamodb),
        number_index=NumberIndex(
            settings.number_index_table, dynamodb, read=number_reader(settings.phone_region)
        ),
        progress=ListingProgressStore(settings.ringcentral.state_table, dynamodb),
        queue=SQSRecordingQueue(settings.recording_queue_url, session.client("sqs")),
        clock=now,
        reach=settings.reach,
    )
    backlog = CatalogueBacklog(settings.catalogue_table, dynamodb)
    return _Container(use_case, ringcentral, backlog)


def _fields(result: ListingResult) -> dict[str, Any]:
    return {
        "records": result.listed.records,
        "listed": result.listed.new,
        "unreadable": result.listed.unreadable,
        "rejected": result.listed.rejected,
        "windows_read": result.listed.windows_read,
        "windows_open": result.windows_open,
        "windows_broken": result.windows_broken,
        "fed": result.fed.total(),
        "fed_for": {turn.value: result.fed.turns[turn] for turn in FeedReason},
        "given_up": result.fed.given_up,
        "items_unreadable": result.fed.unreadable,
        "recordings_a_day": result.recordings_a_day and round(result.recordings_a_day),
        "throttled_until": result.throttled_until and format_instant(result.throttled_until),
    }


def _figures(result: ListingResult, traffic: Traffic) -> dict[str, float]:
    """Return the metrics of the run."""
    return {
        "ListingRun": int(result.has_listed),
        "RecordingsListed": result.listed.new,
        "RecordingsUnreadable": result.listed.unreadable + result.fed.unreadable,
        "RecordingsFailed": result.fed.given_up,
        "RequestsSent": traffic.requests,
        "RequestsThrottled": traffic.throttled,
    }


def _standing(container: _Container, result: ListingResult, at: datetime) -> dict[str, float]:
    """Return the state after the run; nothing is near deletion while nothing waits."""
    backlog = container.backlog.at(at)
    media = container.ringcentral.gates[RequestKind.MEDIA]
    figures = {
        "Pending": backlog.count,
        "AgeOfOldestPending": backlog.age_s(at),
        "RequestsPermitted": media.requests_in(timedelta(seconds=1)),
    }
    days = backlog.days_to_deletion(at, deletion_after=result.deletion_after)
    return figures if days is None else figures | {"DaysToNearestDeletion": days}
