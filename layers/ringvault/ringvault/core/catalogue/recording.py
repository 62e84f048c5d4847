"""A recording as the call log lists it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ringvault.core.catalogue.call_record import (
    MAX_DURATION_S,
    Call,
    CallRecord,
    Leg,
    NamedRecording,
    instant_or_none,
    is_id,
    normalised,
)

CallLogRecord = Mapping[str, Any]

_ACCOUNT_IN_PATH = re.compile(r"/account/([0-9A-Za-z_-]{1,64})/")


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording and the call-log record that listed it.

    `call_record` holds names and phone numbers, so it goes to the catalogue and the sidecar only.
    It is normalised here: a recording never holds another form of it.
    """

    recording_id: str
    account_id: str
    content_uri: str
    started_at: datetime
    duration_s: int | None
    extension_id: str | None
    call_record: CallLogRecord

    def __post_init__(self) -> None:
        """Normalise the record."""
        object.__setattr__(self, "call_record", normalised(self.call_record))

    @property
    def call(self) -> Call:
        """The content of the call-log record, with every type as documented."""
        return _record(self).call

    @property
    def raw_record(self) -> str | None:
        """The original record, if normalising changed it: ASCII JSON, else None."""
        return _record(self).raw


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A recording in a record that can't be archived because of what the record says.

    The ids and the start are None if they can't be read. `problem` has no text of the record.
    """

    record_id: str | None
    recording_id: str | None
    started_at: datetime | None
    problem: str

    def __str__(self) -> str:
        return f"call-log record {self.record_id or 'without an id'}: {self.problem}"


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """The recordings of one call-log record, each id once, and its unreadable parts."""

    recordings: tuple[Recording, ...]
    unreadable: tuple[Unreadable, ...]


def is_recording_id(value: object) -> bool:
    """Whether a value can be the id of a recording, and so part of an object key."""
    return is_id(value)


def read_record(record: object) -> ReadRecord:
    """Return the recordings of an external call-log record; never raises.

    An unreadable part does not affect the other parts.
    """
    if not isinstance(record, Mapping):
        problem = "the record is not an object"
        return ReadRecord((), (Unreadable(None, None, None, problem),))
    whole = normalised(record)
    found: dict[str, Recording] = {}
    unreadable: list[Unreadable] = list(_left_out(whole))
    for part in whole.call.parts():
        if part.recording is None:
            continue
        read = _read_part(part, part.recording, whole)
        if isinstance(read, Unreadable):
            unreadable.append(read)
        else:
            found.setdefault(read.recording_id, read)
    return ReadRecord(
        tuple(found.values()),
        # Each id once; dict keeps the order.
        tuple(it for it in dict.fromkeys(unreadable) if it.recording_id not in found),
    )


def unique(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """Return each recording id once, in the order of first sight."""
    found: dict[str, Recording] = {}
    for recording in recordings:
        found.setdefault(recording.recording_id, recording)
    return tuple(found.values())


def duration_in_range(duration_s: int | None) -> int | None:
    """Return the duration, None if it is outside the possible range."""
    if duration_s is None or not 0 <= duration_s <= MAX_DURATION_S:
        return None
    return duration_s


def _record(recording: Recording) -> CallRecord:
    return normalised(recording.call_record)


def _left_out(record: CallRecord) -> Iterator[Unreadable]:
    """Yield the unread parts of the record that may have held recordings."""
    call = record.call
    problems = {
        f"it is too long: {record.recordings_left_out} recordings of it were not read": (
            record.recordings_left_out
        ),
        f"{record.misshapen_legs} of its legs are not objects": record.misshapen_legs,
    }
    for problem, number in problems.items():
        if number:
            yield Unreadable(call.record_id, None, call.own.started_at, problem)


def _read_part(part: Leg, named: NamedRecording, record: CallRecord) -> Recording | Unreadable:
    call = record.call
    started_at = part.started_at or call.own.started_at

    def unreadable(problem: str) -> Unreadable:
        return Unreadable(call.record_id, named.recording_id, started_at, problem)

    if named.recording_id is None:
        return unreadable("the recording's id is not valid")
    if named.content_uri is None:
        return unreadable(f"recording {named.recording_id} has no contentUri")
    if started_at is None:
        return unreadable(f"recording {named.recording_id} has no valid startTime")
    account_id = next(_accounts_in(named.uri, named.content_uri, call.uri), None)
    if account_id is None:
        return unreadable(f"no URI of recording {named.recording_id} names its account")
    return Recording(
        recording_id=named.recording_id,
        account_id=account_id,
        content_uri=named.content_uri,
        started_at=started_at,
        duration_s=call.own.duration_s if part.duration_s is None else part.duration_s,
        extension_id=part.extension.extension_id or call.own.extension.extension_id,
        call_record=record,
    )


def _accounts_in(*uris: str | None) -> Iterator[str]:
    for uri in uris:
        try:
            path = urlsplit(uri or "").path
        except ValueError:
            continue
        if match := _ACCOUNT_IN_PATH.search(path):
            yield match[1]


def followed(known: Recording, listed: Recording) -> Recording | None:
    """Return `known` with the changes of a newer record, None if nothing changes.

    Account and start stay: the audio's place in the vault depends on them. Another record that
    names the same recording, and an older form of the same, change nothing.
    """
    if listed.call_record == known.call_record or not _is_newer_form(
        known.call_record, listed.call_record
    ):
        return None
    return replace(
        known,
        content_uri=listed.content_uri,
        duration_s=listed.duration_s,
        extension_id=listed.extension_id,
        call_record=listed.call_record,
    )


def _is_newer_form(known: CallLogRecord, listed: CallLogRecord) -> bool:
    if known.get("id") != listed.get("id"):
        return False
    before = instant_or_none(known.get("lastModifiedTime"))
    after = instant_or_none(listed.get("lastModifiedTime"))
    if before is None or after is None:
        return True  # it has no time: RingCentral's current answer counts
    return after >= before
