"""Proves the archive: compares the bucket with what was served, byte for byte."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.errors import LocalError
from local.lambda_.schedule import ScheduledFunction
from local.up.main_job import fault_of
from local.up.stored import Stored, Vault


@dataclass(frozen=True, slots=True)
class Proof:
    """The faults of the vault: ids of recordings, and keys of objects.

    `missing` are not there, `differing` are not as they were served, `unexpected` are not the
    audio of a recording or a second one, and `open_uploads` were neither completed nor aborted.
    """

    missing: tuple[str, ...]
    differing: tuple[str, ...]
    unexpected: tuple[str, ...]
    open_uploads: tuple[str, ...]


def prove(vault: Vault, *, books: dict[str, Any] | None) -> Proof:
    """Read every archived object back and compare it.

    With the simulator's books it is compared with the served content; without, with the
    catalogue's digest, and missing is every listed recording that is neither archived nor
    absent.
    """
    archived = vault.archived_items()
    missing = list(vault.unarchived_ids()) if books is None else []
    differing = []
    for recording_id, expected in _expected(archived, books):
        found = (
            vault.read_back(archived[recording_id]["object_key"])
            if recording_id in archived
            else None
        )
        if found is None:
            missing.append(recording_id)
        elif found != expected:
            differing.append(recording_id)
    keys = {item["object_key"] for item in archived.values()}
    unexpected = [key for key in vault.object_keys() if _is_audio(key) and key not in keys]
    return Proof(
        tuple(missing), tuple(differing), tuple(unexpected), tuple(vault.open_upload_keys())
    )


def _is_audio(object_key: str) -> bool:
    return object_key.startswith("recordings/")


def _expected(
    archived: dict[str, dict[str, str]], books: dict[str, Any] | None
) -> Iterator[tuple[str, Stored]]:
    if books is None:
        for recording_id, item in archived.items():
            yield recording_id, Stored(int(item["size_bytes"]), item["sha256_hex"])
        return
    for recording in books["recordings"]:
        if recording["available"]:
            yield recording["id"], Stored(recording["size"], recording["sha256"])


# Another invocation may succeed after a failed one; more would be in vain.
_MAX_FAULTS = 3
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The number found missing or unexpected, and the key of its report in the bucket."""

    unreconciled: int
    report: str


def reconcile(function: ScheduledFunction) -> Reconciliation:
    """Invoke the function until its report is written.

    Raises:
        LocalError: it fails repeatedly.
    """
    faults = 0
    while True:
        outcome = function.run_once()
        result: dict[str, Any] = outcome.result if isinstance(outcome.result, dict) else {}
        if result.get("outcome") == "complete":
            totals = result["totals"]
            return Reconciliation(totals["missing"] + totals["unexpected"], result["report"])
        fault = fault_of(outcome)
        faults = faults + 1 if fault else 0
        if fault and faults >= _MAX_FAULTS:
            told = ": ".join(fault)
            raise LocalError(f"reconciliation fails: {told}; its log in .local/logs says more")
        time.sleep(_PAUSE_S if result.get("throttled_until") else 0)
