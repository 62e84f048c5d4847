"""A catalogue item as DynamoDB keeps it, and back."""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from ringvault.core.catalogue.call_record import MAX_JSON, MAX_NUMBER, as_json, normalised
from ringvault.core.catalogue.item import (
    SCHEMA_VERSION,
    ArchivedObject,
    CatalogueItem,
    Erasure,
    Hold,
    ItemsRead,
    RepeatedAnswer,
    State,
)
from ringvault.core.catalogue.recording import Recording, duration_in_range, is_recording_id
from ringvault.core.errors import NewerCatalogueError, UnreadableItemError
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.listing.feed import Candidate, Losses

Attributes = Mapping[str, Any]

T = TypeVar("T")

# What reading a damaged attribute raises.
DAMAGED = (
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    zlib.error,
)


def text(value: str) -> dict[str, str]:
    """Return a string attribute."""
    return {"S": str(value)}


def whole(value: int) -> dict[str, str]:
    """Return a number attribute."""
    return {"N": str(value)}


def new_attributes(recording: Recording, listed_at: datetime) -> dict[str, Any]:
    """Return the item of a recording that was just listed."""
    attributes = {
        "recording_id": text(recording.recording_id),
        "state": text(State.PENDING),
        "account_id": text(recording.account_id),
        "content_uri": text(recording.content_uri),
        "started_at": text(format_instant(recording.started_at)),
        "started_month": text(f"{recording.started_at:%Y-%m}"),
        "call_record": packed(recording.call_record),
        "listed_at": text(format_instant(listed_at)),
        "attempts": whole(0),
        "schema_version": whole(SCHEMA_VERSION),
    }
    if recording.raw_record is not None:
        attributes["raw_record"] = {"B": zlib.compress(recording.raw_record.encode())}
    if recording.duration_s is not None:
        attributes["duration_s"] = whole(recording.duration_s)
    if recording.extension_id is not None:
        attributes["extension_id"] = text(recording.extension_id)
    telephony_session_id = recording.call.telephony_session_id
    if telephony_session_id is not None:
        attributes["telephony_session_id"] = text(telephony_session_id)
    return attributes


def archived_attributes(archived: ArchivedObject) -> dict[str, Any]:
    """Return what ARCHIVED adds to an item."""
    attributes: dict[str, Any] = {
        "object_key": text(archived.object_key),
        "content_type": text(archived.content_type),
        "size_bytes": whole(archived.size_bytes),
        "sha256_hex": text(archived.sha256_hex),
        "crc32": text(archived.crc32),
        "archived_at": text(format_instant(archived.archived_at)),
    }
    if archived.audio_duration_s is not None:
        attributes["audio_duration_s"] = {"N": f"{archived.audio_duration_s:.3f}"}
    if archived.waveform is not None:
        attributes["waveform"] = {"B": archived.waveform}
    if archived.notes:
        attributes["notes"] = {"L": [text(note) for note in archived.notes]}
    return attributes


def packed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call-log record as an attribute: compressed, a third of the size and the price."""
    return {"B": zlib.compress(as_json(record))}


def repeated_attribute(answer: RepeatedAnswer) -> dict[str, Any]:
    """Return the attribute `not_found` or `refused` of an item."""
    return {
        "M": {
            "times": whole(answer.times),
            "first_at": text(format_instant(answer.first_at)),
            "last_at": text(format_instant(answer.last_at)),
        }
    }


def hold_attribute(hold: Hold) -> dict[str, Any]:
    """Return the attribute `held` of an item."""
    fields = {"reason": hold.reason, "since": format_instant(hold.since), "by": hold.by}
    return {"M": {name: text(value) for name, value in fields.items()}}


def erasure_attribute(erasure: Erasure) -> dict[str, Any]:
    """Return the attribute `erasure` of an item."""
    return {"M": {"began_at": text(format_instant(erasure.began_at)), "by": text(erasure.by)}}


def item_of(attributes: Attributes) -> CatalogueItem:
    """Return the item that the attributes of the table or of a full index describe.

    Raises:
        NewerCatalogueError: they are of a later one.
        UnreadableItemError: they are damaged; names the attribute's problem, and no content.
    """
    return read_safely(_known_item, attributes)


def read_safely(read: Callable[[Attributes], T], attributes: Attributes) -> T:
    """Return what `read` makes of attributes.

    Raises:
        UnreadableItemError: they are damaged; names the attribute's problem, and no content.
    """
    try:
        return read(attributes)
    except DAMAGED as error:
        raise UnreadableItemError(_id_in(attributes), _problem(error)) from error


def _known_item(attributes: Attributes) -> CatalogueItem:
    _require_known(attributes)
    return _item(attributes)


def items_of(found: Iterable[Attributes]) -> ItemsRead:
    """Return the items, each read by itself: what can't be read costs no other."""
    items: list[CatalogueItem] = []
    unreadable: list[UnreadableItemError] = []
    for attributes in found:
        try:
            items.append(item_of(attributes))
        except UnreadableItemError as error:
            unreadable.append(error)
    return ItemsRead(tuple(items), tuple(unreadable))


def _item(attributes: Attributes) -> CatalogueItem:
    return CatalogueItem(
        recording=_recording(attributes),
        state=State(attributes["state"]["S"]),
        listed_at=parse_instant(attributes["listed_at"]["S"]),
        attempts=int(attributes["attempts"]["N"]),
        queued_at=_instant(attributes, "queued_at"),
        claimed_until=_instant(attributes, "claimed_until"),
        retry_at=_instant(attributes, "retry_at"),
        reason=_text(attributes, "reason"),
        archived=_archived(attributes) if "object_key" in attributes else None,
        hold=_hold(attributes),
        erasure=_erasure(attributes),
        expiring_at=_instant(attributes, "expiring_at"),
        deferrals=int(attributes["deferrals"]["N"]) if "deferrals" in attributes else 0,
        not_found=_repeated(attributes, "not_found"),
        refused=_repeated(attributes, "refused"),
        unrecognised_sha256_hex=_text(attributes, "unrecognised_sha256_hex"),
        former_numbers=frozenset(attributes.get("former_numbers", {"SS": ()})["SS"]),
    )


def candidate_of(attributes: Attributes) -> Candidate:
    """Return what the feed needs, out of the index by_state.

    Raises:
        UnreadableItemError: they are damaged; names the attribute's problem, and no content.
    """
    try:
        return Candidate(
            recording_id=_recording_id(attributes),
            state=State(attributes["state"]["S"]),
            started_at=parse_instant(attributes["started_at"]["S"]),
            queued_at=_instant(attributes, "queued_at"),
            claimed_until=_instant(attributes, "claimed_until"),
            retry_at=_instant(attributes, "retry_at"),
        )
    except DAMAGED as error:
        raise UnreadableItemError(_id_in(attributes), _problem(error)) from error


def losses_attribute(losses: Losses) -> dict[str, Any]:
    """Return the attribute `losses` of an item."""
    return {"M": {"times": whole(losses.times), "deaths": whole(losses.deaths)}}


def losses_of(attributes: Attributes) -> Losses:
    """Return how often a recording was lost; what is damaged counts as never."""
    try:
        fields = attributes["losses"]["M"]
        return Losses(int(fields["times"]["N"]), int(fields["deaths"]["N"]))
    except DAMAGED:
        return Losses()


def _recording_id(attributes: Attributes) -> str:
    recording_id: str = attributes["recording_id"]["S"]
    if not is_recording_id(recording_id):
        raise ValueError("recording_id is not an id")
    return recording_id


def _recording(attributes: Attributes) -> Recording:
    return Recording(
        recording_id=_recording_id(attributes),
        account_id=attributes["account_id"]["S"],
        content_uri=attributes["content_uri"]["S"],
        started_at=parse_instant(attributes["started_at"]["S"]),
        duration_s=_duration_s(attributes),
        extension_id=_text(attributes, "extension_id"),
        call_record=_call_record(attributes),
    )


def _duration_s(attributes: Attributes) -> int | None:
    if "duration_s" not in attributes:
        return None
    return duration_in_range(int(attributes["duration_s"]["N"]))


def _call_record(attributes: Attributes) -> Mapping[str, Any]:
    record = normalised(_unpacked(attributes["call_record"]["B"]))
    if "raw_record" in attributes:
        record.raw = inflated(attributes["raw_record"]["B"]).decode()
    return record


def _unpacked(content: bytes) -> dict[str, Any]:
    record = json.loads(inflated(content))
    if not isinstance(record, dict):
        raise TypeError("call_record is not an object")
    return record


def inflated(content: bytes, *, limit: int = MAX_JSON) -> bytes:
    """Return what was compressed.

    Raises:
        ValueError: it is no such thing, or longer than `limit` bytes.
        zlib.error: it is damaged.
    """
    inflater = zlib.decompressobj()
    found = inflater.decompress(content, limit)
    if inflater.unconsumed_tail or not inflater.eof:
        raise ValueError("compressed content is damaged or too long")
    return found


def _repeated(attributes: Attributes, name: str) -> RepeatedAnswer | None:
    if name not in attributes:
        return None
    fields = attributes[name]["M"]
    first_at, last_at = (parse_instant(fields[it]["S"]) for it in ("first_at", "last_at"))
    return RepeatedAnswer(int(fields["times"]["N"]), first_at, last_at)


def _id_in(attributes: Attributes) -> str | None:
    try:
        recording_id = attributes["recording_id"]["S"]
    except (KeyError, TypeError):
        return None
    return recording_id if is_recording_id(recording_id) else None


def _problem(error: Exception) -> str:
    """Return which attribute is missing, or what kind of damage it is: no content."""
    if isinstance(error, KeyError):
        return f"attribute {error.args[0]!r} is missing or of another type"
    return f"an attribute is damaged ({type(error).__name__})"


def _require_known(attributes: Attributes) -> None:
    version = int(attributes["schema_version"]["N"])
    if version > SCHEMA_VERSION:
        raise NewerCatalogueError(
            _id_in(attributes),
            f"written by a newer release: schema {version}, and this one knows {SCHEMA_VERSION}",
            hint="deploy that release, or a later one",
        )


def _archived(attributes: Attributes) -> ArchivedObject:
    duration = attributes.get("audio_duration_s")
    return ArchivedObject(
        object_key=attributes["object_key"]["S"],
        content_type=attributes["content_type"]["S"],
        size_bytes=_size(attributes["size_bytes"]["N"]),
        sha256_hex=attributes["sha256_hex"]["S"],
        crc32=attributes["crc32"]["S"],
        audio_duration_s=_seconds(duration["N"]) if duration else None,
        archived_at=parse_instant(attributes["archived_at"]["S"]),
        waveform=attributes["waveform"]["B"] if "waveform" in attributes else None,
        notes=tuple(it["S"] for it in attributes["notes"]["L"]) if "notes" in attributes else (),
    )


def _size(number: str) -> int:
    size_bytes = int(number)
    if not 0 <= size_bytes < MAX_NUMBER:
        raise ValueError("not a size")
    return size_bytes


def _seconds(number: str) -> float:
    seconds = float(number)
    if not 0 <= seconds < MAX_NUMBER:  # NaN is not
        raise ValueError("not a duration")
    return seconds


def _hold(attributes: Attributes) -> Hold | None:
    if "held" not in attributes:
        return None
    fields = attributes["held"]["M"]
    return Hold(fields["reason"]["S"], parse_instant(fields["since"]["S"]), fields["by"]["S"])


def _erasure(attributes: Attributes) -> Erasure | None:
    if "erasure" not in attributes:
        return None
    fields = attributes["erasure"]["M"]
    return Erasure(parse_instant(fields["began_at"]["S"]), fields["by"]["S"])


def _text(attributes: Attributes, name: str) -> str | None:
    return attributes[name]["S"] if name in attributes else None


def _instant(attributes: Attributes, name: str) -> datetime | None:
    return parse_instant(attributes[name]["S"]) if name in attributes else None
