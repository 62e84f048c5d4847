"""The progress of listing, reconciliation and verification, in the state table."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.dynamodb.attributes import (
    Attributes,
    attributes_of,
    instant_in,
    number_in,
    text_in,
)
from ringvault.adapters.dynamodb.item import inflated
from ringvault.adapters.dynamodb.versioned import VersionedItem
from ringvault.core.catalogue.indexes import Position
from ringvault.core.fixity.check import Condition, Damage
from ringvault.core.fixity.verification import Sample, Verification
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.listing.windows import (
    MAX_STRIDE,
    MIN_STRIDE,
    Kind,
    ListingProgress,
    Window,
    bounded,
)
from ringvault.core.reconciliation.finding import Cause, Finding, Verdict
from ringvault.core.reconciliation.run import ChainHead, ReconciliationProgress, Run
from ringvault.core.ringcentral.call_log import PartlyRead
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Period

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


LISTING_NAME = "listing_progress"


class ListingProgressStore:
    """Loads and saves the progress; only the newest version can be changed."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._item = VersionedItem(
            table_name,
            client,
            name=LISTING_NAME,
            label="listing progress",
            without="the lister reads the whole retention again, and adds nothing twice",
        )

    def load(self) -> tuple[ListingProgress, int]:
        """Return the progress and its version; nothing yet is version 0."""
        progress, version = self._item.load(_listing_progress)
        return progress or ListingProgress(), version

    def save(self, progress: ListingProgress, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""
        partly_read = progress.partly_read
        fields = {
            "windows": [_window_fields(window) for window in progress.windows],
            "opened_to": progress.opened_to,
            "is_quiet": progress.is_quiet,
            "retention": _retention_fields(progress.retention),
            "recordings_a_day": progress.recordings_a_day,
            "retention_read_at": progress.retention_read_at,
            "partly_read": None if partly_read is None else asdict(partly_read),
        }
        return self._item.save(attributes_of(fields), version=version)


def _listing_progress(item: Attributes) -> ListingProgress:
    return ListingProgress(
        windows=bounded(_window(window["M"]) for window in item["windows"]["L"]),
        opened_to={
            name: parse_instant(instant["S"]) for name, instant in item["opened_to"]["M"].items()
        },
        is_quiet=item["is_quiet"]["BOOL"],
        recordings_a_day=number_in(item, "recordings_a_day"),
        retention=_retention(item["retention"]["M"]),
        retention_read_at=instant_in(item, "retention_read_at"),
        partly_read=_partly_read(item["partly_read"]["M"]) if "partly_read" in item else None,
    )


def _window_fields(window: Window) -> dict[str, object]:
    return {
        "kind": window.kind.value,
        "from_at": window.from_at,
        "to_at": window.to_at,
        "stride_s": window.stride.total_seconds(),
        "broken_at": window.broken_at,
    }


def _window(attributes: Attributes) -> Window:
    return Window(
        kind=Kind(attributes["kind"]["S"]),
        from_at=parse_instant(attributes["from_at"]["S"]),
        to_at=parse_instant(attributes["to_at"]["S"]),
        stride=_stride(float(attributes["stride_s"]["N"])),
        broken_at=instant_in(attributes, "broken_at"),
    )


def _stride(stride_s: float) -> timedelta:
    """Return the stride within its bounds; earlier releases could store one of no length."""
    shortest_s, longest_s = MIN_STRIDE.total_seconds(), MAX_STRIDE.total_seconds()
    return timedelta(seconds=min(max(stride_s, shortest_s), longest_s))


def _partly_read(attributes: Attributes) -> PartlyRead:
    return PartlyRead(
        from_at=parse_instant(attributes["from_at"]["S"]),
        to_at=parse_instant(attributes["to_at"]["S"]),
        pages=int(attributes["pages"]["N"]),
        next_uri=attributes["next_uri"]["S"],
    )


def _retention_fields(retention: Retention) -> dict[str, object]:
    shortest = retention.shortest_period
    return {
        "period_s": retention.period.total_seconds(),
        "most_recordings": retention.max_recordings,
        "shortest_period_s": None if shortest is None else shortest.total_seconds(),
    }


def _retention(attributes: Attributes) -> Retention:
    shortest_s = number_in(attributes, "shortest_period_s")
    return Retention(
        period=timedelta(seconds=float(attributes["period_s"]["N"])),
        max_recordings=int(attributes["most_recordings"]["N"]),
        shortest_period=None if shortest_s is None else timedelta(seconds=shortest_s),
    )


RECONCILIATION_NAME = "reconciliation_progress"
# Twenty thousand findings, each with the longest reason.
MAX_RUN_BYTES = 64 * 1024 * 1024


class ReconciliationProgressStore:
    """Loads and saves the progress; only the newest version can be changed."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._item = VersionedItem(
            table_name,
            client,
            name=RECONCILIATION_NAME,
            label="reconciliation progress",
            without="the open runs begin again, and the chain goes on after the newest report",
        )

    def load(self) -> tuple[ReconciliationProgress, int]:
        """Return the progress and its version; nothing yet is version 0."""
        progress, version = self._item.load(_reconciliation_progress)
        return progress or ReconciliationProgress(), version

    def save(self, progress: ReconciliationProgress, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""
        on, head = progress.last_daily_on, progress.chain_head
        fields = {
            "runs": [_packed(run) for run in progress.runs],
            "last_daily_on": None if on is None else on.isoformat(),
            "chain_head": None if head is None else asdict(head),
            "backfills_since": progress.backfills_since or None,
        }
        return self._item.save(attributes_of(fields), version=version)


def _reconciliation_progress(item: Attributes) -> ReconciliationProgress:
    head, last_daily_on = item.get("chain_head"), text_in(item, "last_daily_on")
    return ReconciliationProgress(
        runs=tuple(
            _run(json.loads(inflated(run["B"], limit=MAX_RUN_BYTES))) for run in item["runs"]["L"]
        ),
        last_daily_on=_day(last_daily_on) if last_daily_on else None,
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


def _chain_head(attributes: Attributes) -> ChainHead:
    return ChainHead(int(attributes["number"]["N"]), attributes["sha256_hex"]["S"])


def _backfills(attributes: Attributes) -> Mapping[str, datetime]:
    return {end: parse_instant(since["S"]) for end, since in attributes.items()}


def _day(text: str) -> date:
    return date.fromisoformat(text)


VERIFICATION_NAME = "verification_progress"


class VerificationProgressStore:
    """Loads and saves the last verification; only the newest version can be changed."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._item = VersionedItem(
            table_name,
            client,
            name=VERIFICATION_NAME,
            label="verification progress",
            without="ringvault verify begins again",
        )

    def load(self) -> tuple[Verification | None, int]:
        """Return the last one, None before the first, and its version."""
        return self._item.load(
            lambda item: _verification(json.loads(inflated(item["verification"]["B"])))
        )

    def save(self, verification: Verification, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""
        document = json.dumps(_document(verification), separators=(",", ":"))
        packed = attributes_of({"verification": zlib.compress(document.encode())})
        return self._item.save(packed, version=version)


def _document(verification: Verification) -> dict[str, Any]:
    position, finished_at = verification.position, verification.finished_at
    return {
        "sample": verification.selection.sample,
        "seed": verification.selection.seed,
        "started_at": format_instant(verification.started_at),
        "total": verification.total,
        "position": position and [format_instant(position.started_at), position.recording_id],
        "verdicts": dict(verification.verdicts),
        "read_bytes": verification.read_bytes,
        "damages": [asdict(damage) for damage in verification.damages],
        "unnamed": verification.unnamed,
        "finished_at": finished_at and format_instant(finished_at),
    }


def _verification(document: dict[str, Any]) -> Verification:
    position, finished_at = document["position"], document["finished_at"]
    return Verification(
        selection=Sample(document["sample"], document["seed"]),
        started_at=parse_instant(document["started_at"]),
        total=document["total"],
        position=position and Position(parse_instant(position[0]), position[1]),
        verdicts=document["verdicts"],
        read_bytes=document["read_bytes"],
        damages=tuple(_damage(fields) for fields in document["damages"]),
        unnamed=document["unnamed"],
        finished_at=finished_at and parse_instant(finished_at),
    )


def _damage(fields: dict[str, Any]) -> Damage:
    return Damage(**{**fields, "verdict": Condition(fields["verdict"])})
