"""Erases recordings for good, except held ones; a tombstone and a proof remain."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from ringvault.core.catalogue.indexes import NumberPointers
from ringvault.core.catalogue.item import CatalogueItem, Erasure, State, tombstone
from ringvault.core.catalogue.recording import Recording, is_recording_id
from ringvault.core.catalogue.selection import Chosen
from ringvault.core.concurrency import AtOnce
from ringvault.core.errors import ConflictError, InvalidRecordError, RingvaultError
from ringvault.core.instants import Clock, format_instant, parse_instant
from ringvault.core.vault.layout import proof_key

ERASED_AT_ONCE = 50
# An archiver's invocation ends after 15 minutes: one with an older claim has ended.
FETCHED_WITHIN = timedelta(minutes=16)


class ErasableCatalogue(Protocol):
    """The catalogue; every change depends on the state that it expects."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, None where the id is unknown."""

    def begin_erasure(
        self, recording_id: str, erasure: Erasure, *, claimed_before: datetime
    ) -> None:
        """Set ERASING an item that is not held, and not claimed after `claimed_before`.

        Raises:
            ConflictError: it is held, being fetched, erased or expired already.
        """

    def end_erasure(self, tombstone: CatalogueItem) -> None:
        """Replace an ERASING item by its tombstone; ConflictError if it is not ERASING."""


class ErasableVault(Protocol):
    """The bucket."""

    def is_held(self, recording: Recording) -> bool:
        """Whether a version of the recording's objects is under a legal hold."""

    def erase(self, recording: Recording) -> int:
        """Delete audio and sidecar, every version and delete marker; abort open uploads.

        Return how many versions and markers there were.
        """

    def store_proof(self, proof: dict[str, object], *, of: Recording) -> None:
        """Store the proof; an existing one is not changed."""


class ErasureOutcome(StrEnum):
    """The outcome for one recording."""

    ERASED = "erased"
    ERASED_ALREADY = "erased_already"  # or expired: nothing is left
    HELD = "held"
    BEING_FETCHED = "being_fetched"
    FAILED = "failed"  # `problems` says why; the next run continues


# Only the tombstone is left.
_BURIED = frozenset({State.ERASED, State.EXPIRED})
REFUSED = frozenset({ErasureOutcome.HELD, ErasureOutcome.BEING_FETCHED, ErasureOutcome.FAILED})


@dataclass(frozen=True, slots=True)
class EraseRecordings:
    """The use case with its collaborators; `by` is the id of the person who requests it.

    `problems` has the error of each FAILED recording, by its id.
    """

    catalogue: ErasableCatalogue
    vault: ErasableVault
    pointers: NumberPointers
    clock: Clock
    by: str
    problems: dict[str, RingvaultError] = field(default_factory=dict)

    def __call__(
        self, chosen: Sequence[Chosen], *, at_once: AtOnce
    ) -> Iterator[Sequence[tuple[str, ErasureOutcome]]]:
        """Erase them; yield ids and outcomes in batches.

        An ERASING item is not played, fetched or held. It keeps its numbers, so that a run after a
        crash finds and finishes it; they are removed last, with everything else but the id.
        A second erasure of the same recording at the same time is harmless; each works on its own.

        A failure does not keep the others from being erased; an ERASING recording waits for the
        next run.
        """
        for start in range(0, len(chosen), ERASED_AT_ONCE):
            yield at_once(self._erased, chosen[start : start + ERASED_AT_ONCE])

    def _erased(self, it: Chosen) -> tuple[str, ErasureOutcome]:
        try:
            return it.recording_id, self._outcome(it.recording_id)
        except RingvaultError as error:
            self.problems[it.recording_id] = error
            return it.recording_id, ErasureOutcome.FAILED

    def _outcome(self, recording_id: str) -> ErasureOutcome:
        item = self.catalogue.find(recording_id)
        if item is None:
            return ErasureOutcome.ERASED_ALREADY
        if item.state in _BURIED:
            return self._swept(item)
        if item.state is not State.ERASING:
            refusal = self._refusal(item)
            if refusal is not None:
                return refusal
            self._begin(recording_id)
            item = self.catalogue.find(recording_id)
            if item is None or item.state in _BURIED:
                return ErasureOutcome.ERASED_ALREADY
            if item.state is not State.ERASING:
                return ErasureOutcome.BEING_FETCHED
        return self._finished(item)

    def _swept(self, item: CatalogueItem) -> ErasureOutcome:
        """Delete objects that came back, such as a sidecar that was restored by hand."""
        if self.vault.is_held(item.recording):
            return ErasureOutcome.HELD
        return (
            ErasureOutcome.ERASED
            if self.vault.erase(item.recording)
            else ErasureOutcome.ERASED_ALREADY
        )

    def _refusal(self, item: CatalogueItem) -> ErasureOutcome | None:
        if item.hold is not None or self.vault.is_held(item.recording):
            return ErasureOutcome.HELD
        claimed_until = item.claimed_until
        if claimed_until is not None and claimed_until > self.clock() - FETCHED_WITHIN:
            return ErasureOutcome.BEING_FETCHED
        return None

    def _begin(self, recording_id: str) -> None:
        """Set ERASING, unless another process was first."""
        now = self.clock()
        erasure = Erasure(began_at=now, by=self.by)
        with suppress(ConflictError):
            self.catalogue.begin_erasure(recording_id, erasure, claimed_before=now - FETCHED_WITHIN)

    def _finished(self, item: CatalogueItem) -> ErasureOutcome:
        self.vault.erase(item.recording)
        self.vault.store_proof(proof_of(item, erased_at=self.clock()), of=item.recording)
        self.pointers.remove(item.recording, former=item.former_numbers)
        try:
            self.catalogue.end_erasure(tombstone_of(item))
        except ConflictError:
            after = self.catalogue.find(item.recording.recording_id)
            if after is None or after.state not in _BURIED:
                raise
            return ErasureOutcome.ERASED_ALREADY
        return ErasureOutcome.ERASED


SCHEMA_VERSION = 1


def proof_of(item: CatalogueItem, *, erased_at: datetime) -> dict[str, Any]:
    """Return the proof for an item that is being erased; `sha256_hex` is the audio's.

    A recording that was never in the vault has no key, digest and size.

    Raises:
        ValueError: it is not being erased.
    """
    if item.erasure is None:
        raise ValueError("the item is not being erased")
    recording, archived = item.recording, item.archived
    return {
        "schema_version": SCHEMA_VERSION,
        "recording_id": recording.recording_id,
        "account_id": recording.account_id,
        "started_at": format_instant(recording.started_at),
        "listed_at": format_instant(item.listed_at),
        "object_key": archived and archived.object_key,
        "size_bytes": archived and archived.size_bytes,
        "sha256_hex": archived and archived.sha256_hex,
        "erasure_began_at": format_instant(item.erasure.began_at),
        "erased_at": format_instant(erased_at),
        "erased_by": item.erasure.by,
    }


def tombstone_of(item: CatalogueItem) -> CatalogueItem:
    """Return the tombstone of an erased item."""
    return tombstone(item, State.ERASED, reason=f"erased; the proof is {proof_key(item.recording)}")


def tombstone_of_proof(proof: Mapping[str, Any]) -> CatalogueItem:
    """Return the tombstone that belongs to a proof.

    Raises:
        InvalidRecordError: ringvault did not write the proof.
    """
    try:
        recording = Recording(
            recording_id=_id_in(proof),
            account_id=proof["account_id"],
            content_uri="",
            started_at=parse_instant(proof["started_at"]),
            duration_s=None,
            extension_id=None,
            call_record={},
        )
        listed_at = parse_instant(proof["listed_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecordError("a proof of erasure was not written by ringvault") from error
    return tombstone_of(CatalogueItem(recording, State.ERASED, listed_at=listed_at))


def _id_in(proof: Mapping[str, Any]) -> str:
    if proof["schema_version"] != SCHEMA_VERSION or not is_recording_id(proof["recording_id"]):
        raise ValueError("another schema, or no recording")
    return str(proof["recording_id"])
