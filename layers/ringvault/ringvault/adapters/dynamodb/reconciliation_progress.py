"""How far reconciliation has come, in the state table."""

import json
import zlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.dynamodb.item import inflated
from ringvault.adapters.dynamodb.versioned import VersionedItem
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.reconciliation.finding import Cause, Finding, Verdict
from ringvault.core.reconciliation.run import ChainHead, Period, ReconciliationProgress, Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECONCILIATION_NAME = "reconciliation_progress"
# Twenty thousand findings, each with the longest reason.
MAX_RUN_BYTES = 64 * 1024 * 1024


class ReconciliationProgressStore:
    """Loads and saves the progress; whoever saves has to have loaded the newest."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._item = VersionedItem(
            table_name,
            client,
            name=RECONCILIATION_NAME,
            called="reconciliation progress",
            without="the open runs begin again, and the chain goes on behind the newest report",
        )

    def load(self) -> tuple[ReconciliationProgress, int]:
        """Return the progress and its version; nothing yet is version 0."""
        progress, version = self._item.load(_reconciliation_progress)
        return progress or ReconciliationProgress(), version

    def save(self, progress: ReconciliationProgress, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""
        item: dict[str, Any] = {"runs": {"L": [{"B": _packed(run)} for run in progress.runs]}}
        if progress.last_daily_on is not None:
            item["last_daily_on"] = {"S": progress.last_daily_on.isoformat()}
        if progress.chain_head is not None:
            item["chain_head"] = {
                "M": {
                    "number": {"N": str(progress.chain_head.number)},
                    "sha256_hex": {"S": progress.chain_head.sha256_hex},
                }
            }
        if progress.backfills_since:
            item["backfills_since"] = {
                "M": {
                    end: {"S": format_instant(since)}
                    for end, since in progress.backfills_since.items()
                }
            }
        return self._item.save(item, version=version)


def _reconciliation_progress(item: Mapping[str, Any]) -> ReconciliationProgress:
    head = item.get("chain_head")
    return ReconciliationProgress(
        runs=tuple(
            _run(json.loads(inflated(run["B"], limit=MAX_RUN_BYTES))) for run in item["runs"]["L"]
        ),
        last_daily_on=_day(item["last_daily_on"]["S"]) if "last_daily_on" in item else None,
        chain_head=_chain_head(head["M"]) if head else None,
        backfills_since=_backfills(item["backfills_since"]["M"])
        if "backfills_since" in item
        else {},
    )


def _packed(run: Run) -> bytes:
    document = {
        "from_on": run.period.from_on.isoformat(),
        "to_on": run.period.to_on.isoformat(),
        "started_at": format_instant(run.started_at),
        "reached_at": format_instant(run.reached_at),
        "is_daily": run.is_daily,
        "stride_s": run.stride.total_seconds(),
        "requests": run.requests,
        "invocations": run.invocations,
        "days": {day.isoformat(): dict(counts) for day, counts in run.days.items()},
        "findings": [_finding_fields(finding) for finding in run.findings],
        "unnamed": run.unnamed,
        "found": [_finding_fields(finding) for finding in run.found],
        "finished_at": run.finished_at and format_instant(run.finished_at),
        "is_chain_from_bucket": run.is_chain_from_bucket,
    }
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode())


def _run(document: Mapping[str, Any]) -> Run:
    return Run(
        period=Period(_day(document["from_on"]), _day(document["to_on"])),
        started_at=parse_instant(document["started_at"]),
        reached_at=parse_instant(document["reached_at"]),
        is_daily=document["is_daily"],
        stride=timedelta(seconds=document["stride_s"]),
        requests=document["requests"],
        invocations=document["invocations"],
        days={_day(day): counts for day, counts in document["days"].items()},
        findings=tuple(_finding(fields) for fields in document["findings"]),
        unnamed=document["unnamed"],
        found=tuple(_finding(fields) for fields in document["found"]),
        finished_at=parse_instant(document["finished_at"]) if document["finished_at"] else None,
        # The release before had no such field.
        is_chain_from_bucket=document.get("is_chain_from_bucket", False),
    )


def _finding_fields(finding: Finding) -> list[Any]:
    return [
        finding.on.isoformat(),
        finding.recording_id,
        finding.verdict.value,
        [cause.value for cause in finding.causes],
        finding.detail,
        finding.is_rewritten,
        finding.is_counted,
    ]


def _finding(fields: list[Any]) -> Finding:
    # The release before did not write the last one.
    on, recording_id, verdict, causes, detail, is_rewritten, *is_counted = fields
    return Finding(
        on=_day(on),
        recording_id=recording_id,
        verdict=Verdict(verdict),
        causes=tuple(Cause(cause) for cause in causes),
        detail=detail,
        is_rewritten=is_rewritten,
        is_counted=all(is_counted),
    )


def _chain_head(attributes: Mapping[str, Any]) -> ChainHead:
    return ChainHead(int(attributes["number"]["N"]), attributes["sha256_hex"]["S"])


def _backfills(attributes: Mapping[str, Any]) -> Mapping[str, datetime]:
    return {end: parse_instant(since["S"]) for end, since in attributes.items()}


def _day(text: str) -> date:
    return date.fromisoformat(text)
