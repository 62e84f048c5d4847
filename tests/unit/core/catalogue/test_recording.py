"""Recordings as the call log lists them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ringvault.core.catalogue.call_record import normalised
from ringvault.core.catalogue.recording import (
    Recording,
    is_recording_id,
    read_record,
    unique,
)
from ringvault.core.vault.layout import audio_key, audio_prefix, sidecar_key
from tests.support.call_log_records import MEDIA, record, recording


def test_a_record_gives_its_recording() -> None:
    """Instants become UTC, the account comes from the recording's URI, the record stays whole."""
    listed = record()

    assert read_record(listed).recordings == (
        Recording(
            recording_id="1662272004",
            account_id="37439510",
            content_uri=f"{MEDIA}/recording/1662272004/content",
            started_at=datetime(2026, 10, 1, 12, 58, 47, 594000, tzinfo=UTC),
            duration_s=194,
            extension_id="664573005",
            call_record=listed,
        ),
    )


def test_legs_that_repeat_the_recording_count_once() -> None:
    """RingCentral's own samples name one recording in the record and in several legs."""
    legs = [{"recording": recording("1662272004")}, {"recording": recording("1662272004")}]

    assert len(read_record(record(legs=legs)).recordings) == 1


def test_a_leg_with_a_recording_of_its_own_adds_it() -> None:
    """A transfer's second recording has the leg's start, duration and extension."""
    leg = {
        "recording": recording("1662272005"),
        "startTime": "2026-10-01T13:00:00Z",
        "duration": 20,
        "extension": {"id": 7},
    }
    _, second = read_record(record(legs=[leg])).recordings

    assert (second.recording_id, second.duration_s, second.extension_id) == ("1662272005", 20, "7")
    assert second.started_at == datetime(2026, 10, 1, 13, tzinfo=UTC)


def test_a_leg_without_start_takes_the_records() -> None:
    """What a leg leaves out, the record says."""
    found = read_record(record(recording=None, legs=[{"recording": recording("8")}])).recordings

    assert (found[0].duration_s, found[0].extension_id) == (194, "664573005")


def test_a_record_without_recording_gives_none() -> None:
    """A call that was not recorded, or too short, is nothing to archive."""
    assert read_record(record(recording=None, shortRecording=True)).recordings == ()


def test_everything_but_id_uri_and_start_may_be_missing() -> None:
    """Company numbers have no extension, blocked callers no number."""
    sparse = {
        "id": "V",
        "startTime": "2026-10-01T00:00:00Z",
        "recording": {"id": "8", "contentUri": f"{MEDIA}/recording/8/content"},
    }
    (found,) = read_record(sparse).recordings

    assert (found.account_id, found.duration_s, found.extension_id) == ("37439510", None, None)


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        (record(recording={"id": "../x", "contentUri": MEDIA}), "the recording's id is not valid"),
        (record(recording={"id": ""}), "the recording's id is not valid"),
        (record(recording={"id": "8"}), "recording 8 has no contentUri"),
        (record(startTime="yesterday"), "has no valid startTime"),
        (record(startTime="2026-10-01T00:00:00"), "has no valid startTime"),
        (
            record(uri="x", recording={"id": "8", "contentUri": "https://media/x"}),
            "no URI of recording 8 names its account",
        ),
    ],
)
def test_a_record_that_lacks_what_the_archive_needs_is_named(
    listed: dict[str, Any], told: str
) -> None:
    """It says which record and what is wrong, and no name or number."""
    read = read_record(listed)

    assert read.recordings == ()
    (unreadable,) = read.unreadable
    assert told in str(unreadable)
    assert "VgLcd1KWffJVzUA" in str(unreadable)
    assert "5550100001" not in str(unreadable)


def test_the_same_recording_in_two_records_counts_once() -> None:
    """The first sight decides."""
    first, second = read_record(record()).recordings, read_record(record(id="other")).recordings

    assert unique([*first, *second]) == first


@pytest.mark.parametrize("text", ["", "a/b", "..", "1.mp3", "1 ", "é", "1\n", "1" * 65])
def test_what_can_not_be_an_id_never_becomes_a_key(text: str) -> None:
    """Ids become object keys."""
    assert not is_recording_id(text)


def test_the_vault_is_laid_out_by_account_and_day() -> None:
    """Keys hold ids and dates, so that Athena reads them and nobody is named."""
    (found,) = read_record(record()).recordings

    day = "account=37439510/year=2026/month=10/day=01"
    assert audio_key(found, "mp3") == f"recordings/{day}/1662272004.mp3"
    assert audio_prefix(found) == f"recordings/{day}/1662272004."
    assert sidecar_key(found) == f"metadata/{day}/1662272004.json"


@pytest.mark.parametrize(
    ("record", "telephony_session_id"),
    [
        ({"telephonySessionId": "s-a0d1", "legs": [{"telephonySessionId": "s-b"}]}, "s-a0d1"),
        ({"legs": [{}, {"telephonySessionId": "s-b"}]}, "s-b"),
        ({"telephonySessionId": "", "legs": None}, None),
        ({"telephonySessionId": "s 1"}, None),
        ({"telephonySessionId": 7}, None),
        ({}, None),
    ],
)
def test_a_call_names_its_session(record: dict[str, Any], telephony_session_id: str | None) -> None:
    """The record's own, else a leg's; what can't stand in a path is none."""
    assert normalised(record).call.telephony_session_id == telephony_session_id
