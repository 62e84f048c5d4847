"""Rebuilds the catalogue from the bucket alone; existing items are not changed.

The catalogue itself is the progress: if the command is killed, run it again. Restored items are
skipped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Protocol

from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem
from ringvault.core.concurrency import AtOnce
from ringvault.core.errors import ConflictError, InvalidRecordError
from ringvault.core.vault.checksum import StoredSize, is_as_archived
from ringvault.core.vault.cold_storage import InColdStorageError
from ringvault.core.vault.layout import AUDIO, SIDECARS, recording_id_in, sidecar_key

# The caller gets the progress this often: every second or two.
RECORDINGS_AT_ONCE = 200


class RestoredCatalogue(Protocol):
    """The catalogue to fill."""

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return which of the ids the catalogue holds."""

    def restore(self, item: CatalogueItem) -> None:
        """Add the item; ConflictError if there is one."""

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Replace the item of an erased recording by its tombstone.

        ConflictError if it is ERASED or ERASING already.
        """


class TellingVault(Protocol):
    """The bucket to read."""

    def days(self) -> Sequence[tuple[str, date]]:
        """Return every account and day that has objects, oldest first within the account."""

    def tombstones(self) -> Iterable[CatalogueItem]:
        """Yield the item of every erased recording, from its proof."""

    def keys_of(self, account_id: str, on: date) -> Iterable[str]:
        """Return the keys of a day's audio and sidecars."""

    def find_sidecar(self, object_key: str) -> CatalogueItem | None:
        """Return the item that a sidecar describes, None if it is missing."""

    def measured(self, object_key: str) -> StoredSize | None:
        """Return size and CRC-32 of an object, None if it is missing."""


class Fault(StrEnum):
    """Why a recording is not restored."""

    AUDIO_MISSING = "audio_missing"
    AUDIO_ALTERED = "audio_altered"
    SIDECAR_MISSING = "sidecar_missing"
    SIDECAR_UNREADABLE = "sidecar_unreadable"
    ERASED = "erased"  # but an object of it exists


ADVICE = {
    Fault.AUDIO_MISSING: (
        "remove the delete marker of its audio and run this again;"
        " if there is none, reconciliation fetches it again while RingCentral has it"
    ),
    Fault.AUDIO_ALTERED: "restore the correct version, and run this again",
    Fault.SIDECAR_MISSING: (
        "remove the delete marker of its sidecar and run this again;"
        " if there is none, the lister finds it again while RingCentral has it"
    ),
    Fault.SIDECAR_UNREADABLE: "restore the correct version, and run this again",
    Fault.ERASED: "its objects are in the bucket again: ringvault erase --recording ID",
}


@dataclass(frozen=True, slots=True)
class Unrestored:
    """A recording that the catalogue still lacks; `object_key` is the object at fault.

    `detail` is None if the fault needs none.
    """

    recording_id: str
    object_key: str
    fault: Fault
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The progress: `known` were in the catalogue already; `found` is new since the last one."""

    days: int
    days_done: int = 0
    restored: int = 0
    known: int = 0
    unrestored: int = 0
    found: tuple[Unrestored, ...] = ()

    def with_known(self, known: int) -> "Rebuilt":
        """Return it with more recordings that the catalogue has already."""
        return replace(self, known=self.known + known, found=())

    def with_outcomes(self, outcomes: Sequence[Unrestored | bool]) -> "Rebuilt":
        """Return it with more outcomes: a fault, or whether this run restored the recording."""
        found = tuple(it for it in outcomes if isinstance(it, Unrestored))
        restored = sum(it is True for it in outcomes)
        return replace(
            self,
            restored=self.restored + restored,
            known=self.known + len(outcomes) - len(found) - restored,
            unrestored=self.unrestored + len(found),
            found=found,
        )

    def with_day(self) -> "Rebuilt":
        """Return it with one more finished day."""
        return replace(self, days_done=self.days_done + 1, found=())


def rebuild_catalogue(
    *, vault: TellingVault, catalogue: RestoredCatalogue, at_once: AtOnce
) -> Iterator[Rebuilt]:
    """Yield the progress; after the last one everything in the bucket was read.

    Each recording whose sidecar and audio agree by size and CRC-32 becomes ARCHIVED, with its
    numbers in the index. A recording with a proof of erasure becomes ERASED first, even if the
    catalogue says otherwise, so that it is not fetched again; an object of it that still exists
    is a fault. Objects with other names than ringvault's are skipped.

    Raises:
        ServiceUnavailableError: AWS fails; restored items stay, run it again.
    """
    erased = {_buried(tombstone, catalogue) for tombstone in vault.tombstones()}
    days = vault.days()
    rebuilt = Rebuilt(days=len(days))
    yield rebuilt
    restore = partial(_restored, vault=vault, catalogue=catalogue)
    for account_id, on in days:
        keys = vault.keys_of(account_id, on)
        returned = _returned(keys, erased)
        if returned:
            rebuilt = rebuilt.with_outcomes(returned)
            yield rebuilt
        sidecars = {it: key for it, key in _sidecars_of(keys).items() if it not in erased}
        known = catalogue.known(list(sidecars))
        rebuilt = rebuilt.with_known(len(known))
        lost = [named for named in sidecars.items() if named[0] not in known]
        for start in range(0, len(lost), RECORDINGS_AT_ONCE):
            rebuilt = rebuilt.with_outcomes(
                at_once(restore, lost[start : start + RECORDINGS_AT_ONCE])
            )
            yield rebuilt
        rebuilt = rebuilt.with_day()
        yield rebuilt


def _buried(tombstone: CatalogueItem, catalogue: RestoredCatalogue) -> str:
    """Put the tombstone of the erased recording, and return its id."""
    try:
        catalogue.restore(tombstone)
    except ConflictError:
        with suppress(ConflictError):
            catalogue.bury_erased(tombstone)
    return tombstone.recording.recording_id


def _returned(object_keys: Iterable[str], erased: AbstractSet[str]) -> Sequence[Unrestored]:
    """Return the erased recordings that have an object, each with one of its keys."""
    found: dict[str, str] = {}
    for key in sorted(object_keys):
        recording_id = recording_id_in(key)
        if recording_id is not None and recording_id in erased:
            found[recording_id] = key
    return [Unrestored(it, key, Fault.ERASED) for it, key in found.items()]


def _sidecars_of(object_keys: Iterable[str]) -> Mapping[str, str]:
    """Return the sidecar's key for each recording, even if only the audio exists."""
    found = {}
    for key in sorted(object_keys):
        recording_id = recording_id_in(key)
        if recording_id is not None:
            folder = key.removeprefix(AUDIO).removeprefix(SIDECARS).rpartition("/")[0]
            found[recording_id] = f"{SIDECARS}{folder}/{recording_id}.json"
    return found


def _restored(
    named: tuple[str, str], *, vault: TellingVault, catalogue: RestoredCatalogue
) -> Unrestored | bool:
    """Restore one; return whether this run was first, or why it can't be restored."""
    recording_id, key = named
    try:
        item = vault.find_sidecar(key)
    except (InColdStorageError, InvalidRecordError) as error:
        return Unrestored(recording_id, key, Fault.SIDECAR_UNREADABLE, str(error))
    if item is None:
        return Unrestored(recording_id, key, Fault.SIDECAR_MISSING)
    if item.archived is None or sidecar_key(item.recording) != key:
        return Unrestored(recording_id, key, Fault.SIDECAR_UNREADABLE, "it describes another one")
    fault = _fault(item.archived, vault)
    if fault is not None:
        return Unrestored(recording_id, item.archived.object_key, fault)
    try:
        catalogue.restore(item)
    except ConflictError:
        return False
    return True


def _fault(archived: ArchivedObject, vault: TellingVault) -> Fault | None:
    measured = vault.measured(archived.object_key)
    if measured is None:
        return Fault.AUDIO_MISSING
    return None if is_as_archived(measured, archived) else Fault.AUDIO_ALTERED
