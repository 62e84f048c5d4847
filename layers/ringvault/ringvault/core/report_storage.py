"""Puts a report into the vault under its number, and finds the newest there."""

from collections.abc import Sequence
from typing import Protocol

from ringvault.core.errors import ObjectExistsError
from ringvault.core.reconciliation_report import Report, number_of, sha256_hex
from ringvault.core.reconciliation_run import ChainHead


class ReportVault(Protocol):
    """The reports in the bucket; none is ever overwritten."""

    def report_keys(self) -> Sequence[str]:
        """Return the keys of all objects under `reports/reconciliation/`, in order."""

    def read_report(self, object_key: str) -> bytes:
        """Return what a report holds."""

    def store_report(self, object_key: str, content: bytes, *, content_type: str) -> None:
        """Store a report; ObjectExistsError where there is one, which stays as it was."""


def is_stored(report: Report, vault: ReportVault) -> bool:
    """Store it, JSON first, and again without harm; False where another has its number."""
    return _is_there(vault, report.document_key, report.document, "application/json") and _is_there(
        vault, report.page_key, report.page, "text/html; charset=utf-8"
    )


def last_report(vault: ReportVault) -> ChainHead:
    """Return the chain's end as the bucket alone tells it."""
    numbers = {number_of(key): key for key in vault.report_keys()}
    number = max((number for number in numbers if number is not None), default=0)
    if number == 0:
        return ChainHead()
    return ChainHead(number, sha256_hex(vault.read_report(numbers[number])))


def _is_there(vault: ReportVault, object_key: str, content: bytes, content_type: str) -> bool:
    try:
        vault.store_report(object_key, content, content_type=content_type)
    except ObjectExistsError:
        return vault.read_report(object_key) == content
    return True
