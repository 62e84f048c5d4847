"""Call log, catalogue and bucket held against each other: what each recording stands at."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import PurePosixPath

from ringvault.core.archive_recording import StoredObject
from ringvault.core.catalogue import GONE, ArchivedObject, CatalogueItem, State
from ringvault.core.recording import Recording, is_recording_id
from ringvault.core.rewritten_record import followed
from ringvault.core.vault_layout import AUDIO, sidecar_key

FILE_TYPES = frozenset({".mp3", ".wav", ".bin"})


class Verdict(StrEnum):
    """What a recording stands at; `unexpected` is an object, beside the recordings."""

    ARCHIVED = "archived"
    ABSENT = "absent"
    PENDING = "pending"
    QUEUED = "queued"
    FAILED = "failed"
    ERASED = "erased"
    EXPIRED = "expired"
    MISSING = "missing"
    UNEXPECTED = "unexpected"


class Cause(StrEnum):
    """Why a recording is missing."""

    NEVER_LISTED = "never_listed"
    CATALOGUE_ITEM_DELETED = "catalogue_item_deleted"
    OBJECT_DELETED = "object_deleted"
    OBJECT_ALTERED = "object_altered"
    SIDECAR_MISSING = "sidecar_missing"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one recording, or on an object that is no recording's.

    `recording_id` is None where an object's name is none that ringvault gives: it may hold
    anything, so only its folder is told. `detail` is the reason why it is absent or failed, or
    the key of the object that is damaged or unexpected. `is_rewritten` says that its call-log
    record has changed.
    """

    on: date
    recording_id: str | None
    verdict: Verdict
    causes: tuple[Cause, ...] = ()
    detail: str | None = None
    is_rewritten: bool = False

    @property
    def subject(self) -> str:
        """What it is about, once in a run."""
        if self.verdict is Verdict.UNEXPECTED or self.recording_id is None:
            return self.detail or ""
        return self.recording_id

    @property
    def is_named(self) -> bool:
        """Whether a report names it: all but what is as it should be or on its way."""
        return self.is_rewritten or self.verdict not in {
            Verdict.ARCHIVED,
            Verdict.PENDING,
            Verdict.QUEUED,
            Verdict.ERASED,
            Verdict.EXPIRED,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and what is needed to put it right."""

    finding: Finding
    item: CatalogueItem | None = None
    listed: Recording | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the three say of one day's recordings, or of a part of the day.

    `known` are ids that the catalogue holds elsewhere. `from_sidecars` are items that it does not
    hold, as their sidecars tell them. `not_yet_due` are listed recordings that the lister has
    still to come to. `object_keys` are the day's, audio and sidecars; `measured` is the audio
    that some item names.
    """

    on: date
    listed: Mapping[str, Recording] = field(default_factory=dict)
    items: Mapping[str, CatalogueItem] = field(default_factory=dict)
    known: AbstractSet[str] = frozenset()
    from_sidecars: Mapping[str, CatalogueItem] = field(default_factory=dict)
    not_yet_due: AbstractSet[str] = frozenset()
    object_keys: AbstractSet[str] = frozenset()
    measured: Mapping[str, StoredObject] = field(default_factory=dict)


def judge(evidence: Evidence) -> Iterator[Judged]:
    """Yield one verdict for each recording, then each object that is none's."""
    for recording_id, item in evidence.items.items():
        yield _of_item(item, evidence.listed.get(recording_id), evidence)
    for item in evidence.from_sidecars.values():
        yield _of_deleted_item(item, evidence)
    for recording in evidence.listed.values():
        if _is_unknown(recording.recording_id, evidence):
            yield _of_unlisted(recording, evidence)
    for object_key in sorted(evidence.object_keys):
        if object_key.startswith(AUDIO) and _is_unexpected(object_key, evidence):
            yield Judged(_of_object(object_key, evidence))


def recording_id_in(object_key: str) -> str | None:
    """Return the recording that an object of audio or a sidecar is named after, None for none."""
    path = PurePosixPath(object_key)
    suffixes = FILE_TYPES if object_key.startswith(AUDIO) else {".json"}
    return path.stem if path.suffix in suffixes and is_recording_id(path.stem) else None


def _of_item(item: CatalogueItem, listed: Recording | None, evidence: Evidence) -> Judged:
    causes = _causes(item, evidence)
    is_rewritten = (
        listed is not None
        and item.state not in GONE
        and followed(item.recording, listed) is not None
    )
    finding = Finding(
        on=evidence.on,
        recording_id=item.recording.recording_id,
        verdict=Verdict.MISSING if causes else _verdict_of(item.state),
        causes=causes,
        detail=_detail(item, causes),
        is_rewritten=is_rewritten,
    )
    return Judged(finding, item, listed)


def _of_deleted_item(item: CatalogueItem, evidence: Evidence) -> Judged:
    causes = (Cause.CATALOGUE_ITEM_DELETED, *_causes(item, evidence))
    recording_id = item.recording.recording_id
    finding = Finding(
        evidence.on, recording_id, Verdict.MISSING, causes, detail=_detail(item, causes)
    )
    return Judged(finding, item, evidence.listed.get(recording_id))


def _of_unlisted(recording: Recording, evidence: Evidence) -> Judged:
    if recording.recording_id in evidence.not_yet_due:
        finding = Finding(evidence.on, recording.recording_id, Verdict.PENDING)
    else:
        causes = (Cause.NEVER_LISTED,)
        finding = Finding(evidence.on, recording.recording_id, Verdict.MISSING, causes)
    return Judged(finding, listed=recording)


def _verdict_of(state: State) -> Verdict:
    if state in {State.EXPIRING, State.EXPIRED}:
        return Verdict.EXPIRED
    return Verdict.ERASED if state in GONE else Verdict(state.value.lower())


def _causes(item: CatalogueItem, evidence: Evidence) -> tuple[Cause, ...]:
    if item.state is not State.ARCHIVED or item.archived is None:
        return ()
    causes = []
    measured = evidence.measured.get(item.archived.object_key)
    if measured is None:
        causes.append(Cause.OBJECT_DELETED)
    elif not is_as_archived(measured, item.archived):
        causes.append(Cause.OBJECT_ALTERED)
    if sidecar_key(item.recording) not in evidence.object_keys:
        causes.append(Cause.SIDECAR_MISSING)
    return tuple(causes)


def _detail(item: CatalogueItem, causes: tuple[Cause, ...]) -> str | None:
    if causes and item.archived is not None:
        return item.archived.object_key
    return item.reason if item.state in {State.ABSENT, State.FAILED} else None


def is_as_archived(measured: StoredObject, archived: ArchivedObject) -> bool:
    """Whether an object is what was archived; one without a CRC-32 is not of our writing."""
    return (measured.size_bytes, measured.crc32) == (archived.size_bytes, archived.crc32)


def _is_unknown(recording_id: str, evidence: Evidence) -> bool:
    places = (evidence.items, evidence.known, evidence.from_sidecars)
    return not any(recording_id in place for place in places)


def _is_unexpected(object_key: str, evidence: Evidence) -> bool:
    recording_id = recording_id_in(object_key)
    if recording_id is None:
        return True
    item = evidence.items.get(recording_id) or evidence.from_sidecars.get(recording_id)
    if item is None:
        return recording_id not in evidence.known and recording_id not in evidence.listed
    if item.archived is not None:
        return item.archived.object_key != object_key
    return item.state is State.ABSENT or item.state in GONE


def _of_object(object_key: str, evidence: Evidence) -> Finding:
    recording_id = recording_id_in(object_key)
    folder = object_key.rpartition("/")[0]
    detail = object_key if recording_id is not None else f"{folder}/"
    return Finding(evidence.on, recording_id, Verdict.UNEXPECTED, detail=detail)
