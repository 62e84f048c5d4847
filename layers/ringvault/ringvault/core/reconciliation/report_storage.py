"""Puts a report into the vault under its number, and finds what else lies there."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ringvault.core.errors import ConflictError, ObjectExistsError
from ringvault.core.reconciliation.finding import Finding, Verdict
from ringvault.core.reconciliation.report import (
    Report,
    key_of,
    number_of,
    page_key_of,
    report_of,
    sha256_hex,
)
from ringvault.core.reconciliation.run import ChainHead, Run


class ReportVault(Protocol):
    """The reports in the bucket; none is ever overwritten."""

    def report_keys(self) -> Sequence[str]:
        """Return the keys of all objects under `reports/reconciliation/`, in order."""

    def read_report(self, object_key: str) -> bytes:
        """Return what a report holds."""

    def store_report(self, object_key: str, content: bytes, *, content_type: str) -> None:
        """Store a report; ObjectExistsError where there is one, which stays as it was."""


def store_report(run: Run, vault: ReportVault, *, after: ChainHead) -> Report:
    """Store the report of a finished run behind `after` and return it; again does no harm.

    A number that something else has taken is passed over: only the state knows which reports are
    of the chain.

    Raises:
        ConflictError: something took the number meanwhile; the next attempt finds another.
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
                raise ConflictError(f"{object_key} was written by someone else") from error
    return report


def last_report(vault: ReportVault) -> ChainHead:
    """Return the chain's end as the bucket alone shows it: only where the state is lost."""
    numbers = {number_of(key): key for key in vault.report_keys()}
    number = max((number for number in numbers if number is not None), default=0)
    if number == 0:
        return ChainHead()
    return ChainHead(number, sha256_hex(vault.read_report(numbers[number])))


def strangers_behind(head: ChainHead, vault: ReportVault, *, run: Run) -> Iterator[Finding]:
    """Yield what lies behind the chain's end under a report's key, and is none of the chain."""
    for object_key in vault.report_keys():
        number = number_of(object_key)
        if number is not None and number > head.number:
            yield Finding(run.last_on, None, Verdict.UNEXPECTED, detail=object_key)


def _objects_of(report: Report) -> dict[str, tuple[bytes, str]]:
    """Return content and type by key, the JSON first: a page alone proves nothing."""
    return {
        report.document_key: (report.document, "application/json"),
        report.page_key: (report.page, "text/html; charset=utf-8"),
    }


def _is_free_or_own(report: Report, taken: set[str], vault: ReportVault) -> bool:
    keys = {key_of(report.number), page_key_of(report.number)} & taken
    objects = _objects_of(report)
    return all(vault.read_report(key) == objects[key][0] for key in keys)
