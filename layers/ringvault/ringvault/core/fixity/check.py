"""Whether what was archived is still what it was, byte for byte."""

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

# A long body breaks off now and then, and boto3 repeats requests, not bodies.
ATTEMPTS = 3

T = TypeVar("T")


class Condition(StrEnum):
    """What a recording and its sidecar are by now."""

    INTACT = "intact"
    ALTERED = "altered"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Digest:
    """What an object holds: its SHA-256, and how much was read for it."""

    sha256_hex: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with one object, and what somebody can do about it.

    `object_key` says "catalogue item" where that is damaged. `command` brings an object back from
    cold storage; None where that is not what it needs.
    """

    recording_id: str
    object_key: str
    verdict: Condition
    problem: str
    advice: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A recording that was read back; without damages it is intact."""

    damages: tuple[Damage, ...]
    read_bytes: int

    @property
    def verdict(self) -> Condition:
        """That of the audio, or of the sidecar where the audio is intact."""
        return self.damages[0].verdict if self.damages else Condition.INTACT


class ReadBackVault(Protocol):
    """The bucket, of which nothing is changed."""

    def digest(self, object_key: str) -> Digest | None:
        """Return what an object holds by reading all of it, None where there is none."""

    def find_sidecar(self, object_key: str) -> CatalogueItem | None:
        """Return the item that a sidecar tells of, None where there is none."""


def check(item: CatalogueItem, *, vault: ReadBackVault) -> Checked | None:
    """Return what audio and sidecar are by now, None for an item that is not ARCHIVED.

    Raises:
        ServiceUnavailableError: S3 does not answer, several times in a row.
    """
    archived = item.archived
    if archived is None:
        return None
    recording_id = item.recording.recording_id
    audio, read_bytes = _of_audio(recording_id, archived, vault)
    sidecar = _of_sidecar(recording_id, sidecar_key(item.recording), archived, vault)
    return Checked(tuple(it for it in (audio, sidecar) if it is not None), read_bytes)


def unreadable(error: UnreadableItemError) -> Checked:
    """Return what is known of a recording whose catalogue item can't be read."""
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
        else "reconciliation writes it anew from the catalogue"
    )
    advice = f"remove its delete marker, where there is one; otherwise {other}"
    return Damage(recording_id, key, Condition.MISSING, "it is not there", advice)


def _altered(recording_id: str, key: str, problem: str) -> Damage:
    advice = "compare its versions and restore the right one"
    if not key.startswith(AUDIO):
        advice += "; or delete it, and reconciliation writes it anew from the catalogue"
    return Damage(recording_id, key, Condition.ALTERED, problem, advice)


def _unreadable(recording_id: str, key: str, error: PermanentError) -> Damage:
    advice, command = "find out who may read it, and verify again", None
    if isinstance(error, InColdStorageError):
        advice = "it is being restored: verify again when that is done"
        if not error.stored.is_being_restored:
            advice, command = "restore it, and verify again", error.stored.restore_command()
    return Damage(recording_id, key, Condition.UNREADABLE, str(error), advice, command)
