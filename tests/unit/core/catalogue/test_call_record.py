"""Call-log records as they come, and as the core sees them."""

import json
import random
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringvault.adapters.dynamodb.item import item_of, new_attributes
from ringvault.core.catalogue.call_record import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_DURATION_S,
    MAX_ENTRIES,
    MAX_JSON,
    MAX_NAMES,
    MAX_NUMBER,
    MAX_RAW,
    MAX_STORED_BYTES,
    MAX_TEXT,
    Call,
    NamedRecording,
    Party,
    as_json,
    duration_or_none,
    id_or_none,
    instant_or_none,
    normalised,
)
from ringvault.core.catalogue.recording import read_record

ACCOUNT = "https://platform.ringcentral.com/restapi/v1.0/account/37439510"
DYNAMODB_ITEM_BYTES = 400 * 1024


def recording(recording_id: str, **fields: Any) -> dict[str, Any]:
    """Return what a record or a leg says of a recording."""
    uri = f"{ACCOUNT}/recording/{recording_id}"
    return {"id": recording_id, "uri": uri, "contentUri": f"{uri}/content", **fields}


def record(**fields: Any) -> dict[str, Any]:
    """Return a record with one recording."""
    return {
        "id": "c1",
        "startTime": "2026-10-01T12:58:47.594Z",
        "duration": 60,
        "recording": recording("1"),
        **fields,
    }


def noise(characters: int, seed: int = 1) -> str:
    """Return text that hardly compresses."""
    rng = random.Random(seed)  # noqa: S311 - the same noise each time, and no secret
    return "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(characters))


def test_what_is_as_documented_stays_as_it_is() -> None:
    """Nothing is lost, and no second form is kept; normalising again gives the same record."""
    listed = record(**{"from": {"phoneNumber": "+15550100001", "name": "Zoë 🎉"}, "legs": [{}]})
    found = normalised(listed)
    assert (found, found.raw) == (listed, None)
    assert normalised(found) is found


@pytest.mark.parametrize("value", [None, True, 5, 1.5, "text", [], ["x"]])
def test_what_is_no_object_is_an_empty_record(value: object) -> None:
    """A record is an object; anything else says nothing."""
    assert normalised(value) == {}


def test_half_a_character_is_replaced_and_kept_in_the_raw_form() -> None:
    """UTF-8 has no half of a pair; the ASCII form of JSON has."""
    found = normalised(record(**{"from": {"name": "Ann \ud83c"}}))
    assert found["from"]["name"] == "Ann \ufffd"
    assert found.raw is not None
    assert "\\ud83c" in found.raw
    assert found.raw.isascii()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e300, 10**400])
def test_a_number_that_not_every_reader_of_json_takes_is_unknown(number: float) -> None:
    """NaN and the infinities are no JSON, and longer numbers are rounded by some readers."""
    assert normalised({"duration": number}) == {"duration": None}


def test_texts_names_lists_and_depth_have_limits() -> None:
    """What lies beyond a limit is left out."""
    deep: Any = "bottom"
    for _ in range(MAX_DEPTH + 5):
        deep = {"in": deep}
    found = normalised({"text": "x" * 5_000, "list": [1] * (MAX_ENTRIES + 5), "deep": deep})
    assert len(found["text"]) == MAX_TEXT
    assert len(found["list"]) == MAX_ENTRIES
    assert json.dumps(found["deep"]).count("in") == MAX_DEPTH - 1
    assert len(normalised({str(it): it for it in range(MAX_NAMES + 5)})) == MAX_NAMES


def test_the_raw_form_is_kept_only_while_it_is_short() -> None:
    """It lies in the item too, which has 400 KB."""
    assert normalised({"name": "\ud83c" + "x" * MAX_RAW}).raw is None


def test_a_call_has_the_types_that_are_documented() -> None:
    """What has another type is unknown, and costs nothing beside it."""
    call = normalised(
        {
            "id": 5,
            "direction": 5,
            "telephonySessionId": {"a": 1},
            "from": "Ann",
            "to": {"phoneNumber": 16505550100, "name": {"first": "Ann"}, "extensionId": True},
            "legs": [5, {"telephonySessionId": "s-1", "startTime": 5, "duration": "sixty"}],
            "recording": "1",
        }
    ).call
    assert (call.record_id, call.direction, call.telephony_session_id) == ("5", None, "s-1")
    assert (call.own.from_party, call.own.to_party) == (Party(), Party("16505550100"))
    assert call.own.recording == NamedRecording(None, None, None, None)
    (leg,) = call.legs
    assert (leg.started_at, leg.duration_s, leg.recording) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("A-b_9", "A-b_9"),
        (5, "5"),
        (True, None),
        (None, None),
        (1.0, None),
        ("", None),
        ("../x", None),
        ("x" * 65, None),
        ("1\n", None),
    ],
)
def test_an_id_is_text_or_a_whole_number(value: object, expected: str | None) -> None:
    """It becomes part of an object key."""
    assert id_or_none(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(60, 60), (60.9, 60), (0, 0), (True, None), (-1, None), ("60", None), (None, None)],
)
def test_a_duration_is_a_number_of_seconds(value: object, expected: int | None) -> None:
    """A truth value is a number to Python, and none to DynamoDB."""
    assert duration_or_none(value) == expected


def test_no_call_is_longer_than_a_month() -> None:
    """What is longer is unknown."""
    assert duration_or_none(MAX_DURATION_S) == MAX_DURATION_S
    assert duration_or_none(MAX_DURATION_S + 1) is None
    assert duration_or_none(float("nan")) is None


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-14:00",
        "1700-01-01T00:00:00Z",
        "2200-01-01T00:00:00Z",
        "2026-10-01T12:00:00",
        "yesterday",
        1_700_000_000,
        None,
    ],
)
def test_an_instant_has_a_zone_and_lies_in_the_calendar(value: object) -> None:
    """One that leaves the calendar in another zone can not be stored or compared."""
    assert instant_or_none(value) is None


def test_a_uri_that_was_cut_or_is_half_a_character_is_none() -> None:
    """It would lead elsewhere, and what is not there would be called absent in the end."""
    for uri in (f"{ACCOUNT}/recording/1/content?{'x' * MAX_TEXT}", f"{ACCOUNT}/recording/1\ud83c"):
        read = read_record(record(recording=recording("1", contentUri=uri)))
        assert not read.recordings
        assert [it.problem for it in read.unreadable] == ["recording 1 has no contentUri"]


def test_long_names_starve_no_leg_behind_them() -> None:
    """Each text is cut before it counts."""
    legs = [{"from": {"name": "x" * 600_000}}, {"recording": recording("2")}]
    read = read_record(record(**{"from": {"name": "x" * 600_000}, "legs": legs}))
    assert [it.recording_id for it in read.recordings] == ["1", "2"]
    assert not read.unreadable


def test_recordings_beyond_a_limit_are_named_as_unreadable() -> None:
    """Whatever uses the room up: texts, names or legs."""
    texts = [{"message": "x" * MAX_TEXT}] * (MAX_CHARACTERS // MAX_TEXT + 1)
    many = {str(it): it for it in range(MAX_NAMES)}
    for listed in (
        record(legs=[*texts, {"recording": recording("2")}]),
        record(legs=[{}] * MAX_ENTRIES + [{"recording": recording("2")}]),
        record(legs=[{**many, "recording": recording("2")}]),
    ):
        read = read_record(listed)
        assert [it.recording_id for it in read.recordings] == ["1"]
        assert [it.problem for it in read.unreadable] == [
            "it is too long: 1 recordings of it were not read"
        ]


@pytest.mark.parametrize("legs", [{"0": {"recording": recording("2")}}, ["x"], [[{}]], 5])
def test_legs_that_are_none_are_named_as_unreadable(legs: object) -> None:
    """A recording may be in there."""
    read = read_record(record(legs=legs))
    assert [it.recording_id for it in read.recordings] == ["1"]
    assert [it.problem for it in read.unreadable] == ["1 of its legs are not objects"]


@pytest.mark.parametrize("legs", [None, [], [None], [{}], {}])
def test_what_is_empty_holds_no_recording(legs: object) -> None:
    """Nothing is unreadable where nothing is."""
    assert not read_record(record(legs=legs)).unreadable


def test_a_record_that_does_not_compress_keeps_what_matters_within_an_item() -> None:
    """DynamoDB takes 400 KB: names of legs go first, those with recordings stay."""
    legs = [
        {"from": {"name": noise(1_000, it), "phoneNumber": f"+1555010{it:04}"}, "note": "\u4e00"}
        for it in range(600)
    ]
    listed = record(legs=[*legs, {"recording": recording("2")}])
    first, second = read_record(listed).recordings
    assert (first.recording_id, second.recording_id) == ("1", "2")
    attributes = new_attributes(first, datetime(2026, 10, 1, tzinfo=UTC))
    size = sum(len(str(name)) + len(next(iter(it.values()))) for name, it in attributes.items())
    assert size < DYNAMODB_ITEM_BYTES
    assert item_of(attributes).recording == first
    assert first.call.legs[0].recording is not None


def test_a_record_that_inflates_beyond_what_is_read_back_is_reduced() -> None:
    """A million emoji are 12 MB of JSON and next to nothing compressed."""
    found = normalised(record(notes=["🎉" * MAX_TEXT] * 970))
    assert len(as_json(found)) <= MAX_JSON
    assert found.call.own.recording is not None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats()
    | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "from", "legs", "recording", "contentUri", "startTime", "duration"]
            )
            | st.text(st.characters(), max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(JSON)
def test_anything_becomes_what_json_utf8_and_dynamodb_take(value: object) -> None:
    """Normalising again changes nothing, and no reading of it ever raises."""
    found = normalised(value)
    stored = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    again = normalised(json.loads(stored))
    assert (again, again.raw) == (found, None)
    assert len(zlib.compress(as_json(found))) <= MAX_STORED_BYTES
    assert isinstance(found.call, Call)
    assert -MAX_NUMBER < (found.call.own.duration_s or 0) < MAX_NUMBER
    read_record(value)


@given(JSON, st.sampled_from(["id", "from", "to", "legs", "startTime", "duration", "extension"]))
def test_whatever_a_member_is_costs_no_other_part(value: object, name: str) -> None:
    """The record's own recording is there; a start of its own is what it can't do without."""
    read = read_record({**record(), name: value})
    is_named = bool(read.recordings) or bool(read.unreadable)
    assert is_named
    if name != "startTime":
        assert "1" in {it.recording_id for it in read.recordings}
