"""The playback API's answers: recordings as JSON, and faults as problem details."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any

from ringvault.api.requests import (
    MAX_QUERY_CHARACTERS,
    BodyRefusedError,
    QueryTooLongError,
    format_plays_cursor,
)
from ringvault.api.search_parameters import format_cursor
from ringvault.core.catalogue.call_record import Party, id_or_none
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.errors import (
    InvalidParameterError,
    PermanentError,
    TransientError,
    UnreadableItemError,
)
from ringvault.core.instants import format_instant
from ringvault.core.playback.audit import Play, PlayNotKeptError, PlaysPage
from ringvault.core.playback.playback_url import NotPlayableError, PlaybackUrl
from ringvault.core.playback.rights import (
    LISTENERS_GROUP,
    NotAListenerError,
    NotForThisListenerError,
    UnknownCallError,
    UnknownRecordingError,
)
from ringvault.core.playback.search import CataloguePage
from ringvault.core.vault.cold_storage import InColdStorageError

Json = dict[str, Any]

# The default headers of every answer: none of these is a page, or belongs into a frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}

# Lengths of openapi.yaml: an answer with the most recordings is within Lambda's 6 MB, even where
# each character takes the twelve bytes that Lambda may escape it to. RingCentral's own names have
# 64 characters at most, and numbers 32.
MAX_NAME = 256
MAX_PHONE_NUMBER = 64
MAX_REASON = 1_024
MAX_CONTENT_TYPE = 255
# The rest of Lambda's answer has more room than its headers take.
MAX_BODY_BYTES = 5_000_000

_NOT_PLAYABLE = {
    State.ABSENT: "RingCentral no longer has this recording, and it was never archived.",
    State.FAILED: "This recording could not be archived.",
}
_NOT_YET = "This recording is not archived yet."


class NoSuchPathError(PermanentError):
    """Nothing is served at the path."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One RFC 9457 problem; `outcome` names it, in the log and in its type.

    `details` are additional members, such as the parameter at fault.
    """

    status: HTTPStatus
    outcome: str
    detail: str
    details: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> Json:
        """Return the members of the problem; its type names it and is not a link."""
        return {
            "type": f"urn:ringvault:problem:{self.outcome}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            **self.details,
        }


_NO_SUCH_PATH = Problem(HTTPStatus.NOT_FOUND, "no-such-path", "Nothing is served here.")
# By number: Python renamed both.
_BODY_REFUSED = Problem(HTTPStatus(413), "body-refused", "Requests must not have a body.")
_QUERY_TOO_LONG = Problem(
    HTTPStatus(414),
    "query-too-long",
    f"The query must have at most {MAX_QUERY_CHARACTERS} characters.",
)
_NOT_A_LISTENER = Problem(
    HTTPStatus.FORBIDDEN,
    "not-a-listener",
    f"Your token names neither the group {LISTENERS_GROUP} nor an extension of yours;"
    " ask the administrator of this archive to add you.",
)
_NOT_FOR_YOU = Problem(
    HTTPStatus.FORBIDDEN,
    "not-for-this-listener",
    f"Only members of the group {LISTENERS_GROUP} may see this.",
)
_UNKNOWN = Problem(
    HTTPStatus.NOT_FOUND,
    "unknown-recording",
    "There is no such recording, or you may not hear it.",
)
_UNKNOWN_CALL = Problem(
    HTTPStatus.NOT_FOUND,
    "unknown-call",
    "There is no such call, or you may not hear it.",
)
_PLAY_NOT_KEPT = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "play-not-kept",
    "The audit could not be written, so no audio is given; try again.",
    headers={"Retry-After": "5"},
)
_UNAVAILABLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "The archive is unavailable at the moment; try again.",
    headers={"Retry-After": "5"},
)
UNEXPECTED = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "unexpected",
    "Internal error; it has been logged. Try again, then ask the administrator of this archive.",
)
_UNREADABLE = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "unreadable-item",
    "The catalogue's item of this recording can't be read; it has been logged. Ask the"
    " administrator of this archive to restore it: docs/operations/alarms.md says how.",
)


_PROBLEMS: dict[type[Exception], Problem] = {
    BodyRefusedError: _BODY_REFUSED,
    QueryTooLongError: _QUERY_TOO_LONG,
    NoSuchPathError: _NO_SUCH_PATH,
    NotAListenerError: _NOT_A_LISTENER,
    NotForThisListenerError: _NOT_FOR_YOU,
    UnknownCallError: _UNKNOWN_CALL,
    PlayNotKeptError: _PLAY_NOT_KEPT,
    UnknownRecordingError: _UNKNOWN,
}


def problem_of(error: Exception) -> Problem:
    """Return the problem for a listener; UNEXPECTED if the error is none of the known ones."""
    match error:
        case NotPlayableError():
            return _not_playable(error)
        case InvalidParameterError():
            details = {"parameter": error.parameter}
            return Problem(HTTPStatus.BAD_REQUEST, "invalid-parameter", f"{error}.", details)
        case InColdStorageError():
            return _in_cold_storage(error)
        case UnreadableItemError():
            return _UNREADABLE
        case TransientError():
            return _PROBLEMS.get(type(error), _UNAVAILABLE)
        case _:
            return _PROBLEMS.get(type(error), UNEXPECTED)


def recording_json(item: CatalogueItem) -> Json:
    """Return one recording in RingCentral's terms; unknown fields are left out."""
    recording, call = item.recording, item.recording.call
    known = {
        "id": recording.recording_id,
        "state": item.state.value,
        "startedAt": format_instant(recording.started_at),
        "durationSeconds": _duration_s(item),
        "direction": call.direction,
        "from": _party_json(call.own.from_party),
        "to": _party_json(call.own.to_party),
        "extensionId": id_or_none(recording.extension_id),
        "telephonySessionId": call.own.telephony_session_id,
        "contentType": item.archived.content_type[:MAX_CONTENT_TYPE] if item.archived else None,
        "sizeBytes": (item.archived.size_bytes or None) if item.archived else None,
        "reason": _cut(item.reason, MAX_REASON),
    }
    return {name: value for name, value in known.items() if value is not None}


def whole_recording_json(item: CatalogueItem) -> Json:
    """Return one recording with its waveform, which would make a page of many too large."""
    waveform = item.archived.waveform if item.archived else None
    drawn = {"waveform": b64encode(waveform).decode()} if waveform else {}
    return recording_json(item) | drawn


def page_json(page: CataloguePage) -> Json:
    """Return a page of recordings; `cursor` is null when there are no more."""
    return {
        "recordings": [recording_json(item) for item in page.items],
        "cursor": format_cursor(page.next) if page.next else None,
    }


def call_json(items: Iterable[CatalogueItem]) -> Json:
    """Return the recordings of one call.

    There is no next page, and a call may have a thousand: if they are too long, names and
    reasons are left out, which /recordings/{recordingId} has.
    """
    recordings = [recording_json(item) for item in items]
    if len(json.dumps(recordings)) > MAX_BODY_BYTES:
        recordings = [_without_long_texts(it) for it in recordings]
    return {"recordings": recordings}


def _without_long_texts(recording: Json) -> Json:
    kept = {name: value for name, value in recording.items() if name != "reason"}
    for side in ("from", "to"):
        party = {name: it for name, it in kept.pop(side, {}).items() if name != "name"}
        kept |= {side: party} if party else {}
    return kept


def playback_url_json(playback: PlaybackUrl) -> Json:
    """Return the URL, when it expires and what it plays."""
    return {
        "url": playback.url,
        "expiresAt": format_instant(playback.expires_at),
        "contentType": playback.content_type,
    }


def plays_json(page: PlaysPage) -> Json:
    """Return a page of plays; `cursor` is null when there are no more."""
    return {
        "plays": [_play_json(play) for play in page.plays],
        "cursor": format_plays_cursor(page.next) if page.next else None,
    }


def _play_json(play: Play) -> Json:
    return {
        "user": play.user_id,
        "playedAt": format_instant(play.played_at),
        "expiresAt": format_instant(play.expires_at),
        "sourceIp": play.source_ip,
        "userAgent": play.user_agent,
        "disposition": play.disposition.value,
    }


def _duration_s(item: CatalogueItem) -> int | None:
    """Return the audio's own duration if known: the call's may be that of all its legs."""
    measured = item.archived.audio_duration_s if item.archived else None
    return item.recording.duration_s if measured is None else round(measured)


def _party_json(party: Party) -> Json | None:
    known = {
        "phoneNumber": _cut(party.phone_number, MAX_PHONE_NUMBER),
        "name": _cut(party.name, MAX_NAME),
        "extensionNumber": _cut(party.extension_number, MAX_PHONE_NUMBER),
    }
    return {name: value for name, value in known.items() if value is not None} or None


def _cut(text: str | None, limit: int) -> str | None:
    return text[:limit] if text else None


def _not_playable(error: NotPlayableError) -> Problem:
    wait = error.ask_again_after
    return Problem(
        HTTPStatus.GONE if error.state is State.ABSENT else HTTPStatus.CONFLICT,
        f"recording-{error.state.lower()}",
        _NOT_PLAYABLE.get(error.state, _NOT_YET),
        {"state": error.state.value}
        | ({"reason": error.reason[:MAX_REASON]} if error.reason else {}),
        {"Retry-After": str(ceil(wait.total_seconds()))} if wait else {},
    )


def _in_cold_storage(error: InColdStorageError) -> Problem:
    stored = error.stored
    details = {"storageClass": stored.archive_status or stored.storage_class}
    if stored.is_being_restored:
        return Problem(
            HTTPStatus.CONFLICT,
            "recording-in-cold-storage",
            "This recording is being restored from cold storage, which takes hours.",
            details,
            {"Retry-After": "1800"},
        )
    return Problem(
        HTTPStatus.CONFLICT,
        "recording-in-cold-storage",
        "This recording is in cold storage; the administrator of this archive can restore it.",
        {**details, "restoreCommand": stored.restore_command()},
    )
