"""Normalises records of RingCentral's call log into values that the core can trust.

Anything that JSON allows may arrive: other types than documented, endless numbers, halves of
characters, any depth. `normalised` returns a `CallRecord` of bounded size, which holds nothing
that JSON, UTF-8 or DynamoDB refuses; `CallRecord.call` has its content, with every type as
documented. Neither ever raises.

Content beyond a limit is left out. If it could be a recording, `CallRecord.recordings_left_out`
counts it.
"""

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from ringvault.core.instants import parse_instant

# RingCentral's longest documented text is a URI; names have at most 64 characters there.
MAX_TEXT = 1_024
# Documented records have a depth of 5. Anything deeper is left out.
MAX_DEPTH = 8
# Names in an object of a record: some 30 are documented.
MAX_NAMES = 100
# Legs, or entries of any other list: a recording on a leg beyond it could not be seen.
MAX_ENTRIES = 20_000
# Values in a record: ten thousand legs have some 150,000.
MAX_VALUES = 200_000
# Characters of all names and texts of a record: ten thousand legs have some 300,000.
MAX_CHARACTERS = 1_000_000
# The range in which every JSON reader keeps whole numbers exact.
MAX_NUMBER = 2**53
# A DynamoDB item has 400 KB, names and values: compressed, a record takes this much of it at most.
# Beside it are MAX_RAW at the worst, a waveform, and short attributes.
MAX_STORED_BYTES = 250_000
# The same record as JSON, its characters escaped: what a reader of items inflates at most.
MAX_JSON = 4 * 1024 * 1024
# The raw form of a record is kept up to this length, where it differs from the normalised one.
MAX_RAW = 65_536
# Before the first telephone, and later than any retention: no call has an instant outside.
EARLIEST = datetime(1876, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
# A month; RingCentral ends calls after a day.
MAX_DURATION_S = 31 * 86_400

# RingCentral's ids are digits today; letters, dash and underscore may follow.
# These characters are safe in an object key: no dot, no slash, no space.
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_URI_NAMES = frozenset({"uri", "contentUri"})
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_DIRECTIONS = frozenset({"Inbound", "Outbound"})

# The fields that `Call` reads of a record or a leg, and of an object in it.
_KNOWN = (
    "id",
    "uri",
    "direction",
    "telephonySessionId",
    "startTime",
    "duration",
    "lastModifiedTime",
    "from",
    "to",
    "extension",
    "recording",
)
_KNOWN_INNER = (
    "id",
    "uri",
    "contentUri",
    "type",
    "phoneNumber",
    "extensionNumber",
    "extensionId",
    "name",
)


class CallRecord(dict[str, Any]):
    """A normalised call-log record; do not change it.

    `raw` is the JSON text of the original, ASCII only, if it differed and was not too long; else
    None. `recordings_left_out` is how many of the recordings it named are beyond a limit;
    `misshapen_legs` is how many legs are not objects, 1 if `legs` is not a list.
    """

    raw: str | None = None
    recordings_left_out: int = 0
    misshapen_legs: int = 0

    @cached_property
    def call(self) -> "Call":
        """The content of the record."""
        return _call(self)


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call; unknown parts are None."""

    phone_number: str | None = None
    extension_number: str | None = None
    extension_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class NamedRecording:
    """The recording in a record or a leg; each part is None if it is not usable."""

    recording_id: str | None
    content_uri: str | None
    uri: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class Leg:
    """The record itself, or one of its legs.

    `recording` is None if none is named; one that is named but not an object has no parts.
    `extension` is the party whose leg it is.
    """

    started_at: datetime | None
    duration_s: int | None
    from_party: Party
    to_party: Party
    extension: Party
    telephony_session_id: str | None
    recording: NamedRecording | None


@dataclass(frozen=True, slots=True)
class Call:
    """The content of a call-log record; `own` is the record itself, `legs` are in its order."""

    record_id: str | None
    uri: str | None
    direction: str | None
    telephony_session_id: str | None
    own: Leg
    legs: tuple[Leg, ...] = field(default_factory=tuple)

    def parts(self) -> Iterator[Leg]:
        """Yield the record itself, then its legs."""
        yield self.own
        yield from self.legs


def is_id(value: object) -> bool:
    """Whether a value can be a RingCentral id, and so part of an object key."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def id_or_none(value: object) -> str | None:
    """Return an id as text, None if it is not one; numbers are allowed, truth values are not."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def instant_or_none(value: object) -> datetime | None:
    """Return the instant of a text, None if it is not one between 1876 and 2200."""
    if not isinstance(value, str):
        return None
    try:
        instant = parse_instant(value)
    except (ValueError, OverflowError):
        return None
    return instant if EARLIEST <= instant < LATEST else None


def duration_or_none(value: object) -> int | None:
    """Return whole seconds, None if it can't be the duration of a call."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MAX_DURATION_S else None


def normalised(record: object) -> CallRecord:
    """Return a normalised external record; anything but an object becomes an empty one.

    Texts are valid Unicode (the rest is replaced by U+FFFD) and of MAX_TEXT characters at most,
    numbers are finite and below MAX_NUMBER, else None. Content beyond a limit is left out. A URI
    that is invalid becomes None, and then no raw form is kept: it may hold anything, even a token.
    """
    if isinstance(record, CallRecord):
        return record
    normaliser = _Normaliser()
    value = normaliser.value(record, depth=0)
    found = _fitted(value) if isinstance(value, dict) else CallRecord()
    if found != record:
        found.raw = None if normaliser.has_left_out_uri else _raw(record)
        found.recordings_left_out = _recordings_named(record) - _recordings_named(found)
    found.misshapen_legs = _misshapen_legs(record)
    return found


def as_json(record: Mapping[str, Any]) -> bytes:
    """Return a record as it is stored, before it is compressed."""
    return json.dumps(record).encode()


class _Normaliser:
    """Walks through one record within the limits of the whole."""

    def __init__(self) -> None:
        self._values = MAX_VALUES
        self._characters = MAX_CHARACTERS
        self.has_left_out_uri = False

    def value(self, value: object, *, depth: int) -> Any:  # noqa: ANN401 - any JSON
        self._values -= 1
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float):
            return value if _is_bounded(value) else None
        if depth < MAX_DEPTH and isinstance(value, Mapping):
            return dict(self._names(value, depth))
        if depth < MAX_DEPTH and isinstance(value, list | tuple):
            return list(self._entries(value, depth))
        return None

    @property
    def _is_used_up(self) -> bool:
        return self._values <= 0 or self._characters <= 0

    def _names(self, value: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
        for number, (name, inner) in enumerate(value.items()):
            if number == MAX_NAMES or self._is_used_up:
                return
            if isinstance(name, str):
                yield self._text(name), self._member(name, inner, depth=depth + 1)

    def _member(self, name: str, value: object, *, depth: int) -> Any:  # noqa: ANN401 - any JSON
        if name in _URI_NAMES and isinstance(value, str) and not _is_url(value):
            self.has_left_out_uri = True
            return None
        return self.value(value, depth=depth)

    def _entries(self, value: list[Any] | tuple[Any, ...], depth: int) -> Iterator[Any]:
        for inner in value[:MAX_ENTRIES]:
            if self._is_used_up:
                return
            yield self.value(inner, depth=depth + 1)

    def _text(self, text: str) -> str:
        text = _SURROGATES.sub("\ufffd", text[: min(MAX_TEXT, max(0, self._characters))])
        self._characters -= len(text)
        return text


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _is_bounded(number: float) -> bool:
    """Whether it is a truth value, or a number that JSON has and no reader rounds.

    NaN compares as false, and a whole number of any length never becomes a float here.
    """
    return -MAX_NUMBER < number < MAX_NUMBER


def _fitted(value: dict[str, Any]) -> CallRecord:
    """Return the record in a form that fits into an item of the catalogue.

    One that is too large keeps what `Call` reads: all fields of the record itself, then the legs
    with recordings, then as many others as fit.
    """
    if _fits(value):
        return CallRecord(value)
    own = _known(value)
    legs = [_known(leg) for leg in _list(value.get("legs")) if isinstance(leg, dict)]
    legs.sort(key=lambda leg: not leg.get("recording"))  # stable: the order stays within each kind
    while legs and not _fits({**own, "legs": legs}):
        legs = legs[: len(legs) // 2]
    return CallRecord({**own, "legs": legs})


def _fits(value: Mapping[str, Any]) -> bool:
    content = as_json(value)
    if len(content) <= MAX_STORED_BYTES:
        return True
    return len(content) <= MAX_JSON and len(zlib.compress(content)) <= MAX_STORED_BYTES


def _known(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a record or leg that `Call` reads; the same for its inner objects."""
    found = {name: part[name] for name in _KNOWN if name in part}
    return {
        name: {it: inner[it] for it in _KNOWN_INNER if it in inner and _is_plain(inner[it])}
        if isinstance(inner, dict)
        else inner
        for name, inner in found.items()
        if isinstance(inner, dict) or _is_plain(inner)
    }


def _is_plain(value: object) -> bool:
    return not isinstance(value, dict | list)


def _recordings_named(record: object) -> int:
    """Return how many times a record names a recording, of whatever shape."""
    if not isinstance(record, Mapping):
        return 0
    legs = (leg for leg in _list(record.get("legs")) if isinstance(leg, Mapping))
    return sum(bool(part.get("recording")) for part in (record, *legs))


def _misshapen_legs(record: object) -> int:
    """Return how many legs are not objects; empty ones and null are not counted."""
    legs = record.get("legs") if isinstance(record, Mapping) else None
    if not isinstance(legs, list):
        return int(bool(legs))
    return sum(bool(leg) and not isinstance(leg, Mapping) for leg in legs)


def _raw(record: object) -> str | None:
    """Return the record as ASCII JSON, None if it is too long or can't be written."""
    try:
        text = json.dumps(record)
    except (TypeError, ValueError, RecursionError, MemoryError):
        return None
    return text if len(text) <= MAX_RAW else None


def _call(record: CallRecord) -> Call:
    legs = tuple(_leg(leg) for leg in _list(record.get("legs")) if isinstance(leg, dict))
    own = _leg(record)
    sessions = (part.telephony_session_id for part in (own, *legs))
    direction = record.get("direction")
    return Call(
        record_id=id_or_none(record.get("id")),
        uri=_uri_or_none(record.get("uri")),
        direction=direction if direction in _DIRECTIONS else None,
        telephony_session_id=next((it for it in sessions if it), None),
        own=own,
        legs=legs,
    )


def _leg(part: Mapping[str, Any]) -> Leg:
    session_id = part.get("telephonySessionId")
    return Leg(
        started_at=instant_or_none(part.get("startTime")),
        duration_s=duration_or_none(part.get("duration")),
        from_party=_party(part.get("from")),
        to_party=_party(part.get("to")),
        extension=_extension(part.get("extension")),
        telephony_session_id=session_id if is_id(session_id) else None,
        recording=_recording(part.get("recording")),
    )


def _party(value: object) -> Party:
    if not isinstance(value, dict):
        return Party()
    return Party(
        phone_number=_number_or_none(value.get("phoneNumber")),
        extension_number=_number_or_none(value.get("extensionNumber")),
        extension_id=id_or_none(value.get("extensionId")),
        name=_text_or_none(value.get("name")),
    )


def _extension(value: object) -> Party:
    if not isinstance(value, dict):
        return Party()
    return Party(
        phone_number=_number_or_none(value.get("phoneNumber")),
        extension_number=_number_or_none(value.get("extensionNumber")),
        extension_id=id_or_none(value.get("id")),
    )


def _recording(value: object) -> NamedRecording | None:
    if not value:
        return None
    named = value if isinstance(value, dict) else {}
    return NamedRecording(
        recording_id=id_or_none(named.get("id")),
        content_uri=_uri_or_none(named.get("contentUri")),
        uri=_uri_or_none(named.get("uri")),
        type=_text_or_none(named.get("type")),
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _uri_or_none(value: object) -> str | None:
    """Return a URI, None if it was cut off or had half a character: it would be another URI."""
    uri = _text_or_none(value)
    return uri if uri and len(uri) < MAX_TEXT and "\ufffd" not in uri else None


def _number_or_none(value: object) -> str | None:
    """Return a phone or extension number as text; some senders omit the quotes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text_or_none(value)
