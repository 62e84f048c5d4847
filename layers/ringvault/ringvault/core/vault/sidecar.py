"""The JSON beside a recording: enough to rebuild its catalogue item, flat enough for Athena."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from ringvault.core.catalogue.call_record import (
    MAX_NUMBER,
    MAX_RAW,
    MAX_TEXT,
    CallRecord,
    instant_or_none,
    normalised,
)
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem, State
from ringvault.core.catalogue.recording import Recording, duration_in_range, is_recording_id
from ringvault.core.errors import InvalidRecordError
from ringvault.core.instants import format_instant

SCHEMA_VERSION = 1
# Peaks of a waveform have one byte each, and are 800 at most.
MAX_WAVEFORM = 4_096
MAX_NOTES = 16

T = TypeVar("T")


def sidecar_of(item: CatalogueItem, archived: ArchivedObject) -> dict[str, Any]:
    """Return the content of the sidecar; `call_record` is RingCentral's record, normalised.

    `waveform` is base64 of its peaks, null if unknown. `call_record_raw` is the
    JSON text of the original record, if normalising changed it; else null. `notes` are codes
    of the file's irregularities.
    """
    recording, waveform = item.recording, archived.waveform
    return {
        "schema_version": SCHEMA_VERSION,
        "recording_id": recording.recording_id,
        "account_id": recording.account_id,
        "extension_id": recording.extension_id,
        "content_uri": recording.content_uri,
        "started_at": format_instant(recording.started_at),
        "duration_s": recording.duration_s,
        "listed_at": format_instant(item.listed_at),
        "archived_at": format_instant(archived.archived_at),
        "object_key": archived.object_key,
        "content_type": archived.content_type,
        "size_bytes": archived.size_bytes,
        "sha256_hex": archived.sha256_hex,
        "crc32": archived.crc32,
        "audio_duration_s": archived.audio_duration_s,
        "waveform": None if waveform is None else b64encode(waveform).decode(),
        "notes": list(archived.notes),
        "call_record": dict(recording.call_record),
        "call_record_raw": recording.raw_record,
    }


def item_of_sidecar(document: Any) -> CatalogueItem:  # noqa: ANN401 - any JSON of the bucket
    """Return the ARCHIVED item that a sidecar describes: the inverse of `sidecar_of`.

    Raises:
        InvalidRecordError: ringvault did not write it.
    """
    try:
        return CatalogueItem(
            recording=_recording(document),
            state=State.ARCHIVED,
            listed_at=_instant(document["listed_at"]),
            archived=_archived(document),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InvalidRecordError("a sidecar was not written by ringvault") from error


def _recording(document: Any) -> Recording:  # noqa: ANN401 - as above
    if document["schema_version"] != SCHEMA_VERSION or not is_recording_id(
        document["recording_id"]
    ):
        raise ValueError("another schema, or no recording")
    return Recording(
        recording_id=document["recording_id"],
        account_id=_id(document["account_id"]),
        content_uri=_text(document["content_uri"]),
        started_at=_instant(document["started_at"]),
        duration_s=_duration_s(document["duration_s"]),
        extension_id=_optional(_id, document["extension_id"]),
        call_record=_record(document["call_record"], document.get("call_record_raw")),
    )


def _archived(document: Any) -> ArchivedObject:  # noqa: ANN401 - as above
    return ArchivedObject(
        object_key=_text(document["object_key"]),
        content_type=_text(document["content_type"]),
        size_bytes=_whole(document["size_bytes"]),
        sha256_hex=_text(document["sha256_hex"]),
        crc32=_text(document["crc32"]),
        audio_duration_s=_optional(_seconds, document["audio_duration_s"]),
        archived_at=_instant(document["archived_at"]),
        waveform=_optional(_waveform, document.get("waveform")),
        notes=_notes(document.get("notes", ())),
    )


def _optional(read: Callable[[Any], T], value: Any) -> T | None:  # noqa: ANN401 - as above
    return None if value is None else read(value)


def _text(value: object) -> str:
    """Return a text unchanged; raises for one that S3 or DynamoDB would refuse."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        raise TypeError("not a text")
    value.encode()
    return value


def _id(value: object) -> str:
    if not isinstance(value, str) or not is_recording_id(value):
        raise ValueError("not an id")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_NUMBER:
        raise ValueError("not a size")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MAX_NUMBER:
        raise ValueError("not a duration")
    return value


def _duration_s(value: object) -> int | None:
    if value is None:
        return None
    return duration_in_range(_whole(value))


def _instant(value: object) -> datetime:
    instant = instant_or_none(value)
    if instant is None:
        raise ValueError("not an instant")
    return instant


def _record(value: object, raw: object) -> CallRecord:
    if not isinstance(value, dict):
        raise TypeError("call_record is not an object")
    record = normalised(value)
    if isinstance(raw, str) and len(raw) <= MAX_RAW and raw.isascii():
        record.raw = raw
    return record


def _notes(values: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    if len(values) > MAX_NOTES:
        raise ValueError("not notes")
    return tuple(_id(value) for value in values)


def _waveform(value: str) -> bytes:
    waveform = b64decode(value, validate=True)
    if len(waveform) > MAX_WAVEFORM:
        raise ValueError("not a waveform")
    return waveform
