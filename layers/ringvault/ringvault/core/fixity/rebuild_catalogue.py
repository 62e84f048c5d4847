"""Makes the catalogue again from the bucket alone; what is in the catalogue stays as it is.

The catalogue itself tells how far it has come: whoever is killed runs it again, and what was
restored is passed over.
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

# Between two of them the caller learns how far it is: every second or two.
RECORDINGS_AT_ONCE = 200


class RestoredCatalogue(Protocol):
    """The catalogue to be filled."""

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return which of the ids the catalogue holds."""

    def restore(self, item: CatalogueItem) -> None:
        """Put the item where there is none; ConflictError where there is one."""

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Put the tombstone of an erased recording in place of its item.

        ConflictError where it is ERASED or ERASING already.
        """


class TellingVault(Protocol):
    """The bucket to be read."""

    def days(self) -> Sequence[tuple[str, date]]:
        """Return every account and day that has objects, oldest first within the account."""

    def tombstones(self) -> Iterable[CatalogueItem]:
        """Yield the item of every recording that was erased, as its proof tells of it."""

    def keys_of(self, account_id: str, on: date) -> Iterable[str]:
        """Return the keys of a day's audio and sidecars."""

    def find_sidecar(self, object_key: str) -> CatalogueItem | None:
        """Return the item that a sidecar tells of, None where there is none."""

    def measured(self, object_key: str) -> StoredSize | None:
        """Return size and CRC-32 of an object, None where there is none."""


class Fault(StrEnum):
    """Why a recording is not restored."""

    AUDIO_MISSING = "audio_missing"
    AUDIO_ALTERED = "audio_altered"
    SIDECAR_MISSING = "sidecar_missing"
    SIDECAR_UNREADABLE = "sidecar_unreadable"
    ERASED = "erased"  # and yet an object of it is there


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
    """A recording that the catalogue lacks still; `object_key` is that of what keeps it away.

    `detail` is None where the fault says all.
    """

    recording_id: str
    object_key: str
    fault: Fault
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How far it is: `known` were in the catalogue already; `found` is new since the last one."""

    days: int
    days_done: int = 0
    restored: int = 0
    known: int = 0
    unrestored: int = 0
    found: tuple[Unrestored, ...] = ()

    def with_known(self, known: int) -> "Rebuilt":
        """Return it with some more that need nothing."""
        return replace(self, known=self.known + known, found=())

    def with_outcomes(self, outcomes: Sequence[Unrestored | bool]) -> "Rebuilt":
        """Return it with some more that were tried: a fault, or whether it was restored by us."""
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
        """Return it with one more day that is through."""
        return replace(self, days_done=self.days_done + 1, found=())


def rebuild_catalogue(
    *, vault: TellingVault, catalogue: RestoredCatalogue, at_once: AtOnce
) -> Iterator[Rebuilt]:
    """Yield how far it is; at the last one everything in the bucket was looked at.

    Each recording whose sidecar and audio agree by size and CRC-32 comes back ARCHIVED, with its
    numbers in the index. What has a proof of erasure comes back as erased, before anything else
    and whatever the catalogue says of it, so that it is not fetched again; an object of it that is
    there is a fault. Objects whose name is none that ringvault gives are passed over.

    Raises:
        ServiceUnavailableError: AWS fails; what was restored stays, run it again.
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
    """Let the recording be known as erased, and return its id."""
    try:
        catalogue.restore(tombstone)
    except ConflictError:
        with suppress(ConflictError):
            catalogue.bury_erased(tombstone)
    return tombstone.recording.recording_id


def _returned(object_keys: Iterable[str], erased: AbstractSet[str]) -> Sequence[Unrestored]:
    """Return the erased recordings of which there is an object, each with one of its keys."""
    found: dict[str, str] = {}
    for key in sorted(object_keys):
        recording_id = recording_id_in(key)
        if recording_id is not None and recording_id in erased:
            found[recording_id] = key
    return [Unrestored(it, key, Fault.ERASED) for it, key in found.items()]


def _sidecars_of(object_keys: Iterable[str]) -> Mapping[str, str]:
    """Return the key of the sidecar by recording, whether it is there or the audio alone."""
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
    """Restore one, and return whether nobody else was quicker, or why it can't be."""
    recording_id, key = named
    try:
        item = vault.find_sidecar(key)
    except (InColdStorageError, InvalidRecordError) as error:
        return Unrestored(recording_id, key, Fault.SIDECAR_UNREADABLE, str(error))
    if item is None:
        return Unrestored(recording_id, key, Fault.SIDECAR_MISSING)
    if item.archived is None or sidecar_key(item.recording) != key:
        return Unrestored(recording_id, key, Fault.SIDECAR_UNREADABLE, "it tells of another one")
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
