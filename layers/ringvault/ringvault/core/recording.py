"""A recording as the call log lists it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ringvault.core.errors import InvalidRecordError
from ringvault.core.instants import parse_instant

CallLogRecord = Mapping[str, Any]

# RingCentral's ids are digits today; letters, dash and underscore are allowed for tomorrow.
# Whatever passes is safe in an object key: no dot, no slash, no space.
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ACCOUNT_IN_PATH = re.compile(r"/account/([0-9A-Za-z_-]{1,64})/")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording and the call-log record that listed it.

    `call_record` is the whole record as RingCentral sent it: it holds names and phone numbers,
    so it goes to the catalogue and the sidecar only.
    """

    recording_id: str
    account_id: str
    content_uri: str
    started_at: datetime
    duration_s: int | None
    extension_id: str | None
    call_record: CallLogRecord


def is_recording_id(text: str) -> bool:
    """Whether `text` can be the id of a recording, and so part of an object key."""
    return _ID.fullmatch(text) is not None


def recordings_of(record: CallLogRecord) -> tuple[Recording, ...]:
    """Return the recordings of a call-log record and of its legs, each id once.

    Raises:
        InvalidRecordError: the record names a recording without id, content URI or start, or is
            not shaped as RingCentral documents it.
    """
    try:
        return tuple(_found(record).values())
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidRecordError(f"{_where(record)} is not shaped as documented") from error


def _found(record: CallLogRecord) -> dict[str, Recording]:
    found: dict[str, Recording] = {}
    for part in _record_and_legs(record):
        if part.get("recording"):
            recording = _recording(part, record)
            found.setdefault(recording.recording_id, recording)
    return found


def telephony_session_id_of(record: CallLogRecord) -> str | None:
    """Return the id that a call keeps over its legs and transfers, None where none is named."""
    for part in _record_and_legs(record):
        named = part.get("telephonySessionId")
        if isinstance(named, str) and is_recording_id(named):
            return named
    return None


def unique(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """Return each recording id once, in the order of first sight."""
    found: dict[str, Recording] = {}
    for recording in recordings:
        found.setdefault(recording.recording_id, recording)
    return tuple(found.values())


def _record_and_legs(record: CallLogRecord) -> Iterator[Mapping[str, Any]]:
    yield record
    yield from record.get("legs") or ()


def _recording(part: Mapping[str, Any], record: CallLogRecord) -> Recording:
    listed = part["recording"]
    recording_id = str(listed.get("id", ""))
    if not is_recording_id(recording_id):
        raise InvalidRecordError(f"{_where(record)}: the recording's id is not one")
    content_uri = listed.get("contentUri")
    if not isinstance(content_uri, str) or not content_uri:
        raise InvalidRecordError(f"{_where(record)}: recording {recording_id} has no contentUri")
    duration = part.get("duration", record.get("duration"))
    return Recording(
        recording_id=recording_id,
        account_id=_account_id(record, recording_id, content_uri, listed.get("uri")),
        content_uri=content_uri,
        started_at=_started_at(part, record, recording_id),
        duration_s=duration if isinstance(duration, int) else None,
        extension_id=_extension_id(part) or _extension_id(record),
        call_record=record,
    )


def _started_at(part: Mapping[str, Any], record: CallLogRecord, recording_id: str) -> datetime:
    text = part.get("startTime") or record.get("startTime")
    try:
        return parse_instant(str(text))
    except ValueError as error:
        message = f"{_where(record)}: recording {recording_id} has no valid startTime"
        raise InvalidRecordError(message) from error


def _account_id(
    record: CallLogRecord, recording_id: str, content_uri: str, recording_uri: object
) -> str:
    for uri in (recording_uri, content_uri, record.get("uri")):
        match = _ACCOUNT_IN_PATH.search(urlsplit(str(uri or "")).path)
        if match:
            return match[1]
    raise InvalidRecordError(
        f"{_where(record)}: no URI of recording {recording_id} names its account"
    )


def _extension_id(part: Mapping[str, Any]) -> str | None:
    """Return the id, None where it is none: it becomes a key, and decides who may hear."""
    listed = (part.get("extension") or {}).get("id")
    return str(listed) if listed is not None and is_recording_id(str(listed)) else None


def _where(record: CallLogRecord) -> str:
    """Return which record; what is not an id could be anything, so it is not repeated."""
    record_id = str(record.get("id", ""))
    return f"call-log record {record_id if is_recording_id(record_id) else 'without an id'}"
