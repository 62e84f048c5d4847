"""A quota that processes on this machine share: one SQLite file, with our rule of versions."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.quota.counts import Counts
from ringvault.core.errors import ConflictError
from ringvault.core.instants import from_epoch_ms, to_epoch_ms
from ringvault.core.quota.window import Quota

BUSY_TIMEOUT_S = 10.0


def create_shared_quotas(path: Path) -> None:
    """Create the file; once, before any process opens it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE quota (name TEXT PRIMARY KEY, version INT, value TEXT)")
    connection.close()


class SharedQuotaStore:
    """One service user's quota, with instants rounded to milliseconds as in the state table."""

    def __init__(self, path: Path, name: str, default: Quota, counts: Counts) -> None:
        """Open the file; `default` holds until a first save."""
        self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._name = name
        self._default = default
        self._counts = counts

    def load(self) -> tuple[Quota, int]:
        """Return the quota and its version; a new quota has version 0."""
        found = self._connection.execute(
            "SELECT version, value FROM quota WHERE name = ?", (self._name,)
        ).fetchone()
        if found is None:
            return self._default, 0
        return self._quota(json.loads(found[1])), found[0]

    def save(self, quota: Quota, *, version: int) -> None:
        """Store the quota as version + 1; ConflictError if `version` is no longer current."""
        self._counts.quota_writes += 1
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            _, current = self.load()
            if current == version:
                self._connection.execute(
                    "INSERT OR REPLACE INTO quota VALUES (?, ?, ?)",
                    (self._name, version + 1, _text(quota)),
                )
        finally:
            self._connection.execute("COMMIT")
        if current != version:
            self._counts.lost_races += 1
            raise ConflictError("another process was first")

    def _quota(self, value: Any) -> Quota:  # noqa: ANN401 - what JSON holds
        closed_until = value["closed_until"]
        return Quota(
            limit=self._default.limit,
            window=self._default.window,
            guard=self._default.guard,
            turns=tuple(map(from_epoch_ms, value["turns"])),
            closed_until=None if closed_until is None else from_epoch_ms(closed_until),
            closings=value["closings"],
        )


def _text(quota: Quota) -> str:
    closed_until = quota.closed_until
    return json.dumps(
        {
            "turns": [to_epoch_ms(turn) for turn in quota.turns],
            "closed_until": None if closed_until is None else to_epoch_ms(closed_until),
            "closings": quota.closings,
        }
    )


def scaled(quota: Quota, window: timedelta) -> Quota:
    """Return the quota with a shorter window, and the guard shortened as much."""
    return Quota(limit=quota.limit, window=window, guard=quota.guard * (window / quota.window))
