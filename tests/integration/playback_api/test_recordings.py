"""`GET /recordings`, `/recordings/{id}` and `/calls/{id}` against the tables of template.yaml."""

from datetime import timedelta

import pytest

from ringvault.core.catalogue.item import State
from tests.integration.playback_api.site import (
    LISTED_AT,
    Site,
    answered,
    call_event,
    event,
    event_for,
)


def test_recordings_are_listed_newest_first(site: Site) -> None:
    """The page goes down in time, across months, and nobody on the way keeps it."""
    for recording_id, days_ago in [("1", 3), ("2", 1), ("3", 40), ("4", 2)]:
        site.list_recording(recording_id, days_ago=days_ago)

    answer = answered(event("recordings"))

    assert (answer["status"], answer["headers"]["cache-control"]) == (200, "no-store")
    assert [r["id"] for r in answer["body"]["recordings"]] == ["2", "4", "1", "3"]
    assert answer["body"]["cursor"] is None


def test_pages_lead_through_all_recordings_once(site: Site) -> None:
    """Each page's cursor leads to the next, without gap or repetition, and ends with null."""
    ids = [str(number) for number in range(7)]
    for recording_id in ids:
        site.list_recording(recording_id, days_ago=1 + 13 * int(recording_id))

    seen, parameters = [], {"limit": "3"}
    for _ in range(3):
        body = answered(event("recordings", queryStringParameters=parameters))["body"]
        seen.append([recording["id"] for recording in body["recordings"]])
        parameters = {"limit": "3", "cursor": body["cursor"]}

    assert seen == [ids[:3], ids[3:6], ids[6:]]
    assert body["cursor"] is None


def test_recordings_of_one_instant_are_paged_too(site: Site) -> None:
    """Calls that began in the same millisecond are told apart by their ids."""
    for recording_id in ("1", "2", "3"):
        site.list_recording(recording_id)

    first = answered(event("recordings", queryStringParameters={"limit": "2"}))["body"]
    rest = {"limit": "2", "cursor": first["cursor"]}
    second = answered(event("recordings", queryStringParameters=rest))["body"]

    seen = [recording["id"] for recording in first["recordings"] + second["recordings"]]
    assert sorted(seen) == ["1", "2", "3"]


@pytest.mark.usefixtures("site")
def test_a_search_without_parameters_has_none_in_its_event() -> None:
    """API Gateway leaves the member out; that is a search like any other."""
    sample = event("recordings")
    del sample["queryStringParameters"]

    assert answered(sample)["body"] == {"recordings": [], "cursor": None}


def test_a_number_finds_its_recordings(site: Site) -> None:
    """However it is written; a number that took part in nothing finds nothing."""
    site.list_recording("1")

    found = [
        answered(event("recordings", queryStringParameters={"phoneNumber": number}))["body"]
        for number in ("(555) 555-0100", "5555550199")
    ]

    assert [[r["id"] for r in body["recordings"]] for body in found] == [["1"], []]


def test_a_recording_is_shown_in_whatever_state(site: Site) -> None:
    """One that is not archived is shown with its state and its reason."""
    site.end("77", State.FAILED, "not audio")

    answer = answered(event_for("77", "recording"))

    assert (answer["status"], answer["body"]["id"]) == (200, "77")
    assert (answer["body"]["state"], answer["body"]["reason"]) == ("FAILED", "not audio")


def test_a_call_is_its_recordings_in_order(site: Site) -> None:
    """What was transferred is told from its beginning on, and no other call with it."""
    for recording_id, minutes in [("2", 3), ("1", 0), ("3", 7)]:
        site.list_recording(recording_id, started_at=LISTED_AT + timedelta(minutes=minutes))
    site.list_recording("4", call_record={"telephonySessionId": "s-2"})

    answer = answered(call_event("s-1"))

    assert answer["status"] == 200
    assert [recording["id"] for recording in answer["body"]["recordings"]] == ["1", "2", "3"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("session_id", ["s-404", "x" * 65, "a+b"])
def test_an_unknown_call_is_not_found(session_id: str) -> None:
    """Unlisted and malformed look the same."""
    answer = answered(call_event(session_id))

    assert answer["status"] == 404
    assert answer["body"]["type"] == "urn:ringvault:problem:unknown-call"


@pytest.mark.usefixtures("site")
def test_a_bad_parameter_is_named() -> None:
    """The problem names it where a program finds it."""
    answer = answered(event("recordings", queryStringParameters={"limit": "many"}))

    assert (answer["status"], answer["body"]["parameter"]) == (400, "limit")
