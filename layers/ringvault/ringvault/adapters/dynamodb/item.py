"""A catalogue item as DynamoDB stores it, and back; a damaged item costs no other."""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from ringvault.adapters.dynamodb.attributes import (
    Attributes,
    attribute_of,
    attributes_of,
    instant_in,
    text_in,
)
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
from ringvault.core.instants import parse_instant
from ringvault.core.listing.feed import Candidate, Losses

# Only so many unreadable items are named: a catalogue with more damage needs a restore, not a list.
MAX_NAMED = 1_000

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


def new_attributes(recording: Recording, listed_at: datetime) -> dict[str, Any]:
    """Return the item of a recording that was just listed."""
    raw_record = recording.raw_record
    return attributes_of(
        {
            "recording_id": recording.recording_id,
            "state": State.PENDING,
            "account_id": recording.account_id,
            "content_uri": recording.content_uri,
            "started_at": recording.started_at,
            "started_month": f"{recording.started_at:%Y-%m}",
            # Compressed, it takes a third of the space and of the price.
            "call_record": zlib.compress(as_json(recording.call_record)),
            "raw_record": None if raw_record is None else zlib.compress(raw_record.encode()),
            "duration_s": recording.duration_s,
            "extension_id": recording.extension_id,
            "telephony_session_id": recording.call.telephony_session_id,
            "listed_at": listed_at,
            "attempts": 0,
            "schema_version": SCHEMA_VERSION,
        }
    )


def archived_attributes(archived: ArchivedObject) -> dict[str, Any]:
    """Return what ARCHIVED adds to an item."""
    duration_s = archived.audio_duration_s
    return attributes_of(
        {
            "object_key": archived.object_key,
            "content_type": archived.content_type,
            "size_bytes": archived.size_bytes,
            "sha256_hex": archived.sha256_hex,
            "crc32": archived.crc32,
            "archived_at": archived.archived_at,
            "audio_duration_s": None if duration_s is None else round(duration_s, 3),
            "waveform": archived.waveform,
            "notes": archived.notes or None,
        }
    )


def fields_attribute(value: RepeatedAnswer | Hold | Erasure | Losses) -> dict[str, Any]:
    """Return a part of an item as one attribute that has its fields."""
    return attribute_of(asdict(value))


def item_of(attributes: Attributes) -> CatalogueItem:
    """Return the item that all attributes of the table describe.

    Raises:
        NewerCatalogueError: a later release wrote them.
        UnreadableItemError: they are damaged; names the attribute and the kind of damage, and no
            content.
    """
    return read_safely(_known_item, attributes)


def read_safely(read: Callable[[Attributes], T], attributes: Attributes) -> T:
    """Return what `read` makes of attributes.

    Raises:
        UnreadableItemError: they are damaged, as `item_of` has it.
    """
    try:
        return read(attributes)
    except DAMAGED as error:
        raise UnreadableItemError(_id_in(attributes), _problem(error)) from error


def _known_item(attributes: Attributes) -> CatalogueItem:
    _require_known(attributes)
    return _item(attributes)


def items_of(found: Iterable[Attributes]) -> ItemsRead:
    """Return the items that can be read, and an error for each of the others."""
    items: list[CatalogueItem] = []
    unreadable: list[UnreadableItemError] = []
    for attributes in found:
        try:
            items.append(item_of(attributes))
        except UnreadableItemError as error:
            unreadable.append(error)
    return ItemsRead(tuple(items), tuple(unreadable))


class UnreadableItems:
    """Skips items that can't be read, and remembers which they were."""

    def __init__(self) -> None:
        self._met: dict[str | None, UnreadableItemError] = {}

    def readable(self, found: Iterable[Attributes], read: Callable[[Attributes], T]) -> Iterator[T]:
        """Yield what `read` makes of each item that it can read."""
        for attributes in found:
            try:
                yield read_safely(read, attributes)
            except UnreadableItemError as error:
                if len(self._met) < MAX_NAMED:
                    self._met[error.recording_id] = error

    def take(self) -> tuple[UnreadableItemError, ...]:
        """Return the errors since the last call, one for each item; forget them."""
        met, self._met = tuple(self._met.values()), {}
        return met


def _item(attributes: Attributes) -> CatalogueItem:
    return CatalogueItem(
        recording=_recording(attributes),
        state=State(attributes["state"]["S"]),
        listed_at=parse_instant(attributes["listed_at"]["S"]),
        attempts=int(attributes["attempts"]["N"]),
        queued_at=instant_in(attributes, "queued_at"),
        claimed_until=instant_in(attributes, "claimed_until"),
        retry_at=instant_in(attributes, "retry_at"),
        reason=text_in(attributes, "reason"),
        archived=_archived(attributes) if "object_key" in attributes else None,
        hold=_hold(attributes),
        erasure=_erasure(attributes),
        expiring_at=instant_in(attributes, "expiring_at"),
        deferrals=int(attributes["deferrals"]["N"]) if "deferrals" in attributes else 0,
        not_found=_repeated(attributes, "not_found"),
        refused=_repeated(attributes, "refused"),
        unrecognised_sha256_hex=text_in(attributes, "unrecognised_sha256_hex"),
        former_numbers=frozenset(attributes.get("former_numbers", {"SS": ()})["SS"]),
    )


def candidate_of(attributes: Attributes) -> Candidate:
    """Return what the feed needs, from an entry of the index by_state.

    Raises:
        UnreadableItemError: they are damaged, as `item_of` has it.
    """
    return read_safely(_candidate, attributes)


def _candidate(attributes: Attributes) -> Candidate:
    return Candidate(
        recording_id=_recording_id(attributes),
        state=State(attributes["state"]["S"]),
        started_at=parse_instant(attributes["started_at"]["S"]),
        queued_at=instant_in(attributes, "queued_at"),
        claimed_until=instant_in(attributes, "claimed_until"),
        retry_at=instant_in(attributes, "retry_at"),
    )


def losses_of(attributes: Attributes) -> Losses:
    """Return how often a recording was lost; a damaged attribute counts as never."""
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
        extension_id=text_in(attributes, "extension_id"),
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
    """Return the content before compression.

    Raises:
        ValueError: it is truncated or has a tail, or is longer than `limit` bytes.
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
    """Name the missing attribute or the kind of damage; repeat no content."""
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
