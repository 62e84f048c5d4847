"""An archive in memory, damaged on purpose, and the report about it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ringvault.core.spans import Period
from ringvault.core.vault.layout import sidecar_key
from tests.support.fakes import START
from tests.support.vault_in_memory import DAY, Outside, call

Damage = Callable[[Outside, str], None]

MAX_INVOCATIONS = 200

# Two of a day, from the oldest day of the reach on: all of them older than the lister's look-back.
TIMES = [START - 5 * DAY + it * timedelta(hours=8) for it in range(10)]


def whole(**changes: Any) -> Outside:
    """Return an account of ten recordings, all archived well."""
    outside = Outside(**changes)
    for number, started_at in enumerate(TIMES, start=1):
        outside.archive(call(number, started_at))
    return outside


def key_of(outside: Outside, recording_id: str) -> str:
    """Return the object key of an archived recording."""
    archived = outside.items[recording_id].archived
    assert archived is not None
    return archived.object_key


def delete_object(outside: Outside, recording_id: str) -> None:
    """Lose the audio."""
    del outside.audio[key_of(outside, recording_id)]


def alter_object(outside: Outside, recording_id: str) -> None:
    """Change the audio's bytes, not their number."""
    key = key_of(outside, recording_id)
    outside.audio[key] = replace(outside.audio[key], crc32="other")


def delete_item(outside: Outside, recording_id: str) -> None:
    """Lose the catalogue item."""
    del outside.items[recording_id]


def delete_sidecar(outside: Outside, recording_id: str) -> None:
    """Lose the sidecar."""
    del outside.sidecars[sidecar_key(outside.items[recording_id].recording)]


def never_list(outside: Outside, recording_id: str) -> None:
    """Lose all but the call log's record."""
    delete_object(outside, recording_id)
    delete_sidecar(outside, recording_id)
    delete_item(outside, recording_id)


def report_of(outside: Outside, asked: Period | None = None) -> dict[str, Any]:
    """Invoke until the report is there, and return it."""
    for _ in range(MAX_INVOCATIONS):
        result = outside.invoke(asked)
        assert result.problem is None, result.problem
        if result.report is not None:
            report: dict[str, Any] = json.loads(outside.reports[result.report.document_key])
            return report
    raise AssertionError("it never comes to its end")
