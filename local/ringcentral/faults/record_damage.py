"""Damaged call-log records, each as a function of the whole record."""

import hashlib
import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from local.ringcentral.http.answers import Json

_HALF_EMOJI = "\ud83d"
_MANY_DIGITS = 10**40
# More than DynamoDB accepts for an item (400 KB), in characters that don't compress.
_NAME_CHARACTERS = 200_000
_MANY_LEGS = 300


@dataclass(frozen=True, slots=True)
class RecordDamage:
    """The damage of a record; one that `hides` makes its recording unavailable meanwhile."""

    change: Callable[[Json], Json]
    hides: bool = False


def _half_emoji(record: Any) -> Json:  # noqa: ANN401 - JSON
    side = _outside(record)
    party = {**record[side], "name": f"{record[side].get('name', '')} {_HALF_EMOJI}"}
    return {**record, side: party}


def _wrong_types(record: Any) -> Json:  # noqa: ANN401 - JSON
    side = _outside(record)
    wrong: tuple[Json, ...] = (
        {"duration": True},
        {"duration": _MANY_DIGITS},
        {side: "somebody"},
        {side: {**record[side], "name": {"first": "Ada"}}},
        {"direction": 7},
    )
    return {**record, **wrong[_number(record) % len(wrong)]}


def _out_of_calendar(record: Json) -> Json:
    starts = ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-14:00", "2026-02-30T12:00:00Z")
    return {**record, "startTime": starts[_number(record) % len(starts)]}


def _nan(record: Json) -> Json:
    numbers = (math.nan, math.inf, -math.inf)
    return {**record, "duration": numbers[_number(record) % len(numbers)]}


def _leg_without_content_uri(record: Json) -> Json:
    """Return the record with one more leg, whose recording is not available."""
    legs: Any = record.get("legs")
    if not legs:
        return record
    leg = {**legs[0], "legType": "FindMe", "master": False}
    leg["recording"] = {"id": f"8{_number(record):010}", "type": "Automatic"}
    return {**record, "legs": [*legs, leg]}


def _without_content_uri(record: Json) -> Json:
    changed: Any = deepcopy(record)
    for part in (changed, *changed.get("legs", ())):
        part.get("recording", {}).pop("contentUri", None)
    return {**changed}


def _without_id(record: Json) -> Json:
    return {name: value for name, value in record.items() if name != "id"}


def _huge(record: Any) -> Json:  # noqa: ANN401 - JSON
    """Return the record with a very long name, or with very many legs."""
    side = _outside(record)
    if _number(record) % 2 and record.get("legs"):
        return {**record, "legs": [*record["legs"], *_many_legs(record)]}
    noise = hashlib.shake_128(str(record["id"]).encode()).digest(2 * _NAME_CHARACTERS)
    pairs = zip(noise[::2], noise[1::2], strict=True)
    name = "".join(chr(0x4E00 + (256 * high + low) % 0x5000) for high, low in pairs)
    return {**record, side: {**record[side], "name": name}}


def _many_legs(record: Any) -> list[Json]:  # noqa: ANN401 - JSON
    """Return legs that each repeat the recording of the last one, with other numbers."""
    leg = record["legs"][-1]
    return [
        {
            **leg,
            "master": False,
            "from": {"phoneNumber": f"+1555{2_000_000 + index}"},
            "to": {"phoneNumber": f"+1555{3_000_000 + index}"},
        }
        for index in range(_MANY_LEGS)
    ]


def _outside(record: Any) -> str:  # noqa: ANN401 - JSON
    return "from" if record["direction"] == "Inbound" else "to"


def _number(record: Json) -> int:
    """Return a number that belongs to a record, the same every time."""
    return int(hashlib.sha256(str(record["id"]).encode()).hexdigest()[:8], 16)


RECORD_DAMAGES: Mapping[str, RecordDamage] = {
    "record-half-emoji": RecordDamage(_half_emoji),
    "record-wrong-types": RecordDamage(_wrong_types),
    "record-out-of-calendar": RecordDamage(_out_of_calendar, hides=True),
    "record-nan": RecordDamage(_nan),
    "leg-without-content-uri": RecordDamage(_leg_without_content_uri),
    "record-without-content-uri": RecordDamage(_without_content_uri, hides=True),
    "record-without-id": RecordDamage(_without_id, hides=True),
    "record-huge": RecordDamage(_huge),
}
