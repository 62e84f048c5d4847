"""Lambda: one step of a reconciliation, scheduled or requested, with one log line."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from ringvault.adapters.aws.session import patient_session
from ringvault.adapters.clock import before_end, now
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import ListingProgressStore, ReconciliationProgressStore
from ringvault.adapters.numbering_plans import number_reader
from ringvault.adapters.ringcentral.connect import RingCentral, connect
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.adapters.ringcentral.transport import Traffic
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.core.errors import ConflictError, InvalidRequestError
from ringvault.core.instants import format_instant
from ringvault.core.reconciliation.finding import Cause, Verdict
from ringvault.core.reconciliation.reconcile_archive import ReconciliationResult, reconcile_archive
from ringvault.core.reconciliation.report import totals_of
from ringvault.core.reconciliation.run import Run, period_of
from ringvault.observability import count, failure_of, logger, measure
from ringvault.settings import ReconcileArchiveSettings

# Time reserved after the last request: one timeout of RingCentral's, and a busy
# day's objects to measure.
_MARGIN = timedelta(seconds=90)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Continue the run for one invocation; `outcome` says whether it is complete.

    `complete` has the report's key, `going_on` asks for another invocation with the same event,
    `idle` says that none is due, `overtaken` that another invocation is running, `refused` and
    `failed` have the reason in `problem`.
    """
    try:
        return _run(event, context)
    except InvalidRequestError as error:
        return _answer("refused", **failure_of(error))
    except ConflictError as error:
        return _answer("overtaken", **failure_of(error))
    except Exception as error:  # noqa: BLE001 - Lambda would log and return its text
        return _answer("failed", **failure_of(error))


def _run(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    asked = period_of(event, today=now().date())
    container = _container()
    before = container.ringcentral.transport.traffic
    remaining_ms = context.get_remaining_time_in_millis()
    latest = before_end(remaining_ms, margin=_MARGIN)
    # The last request may begin at `latest`: half of the reserve is for its answer.
    container.ringcentral.transport.end_in(timedelta(milliseconds=remaining_ms) - _MARGIN / 2)
    result = container.reconcile_archive(asked=asked, latest=latest)
    count(container.ringcentral.client.take_alarms())
    traffic = container.ringcentral.transport.traffic.since(before)
    measure(_figures(result, traffic))
    fields = _fields(result) | asdict(traffic)
    if isinstance(result.problem, ConflictError):
        return _answer("overtaken", **failure_of(result.problem), **fields)
    if result.problem is not None:
        return _answer("failed", **failure_of(result.problem), **fields)
    return _answer(_outcome(result), **fields)


def _answer(outcome: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    log = logger().error if outcome in {"failed", "refused"} else logger().info
    log("reconcile_archive", outcome=outcome, **fields)
    return {"outcome": outcome, **fields}


def _outcome(result: ReconciliationResult) -> str:
    if result.run is None:
        return "idle"
    return "complete" if result.report is not None else "going_on"


def _figures(result: ReconciliationResult, traffic: Traffic) -> dict[str, float]:
    """Return the metrics of the invocation; a step is progress, or having nothing to do."""
    is_step = result.problem is None and (traffic.requests > 0 or _outcome(result) != "going_on")
    return _gauges(result) | {
        "ReconciliationStep": int(is_step),
        "ReconciliationRun": int(result.report is not None),
        "RecordingsMissing": result.missing,
        "RequestsSent": traffic.requests,
        "RequestsThrottled": traffic.throttled,
    }


def _gauges(result: ReconciliationResult) -> dict[str, float]:
    """Return the counts of the newest report, empty if this invocation wrote none."""
    if result.run is None or result.report is None:
        return {}
    totals = totals_of(result.run)
    return {
        "RecordingsNotServed": totals[Cause.REPEATEDLY_NOT_SERVED],
        "RecordingsRefused": totals[Verdict.REFUSED],
        "RecordingsUnreadable": totals[Verdict.UNREADABLE],
    }


@dataclass(frozen=True, slots=True)
class _Container:
    """The objects that live as long as the container."""

    reconcile_archive: Callable[..., ReconciliationResult]
    ringcentral: RingCentral


@cache
def _container() -> _Container:
    settings = ReconcileArchiveSettings.from_environ(os.environ)
    session = patient_session()
    dynamodb = session.client("dynamodb")
    ringcentral = connect(settings.ringcentral, session, dynamodb)
    state_table = settings.ringcentral.state_table
    use_case = partial(
        reconcile_archive,
        daily_reach=settings.daily_reach,
        call_log=ringcentral.client,
        quota=ringcentral.gates[RequestKind.CALL_LOG],
        catalogue=CatalogueInventory(
            settings.catalogue_table,
            dynamodb,
            number_index=NumberIndex(
                settings.number_index_table, dynamodb, read=number_reader(settings.phone_region)
            ),
        ),
        vault=VaultInventory(settings.vault_bucket, session.client("s3")),
        listing=ListingProgressStore(state_table, dynamodb),
        wide_look_back=settings.wide_look_back,
        progress=ReconciliationProgressStore(state_table, dynamodb),
        clock=now,
    )
    return _Container(use_case, ringcentral)


def _fields(result: ReconciliationResult) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "found_missing": result.missing,
        "throttled_until": result.throttled_until and format_instant(result.throttled_until),
    }
    if result.run is not None:
        fields |= _of_run(result.run)
    if result.report is not None:
        fields |= {"report": result.report.document_key, "page": result.report.page_key}
    return fields


def _of_run(run: Run) -> dict[str, Any]:
    return {
        "from": run.period.from_on.isoformat(),
        "to": run.period.to_on.isoformat(),
        "reached_at": format_instant(run.reached_at),
        "totals": totals_of(run),
        "quota_requests": run.requests,
    }
