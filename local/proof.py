"""Proves the archive: what was served against what lies in the bucket, byte for byte."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.vault import Stored, Vault


@dataclass(frozen=True, slots=True)
class Proof:
    """The ids of recordings that are not in the vault, and of those that are there but differ."""

    missing: tuple[str, ...]
    differing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything is there, unchanged."""
        return not self.missing and not self.differing


def prove(vault: Vault, *, books: dict[str, Any] | None) -> Proof:
    """Read every archived object back and compare it.

    With the simulator's books it is compared with what the simulator served; without, with what
    the catalogue says of it.
    """
    archived = vault.archived_items()
    missing, differing = [], []
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
    return Proof(tuple(missing), tuple(differing))


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
