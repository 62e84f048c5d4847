"""The newest reconciliation report."""

import json
from collections.abc import Mapping
from typing import Any

from ringvault.adapters.dynamodb.progress import ReconciliationProgressStore
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.core.errors import InvalidRecordError
from ringvault.core.reconciliation.report import key_of


class LastReport:
    """Finds the newest report where the state table says that the chain ends."""

    def __init__(self, progress: ReconciliationProgressStore, vault: VaultInventory) -> None:
        self._progress = progress
        self._vault = vault

    def last(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return object key and content of the newest report, None where there is none.

        Raises:
            InvalidRecordError: what lies there is no report.
            ServiceUnavailableError: it was removed.
        """
        progress, _ = self._progress.load()
        head = progress.chain_head
        if head is None or head.number == 0:
            return None
        key = key_of(head.number)
        try:
            return key, json.loads(self._vault.read_report(key))
        except (ValueError, RecursionError) as error:
            raise InvalidRecordError(f"{key} is no report") from error
