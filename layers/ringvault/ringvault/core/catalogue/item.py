"""A recording's item in the catalogue: its state, and the archived object."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import UnreadableItemError

# The version of the rules by which an item is written (docs/adr/0026).
SCHEMA_VERSION = 2


class State(StrEnum):
    """A recording's state; each is written only after it has come true."""

    PENDING = "PENDING"  # listed, not on the queue; may carry a `retry_at`
    QUEUED = "QUEUED"  # its id is on the queue, or with an archiver
    ARCHIVED = "ARCHIVED"  # verified in the vault, sidecar beside it
    ABSENT = "ABSENT"  # RingCentral no longer has it; `reason` says how we know
    FAILED = "FAILED"  # given up for good; `reason` says why
    ERASING = "ERASING"  # a person is erasing it; parts may still exist
    ERASED = "ERASED"  # only this item is left: it is never fetched again
    EXPIRING = "EXPIRING"  # its time in the vault is over; S3 may still have parts of it
    EXPIRED = "EXPIRED"  # S3 has deleted it; only this item is left: it is never fetched again


# These are not played, fetched, held or found any more.
GONE_STATES = frozenset({State.ERASING, State.ERASED, State.EXPIRING, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a recording is kept, since when, and the id of the person who requested it."""

    reason: str
    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """Since when a recording is being erased, and the id of the person who requested it."""

    began_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class RepeatedAnswer:
    """An answer that RingCentral gave for a recording: how often, first and last time."""

    times: int
    first_at: datetime
    last_at: datetime

    @classmethod
    def after(cls, earlier: "RepeatedAnswer | None", *, at: datetime) -> "RepeatedAnswer":
        """Return the answer counted once more."""
        if earlier is None:
            return cls(1, at, at)
        return cls(earlier.times + 1, earlier.first_at, max(at, earlier.last_at))

    @property
    def lasted(self) -> timedelta:
        """The time between the first and the last answer."""
        return self.last_at - self.first_at


@dataclass(frozen=True, slots=True)
class ArchivedObject:
    """The object in the vault for one recording.

    `crc32` is S3's full-object CRC-32, base64 of four big-endian bytes;
    `audio_duration_s` is None if the audio does not say. `waveform` has one byte a peak,
    0 silent to 255 loudest, at most 800 and evenly spread over the duration; None if unknown.
    `notes` are codes of the file's irregularities: those of core/audio/head.py.
    """

    object_key: str
    content_type: str
    size_bytes: int
    sha256_hex: str
    crc32: str
    audio_duration_s: float | None
    archived_at: datetime
    waveform: bytes | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One recording in the catalogue.

    `expiring_at` is when S3 was last asked to delete an EXPIRING recording; its `retry_at` is when
    to check the deletion, None if it is unknown whether S3 was asked.

    `attempts` counts failed attempts, `deferrals` waits that were no failure of the recording.
    `not_found` is RingCentral's own 404 for the content, `refused` its 403 for this recording; each
    is None before the first. `unrecognised_sha256_hex` is the digest of complete content of an
    unknown type. `former_numbers` are the number index's keys of an earlier form of the record
    that may still exist.
    """

    recording: Recording
    state: State
    listed_at: datetime
    attempts: int = 0
    queued_at: datetime | None = None
    claimed_until: datetime | None = None
    retry_at: datetime | None = None
    reason: str | None = None
    archived: ArchivedObject | None = None
    hold: Hold | None = None
    erasure: Erasure | None = None
    expiring_at: datetime | None = None
    deferrals: int = 0
    not_found: RepeatedAnswer | None = None
    refused: RepeatedAnswer | None = None
    unrecognised_sha256_hex: str | None = None
    former_numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ItemsRead:
    """Several items, and one error for each item that exists and can't be read."""

    items: tuple[CatalogueItem, ...] = ()
    unreadable: tuple[UnreadableItemError, ...] = ()


def tombstone(item: CatalogueItem, state: State, *, reason: str) -> CatalogueItem:
    """Return an item that says that this recording existed, when, and why it is gone."""
    recording = replace(
        item.recording, content_uri="", duration_s=None, extension_id=None, call_record={}
    )
    return CatalogueItem(recording, state, listed_at=item.listed_at, reason=reason)


class CatalogueReader(Protocol):
    """Reads single items of the catalogue."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, None if RingCentral never listed the recording."""
