"""Checks one archived recording byte for byte."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem
from ringvault.core.errors import (
    NewerCatalogueError,
    PermanentError,
    ServiceUnavailableError,
    UnreadableItemError,
)
from ringvault.core.vault.cold_storage import InColdStorageError
from ringvault.core.vault.layout import AUDIO, sidecar_key

# Long bodies break off now and then, and boto3 repeats requests, not bodies.
ATTEMPTS = 3

T = TypeVar("T")


class Condition(StrEnum):
    """The present condition of a recording and its sidecar."""

    INTACT = "intact"
    ALTERED = "altered"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Digest:
    """The SHA-256 of an object's content, and how many bytes were read for it."""

    sha256_hex: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Damage:
    """The fault of one object, and the advice to repair it.

    `object_key` is "catalogue item" if that is damaged. `command` restores an object from
    cold storage; None if that is not the remedy.
    """

    recording_id: str
    object_key: str
    verdict: Condition
    problem: str
    advice: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A recording that was read back; it is intact if it has no damages."""

    damages: tuple[Damage, ...]
    read_bytes: int

    @property
    def verdict(self) -> Condition:
        """The audio's, or the sidecar's if the audio is intact."""
        return self.damages[0].verdict if self.damages else Condition.INTACT


class ReadBackVault(Protocol):
    """The bucket, read only."""

    def digest(self, object_key: str) -> Digest | None:
        """Return the digest of an object by reading all of it, None if it is missing."""

    def find_sidecar(self, object_key: str) -> CatalogueItem | None:
        """Return the item that a sidecar describes, None if it is missing."""


def check(item: CatalogueItem, *, vault: ReadBackVault) -> Checked | None:
    """Return the condition of audio and sidecar, None for an item that is not ARCHIVED.

    Raises:
        ServiceUnavailableError: S3 did not answer several times in a row.
    """
    archived = item.archived
    if archived is None:
        return None
    recording_id = item.recording.recording_id
    audio, read_bytes = _of_audio(recording_id, archived, vault)
    sidecar = _of_sidecar(recording_id, sidecar_key(item.recording), archived, vault)
    return Checked(tuple(it for it in (audio, sidecar) if it is not None), read_bytes)


def unreadable(error: UnreadableItemError) -> Checked:
    """Return the result for a recording whose catalogue item can't be read."""
    advice = "restore the item from a backup, or delete it: reconciliation adds it again"
    if isinstance(error, NewerCatalogueError):
        advice = "deploy that release, and run this again"
    recording_id = error.recording_id or "without an id"
    damage = Damage(recording_id, "catalogue item", Condition.UNREADABLE, error.problem, advice)
    return Checked((damage,), 0)


def _of_audio(
    recording_id: str, archived: ArchivedObject, vault: ReadBackVault
) -> tuple[Damage | None, int]:
    key = archived.object_key
    try:
        digest = _attempted(lambda: vault.digest(key))
    except PermanentError as error:
        return _unreadable(recording_id, key, error), 0
    if digest is None:
        return _missing(recording_id, key), 0
    if digest.sha256_hex == archived.sha256_hex:
        return None, digest.size_bytes
    problem = "its SHA-256 differs from the catalogue's"
    return _altered(recording_id, key, problem), digest.size_bytes


def _of_sidecar(
    recording_id: str, key: str, archived: ArchivedObject, vault: ReadBackVault
) -> Damage | None:
    try:
        sidecar = _attempted(lambda: vault.find_sidecar(key))
    except InColdStorageError as error:
        return _unreadable(recording_id, key, error)
    except PermanentError as error:
        return _altered(recording_id, key, str(error))
    if sidecar is None:
        return _missing(recording_id, key)
    if sidecar.archived is None or sidecar.archived.sha256_hex != archived.sha256_hex:
        return _altered(recording_id, key, "its SHA-256 differs from the catalogue's")
    return None


def _attempted(read: Callable[[], T]) -> T:
    for _ in range(ATTEMPTS - 1):
        with suppress(ServiceUnavailableError):
            return read()
    return read()


def _missing(recording_id: str, key: str) -> Damage:
    other = (
        "reconciliation has it fetched while RingCentral has it"
        if key.startswith(AUDIO)
        else "reconciliation writes it again from the catalogue"
    )
    advice = f"remove its delete marker, where there is one; otherwise {other}"
    return Damage(recording_id, key, Condition.MISSING, "it is not there", advice)


def _altered(recording_id: str, key: str, problem: str) -> Damage:
    advice = "compare its versions and restore the right one"
    if not key.startswith(AUDIO):
        advice += "; or delete it, and reconciliation writes it again from the catalogue"
    return Damage(recording_id, key, Condition.ALTERED, problem, advice)


def _unreadable(recording_id: str, key: str, error: PermanentError) -> Damage:
    advice, command = "find out who may read it, and verify again", None
    if isinstance(error, InColdStorageError):
        advice = "it is being restored: verify again when that is done"
        if not error.stored.is_being_restored:
            advice, command = "restore it, and verify again", error.stored.restore_command()
    return Damage(recording_id, key, Condition.UNREADABLE, str(error), advice, command)
