"""The report of a reconciliation: JSON with the digest of the previous one."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ringvault.core.errors import ConflictError, ObjectExistsError
from ringvault.core.instants import format_instant
from ringvault.core.reconciliation.finding import Cause, Finding, Verdict
from ringvault.core.reconciliation.report_page import page_of
from ringvault.core.reconciliation.run import ChainHead, Run

# Version 2 adds verdicts, `previous_number` and `is_chain_from_bucket`.
SCHEMA_VERSION = 2
PREFIX = "reports/reconciliation/"
REWRITTEN = "rewritten"
COUNTED = (*Verdict, *Cause, REWRITTEN)


@dataclass(frozen=True, slots=True)
class Report:
    """One report in the vault: the JSON, and the page for people."""

    number: int
    document: bytes
    page: bytes

    @property
    def document_key(self) -> str:
        """The object key of the JSON."""
        return key_of(self.number)

    @property
    def page_key(self) -> str:
        """The object key of the page."""
        return page_key_of(self.number)

    @property
    def as_chain_head(self) -> ChainHead:
        """The chain head after this report."""
        return ChainHead(self.number, sha256_hex(self.document))


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def key_of(number: int) -> str:
    """Return the object key of a report's JSON; numbers sort as text."""
    return f"{PREFIX}{number:06d}.json"


def page_key_of(number: int) -> str:
    """Return the object key of a report's page."""
    return f"{PREFIX}{number:06d}.html"


def number_of(object_key: str) -> int | None:
    """Return the number of the report whose JSON has that key, None for other objects."""
    stem, _, suffix = object_key.removeprefix(PREFIX).partition(".")
    is_report = object_key.startswith(PREFIX) and suffix == "json"
    return int(stem) if is_report and stem.isascii() and stem.isdigit() else None


def report_of(run: Run, *, after: ChainHead, number: int | None = None) -> Report:
    """Return the report of a finished run; the same run gives the same bytes.

    `number` is the next after `after`, or a later one if that is taken.
    """
    number = after.number + 1 if number is None else number
    fields = _fields(run) | {
        "schema_version": SCHEMA_VERSION,
        "number": number,
        "previous_number": after.number or None,
        "previous_sha256_hex": after.sha256_hex or None,
    }
    page = page_of(fields).encode()
    document = json.dumps(fields | {"page_sha256_hex": sha256_hex(page)}, indent=1, sort_keys=True)
    return Report(number, document.encode(), page)


def totals_of(run: Run) -> dict[str, int]:
    """Return how often each verdict and cause was found."""
    totals: Counter[str] = Counter()
    for counts in run.days.values():
        totals.update(counts)
    return _all_counts(totals)


def _fields(run: Run) -> dict[str, Any]:
    if run.finished_at is None:
        raise ValueError("the run is not finished")
    return {
        "from": run.period.from_on.isoformat(),
        "to": run.period.to_on.isoformat(),
        "started_at": format_instant(run.started_at),
        "finished_at": format_instant(run.finished_at),
        "took_s": round((run.finished_at - run.started_at).total_seconds()),
        "quota_requests": run.requests,
        "invocations": run.invocations,
        "is_chain_from_bucket": run.is_chain_from_bucket,
        "totals": totals_of(run),
        "days": [
            {"day": day.isoformat(), **_all_counts(counts)}
            for day, counts in sorted(run.days.items())
        ],
        "findings": [_finding(finding) for finding in run.findings],
        "findings_not_named": run.unnamed,
    }


def _all_counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {str(name): counts.get(name, 0) for name in COUNTED}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "day": finding.on.isoformat(),
        "recording_id": finding.recording_id,
        "verdict": finding.verdict.value,
        "causes": [cause.value for cause in finding.causes],
        "detail": finding.detail,
        "is_rewritten": finding.is_rewritten,
        "is_counted": finding.is_counted,
    }


class ReportVault(Protocol):
    """The reports in the bucket; none is ever overwritten."""

    def report_keys(self) -> Sequence[str]:
        """Return the keys of all objects under `reports/reconciliation/`, in order."""

    def read_report(self, object_key: str) -> bytes:
        """Return the content of a report."""

    def store_report(self, object_key: str, content: bytes, *, content_type: str) -> None:
        """Store a report; ObjectExistsError if there is one, which is not changed."""


def store_report(run: Run, vault: ReportVault, *, after: ChainHead) -> Report:
    """Store the report of a finished run after `after` and return it; repeating it is harmless.

    A number that is taken is skipped: only the state knows which reports belong to the chain.

    Raises:
        ConflictError: the number was taken meanwhile; the next attempt finds another.
    """
    taken = set(vault.report_keys())
    report = report_of(run, after=after)
    while not _is_free_or_own(report, taken, vault):
        report = report_of(run, after=after, number=report.number + 1)
    for object_key, (content, content_type) in _objects_of(report).items():
        try:
            vault.store_report(object_key, content, content_type=content_type)
        except ObjectExistsError as error:
            if vault.read_report(object_key) != content:
                raise ConflictError(f"{object_key} was written by another process") from error
    return report


def last_report(vault: ReportVault) -> ChainHead:
    """Return the chain's end according to the bucket: only used if the state is lost."""
    numbers = {number_of(key): key for key in vault.report_keys()}
    number = max((number for number in numbers if number is not None), default=0)
    if number == 0:
        return ChainHead()
    return ChainHead(number, sha256_hex(vault.read_report(numbers[number])))


def strangers_behind(head: ChainHead, vault: ReportVault, *, run: Run) -> Iterator[Finding]:
    """Yield the objects after the chain's end that have the key of a report."""
    for object_key in vault.report_keys():
        number = number_of(object_key)
        if number is not None and number > head.number:
            yield Finding(run.last_on, None, Verdict.UNEXPECTED, detail=object_key)


def _objects_of(report: Report) -> dict[str, tuple[bytes, str]]:
    """Return content and type by key, the JSON first: a page alone has no meaning."""
    return {
        report.document_key: (report.document, "application/json"),
        report.page_key: (report.page, "text/html; charset=utf-8"),
    }


def _is_free_or_own(report: Report, taken: set[str], vault: ReportVault) -> bool:
    keys = {key_of(report.number), page_key_of(report.number)} & taken
    objects = _objects_of(report)
    return all(vault.read_report(key) == objects[key][0] for key in keys)
