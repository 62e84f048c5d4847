"""Repairs missing recordings where possible: nothing in the bucket is ever overwritten."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ringvault.core.catalogue.item import GONE_STATES, ArchivedObject, CatalogueItem, State
from ringvault.core.catalogue.recording import Recording, followed
from ringvault.core.errors import ConflictError
from ringvault.core.lifecycle.erase_recordings import tombstone_of
from ringvault.core.reconciliation.finding import Cause, Judged
from ringvault.core.vault.checksum import StoredSize
from ringvault.core.vault.layout import proof_key, sidecar_key

# Each of these restores an item, its objects, or both.
_REVIVING = frozenset({Cause.CATALOGUE_ITEM_DELETED, Cause.OBJECT_DELETED, Cause.SIDECAR_MISSING})
OBJECT_DELETED = "its object was deleted from the vault"


class RepairCatalogue(Protocol):
    """The catalogue; every change depends on the state that it expects."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the current item, None if the id is unknown."""

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Replace the item of an erased recording by its tombstone."""

    def add_indexed(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add the numbers, then the recordings that are missing as PENDING; return how many."""

    def restore(self, item: CatalogueItem) -> None:
        """Add the item; ConflictError if there is one."""

    def set_pending_again(self, item: CatalogueItem, *, reason: str, retry_at: datetime) -> None:
        """Set PENDING an item archived as `item` says; ConflictError if it no longer is."""

    def follow_record(self, recording: Recording) -> CatalogueItem:
        """Apply a rewritten record and return the item; ConflictError if gone."""


class RepairVault(Protocol):
    """The bucket."""

    def measure(self, object_keys: Sequence[str]) -> Mapping[str, StoredSize]:
        """Return size and CRC-32 of the objects that exist."""

    def find_audio(self, prefix: str) -> str | None:
        """Return the key of the one object with this prefix, None if there is none."""

    def opened_sidecar(self, object_key: str) -> str:
        """Return the ETag of the sidecar; if there is none, an empty one is stored first.

        ConflictError if it was deleted meanwhile.
        """

    def store_sidecar(
        self, object_key: str, *, item: CatalogueItem, archived: ArchivedObject, replaces: str
    ) -> None:
        """Replace the sidecar that has the ETag `replaces`; ConflictError where it is gone."""


def put_right(
    judged: Judged, *, catalogue: RepairCatalogue, vault: RepairVault, now: datetime
) -> None:
    """Repair what is possible; recordings that another process changed meanwhile are skipped.

    Repeating it is harmless. An altered object is left to a person. Nothing is written for a
    recording that is erased or expired, or whose erasure begins meanwhile.
    """
    causes = judged.finding.causes
    with suppress(ConflictError):
        if Cause.NEVER_LISTED in causes and judged.listed is not None:
            catalogue.add_indexed([judged.listed], listed_at=now)
        elif judged.item is None:
            return
        elif not _REVIVING.isdisjoint(causes) and _has_proof(judged.item, vault):
            _bury(judged.item, catalogue=catalogue)
            return
        elif Cause.CATALOGUE_ITEM_DELETED in causes:
            catalogue.restore(_restorable(judged.item, causes, now))
        elif Cause.OBJECT_DELETED in causes:
            _fetch_again(judged.item, catalogue=catalogue, vault=vault, now=now)
        elif Cause.SIDECAR_MISSING in causes:
            _write_sidecar(judged.item.recording.recording_id, catalogue=catalogue, vault=vault)
        if judged.finding.is_rewritten and judged.item is not None and judged.listed is not None:
            _follow(judged.item, judged.listed, catalogue=catalogue, vault=vault)


def _has_proof(item: CatalogueItem, vault: RepairVault) -> bool:
    return vault.find_audio(proof_key(item.recording)) is not None


def _bury(item: CatalogueItem, *, catalogue: RepairCatalogue) -> None:
    """Record the erasure, even if a backup or a sidecar disagrees."""
    tombstone = tombstone_of(item)
    try:
        catalogue.restore(tombstone)
    except ConflictError:
        catalogue.bury_erased(tombstone)


def _restorable(item: CatalogueItem, causes: Sequence[Cause], now: datetime) -> CatalogueItem:
    if Cause.OBJECT_DELETED not in causes:
        return item
    return replace(item, state=State.PENDING, archived=None, reason=OBJECT_DELETED, retry_at=now)


def _fetch_again(
    item: CatalogueItem, *, catalogue: RepairCatalogue, vault: RepairVault, now: datetime
) -> None:
    """Have it fetched again, unless the object has reappeared."""
    if item.archived is not None and not vault.measure([item.archived.object_key]):
        catalogue.set_pending_again(item, reason=OBJECT_DELETED, retry_at=now)


def _write_sidecar(recording_id: str, *, catalogue: RepairCatalogue, vault: RepairVault) -> None:
    """Write the sidecar from the current item."""
    item = catalogue.find(recording_id)
    if item is not None and _is_in_vault(item):
        _store_bound(item.recording, catalogue=catalogue, vault=vault)


def _store_bound(recording: Recording, *, catalogue: RepairCatalogue, vault: RepairVault) -> None:
    """Write the sidecar of an archived item with `recording`, or nothing.

    The object is opened first, then the item is read, then that very object is replaced. An
    erasure sets the item ERASING before it deletes: if it began before the item was read, this
    ends there; if it began later, it deletes the opened object, and nothing can be replaced, or
    it deletes what replaced it.

    Raises:
        ConflictError: the object was deleted or replaced meanwhile.
    """
    key = sidecar_key(recording)
    etag = vault.opened_sidecar(key)
    item = catalogue.find(recording.recording_id)
    if item is not None and item.archived is not None and item.state not in GONE_STATES:
        rewritten = replace(item, recording=recording)
        vault.store_sidecar(key, item=rewritten, archived=item.archived, replaces=etag)


def _is_in_vault(item: CatalogueItem) -> bool:
    return item.archived is not None and item.state not in GONE_STATES


def _follow(
    item: CatalogueItem, listed: Recording, *, catalogue: RepairCatalogue, vault: RepairVault
) -> None:
    """Write sidecar, then catalogue: after a crash in between the change is found again."""
    recording = followed(item.recording, listed)
    fresh = catalogue.find(item.recording.recording_id)
    if recording is None or fresh is None or fresh.state in GONE_STATES:
        return
    if _is_in_vault(fresh):
        _store_bound(recording, catalogue=catalogue, vault=vault)
    after = catalogue.follow_record(recording)
    if _is_in_vault(after) and not _is_in_vault(fresh):
        # It was archived meanwhile, perhaps with the old record.
        _store_bound(recording, catalogue=catalogue, vault=vault)
