"""What the catalogue says of a recording: its state, and what was archived."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import UnreadableItemError

# By which rules an item is written (docs/adr/0026).
SCHEMA_VERSION = 2


class State(StrEnum):
    """Where a recording stands; each is written only after it has come true."""

    PENDING = "PENDING"  # listed, not on the queue; may carry a `retry_at`
    QUEUED = "QUEUED"  # its id is on the queue, or with an archiver
    ARCHIVED = "ARCHIVED"  # verified in the vault, sidecar beside it
    ABSENT = "ABSENT"  # RingCentral no longer has it; `reason` says how we know
    FAILED = "FAILED"  # given up for good; `reason` says why
    ERASING = "ERASING"  # a person had it erased, and some of it may still be there
    ERASED = "ERASED"  # nothing of it is left but this: it is never fetched again
    EXPIRING = "EXPIRING"  # its time in the vault is over, and S3 may still have some of it
    EXPIRED = "EXPIRED"  # S3 has deleted it; nothing is left but this: it is never fetched again


# Neither played, fetched, held nor found any more.
GONE_STATES = frozenset({State.ERASING, State.ERASED, State.EXPIRING, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a recording is kept, since when, and the id of who said so."""

    reason: str
    since: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """Since when a recording is being erased, and the id of who said so."""

    began_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class RepeatedAnswer:
    """An answer that RingCentral gave for a recording: how often, and when first and last."""

    times: int
    first_at: datetime
    last_at: datetime

    @classmethod
    def after(cls, earlier: "RepeatedAnswer | None", *, at: datetime) -> "RepeatedAnswer":
        """Return what is known when the answer came once more."""
        if earlier is None:
            return cls(1, at, at)
        return cls(earlier.times + 1, earlier.first_at, max(at, earlier.last_at))

    @property
    def lasted(self) -> timedelta:
        """The time between the first and the last of them."""
        return self.last_at - self.first_at


@dataclass(frozen=True, slots=True)
class ArchivedObject:
    """What lies in the vault for one recording.

    `crc32` is S3's full-object CRC-32, base64 of four big-endian bytes;
    `audio_duration_s` is None where the audio does not tell it. `waveform` has one byte a peak,
    0 silent to 255 loudest, at most 800 and evenly spread over the duration; None where unknown.
    `notes` are codes of what is peculiar about the file: those of core/audio/head.py.
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

    `expiring_at` is when S3 was last told to delete what is EXPIRING; its `retry_at` is when to
    look whether it did, None where nobody knows that it was told.

    `attempts` counts failed attempts, `deferrals` waits that were no failure of the recording.
    `not_found` is RingCentral's own 404 for the content, `refused` its 403 for this recording;
    None where it never came. `unrecognised_sha256_hex` is the digest of content that came whole
    and is of no known type. `former_numbers` are the number index's keys of an earlier form of the
    record that may still be there.
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
    """Several items, and one error for each that is there and can't be read."""

    items: tuple[CatalogueItem, ...] = ()
    unreadable: tuple[UnreadableItemError, ...] = ()


def tombstone(item: CatalogueItem, state: State, *, reason: str) -> CatalogueItem:
    """Return that there was a recording of this id at that time, and why it is gone."""
    recording = replace(
        item.recording, content_uri="", duration_s=None, extension_id=None, call_record={}
    )
    return CatalogueItem(recording, state, listed_at=item.listed_at, reason=reason)


class CatalogueReader(Protocol):
    """The catalogue, for reading one item at a time."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, None where RingCentral never listed the recording."""
