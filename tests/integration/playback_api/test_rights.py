"""Who may do what: each right as a row of a table, through the function as a whole."""

from typing import Any

import pytest

from tests.integration.playback_api.site import (
    AGENT,
    HEARS_ALL,
    OTHER_AGENT,
    VISITOR,
    Site,
    answered,
    asked_by,
    call_event,
    event,
    event_for,
)

# Recording 77 is of extension 9 and archived; its call is s-1.
SAMPLES = {
    "search": lambda: event("recordings", queryStringParameters={}),
    "recording": lambda: event_for("77", "recording"),
    "playback_url": lambda: event_for("77", "playback_url"),
    "plays": lambda: event_for("77", "plays"),
    "call": lambda: call_event("s-1"),
}
STATUSES: list[tuple[dict[str, str], dict[str, int]]] = [
    (HEARS_ALL, {"search": 200, "recording": 200, "playback_url": 200, "plays": 200, "call": 200}),
    (AGENT, {"search": 200, "recording": 200, "playback_url": 200, "plays": 403, "call": 200}),
    (
        OTHER_AGENT,
        {"search": 200, "recording": 404, "playback_url": 404, "plays": 403, "call": 404},
    ),
    (VISITOR, {"search": 403, "recording": 403, "playback_url": 403, "plays": 403, "call": 403}),
    ({}, {"search": 403, "recording": 403, "playback_url": 403, "plays": 403, "call": 403}),
]
ROWS = [(who, what, status) for who, row in STATUSES for what, status in row.items()]


@pytest.mark.parametrize(("who", "what", "status"), ROWS)
def test_each_may_do_what_the_table_says(
    site: Site, who: dict[str, str], what: str, status: int
) -> None:
    """Everything, one's own extension, or nothing."""
    site.archive("77")

    assert answered(asked_by(who, SAMPLES[what]()))["status"] == status


@pytest.mark.parametrize("name", ["recording", "playback_url"])
def test_what_one_may_not_hear_does_not_exist(site: Site, name: str) -> None:
    """The whole answer, headers and all, is that to an id which nobody ever listed."""
    site.archive("77")

    of_another = answered(asked_by(OTHER_AGENT, event_for("77", name)))
    of_nobody = answered(asked_by(OTHER_AGENT, event_for("404", name)))

    assert of_another == of_nobody
    assert site.audit() == []


def test_a_call_of_others_does_not_exist(site: Site) -> None:
    """As with recordings, the answers are the same to the last byte."""
    site.list_recording("77")

    of_another = answered(asked_by(OTHER_AGENT, call_event("s-1")))

    assert of_another == answered(asked_by(OTHER_AGENT, call_event("s-404")))


def test_an_agent_finds_their_own_recordings_only(site: Site) -> None:
    """Recordings of other extensions, and of none, are in no page."""
    for recording_id, extension_id in [("1", "9"), ("2", "8"), ("3", None), ("4", "9")]:
        site.list_recording(recording_id, extension_id=extension_id)

    body = answered(asked_by(AGENT, event("recordings", queryStringParameters={})))["body"]

    assert sorted(recording["id"] for recording in body["recordings"]) == ["1", "4"]


@pytest.mark.parametrize(
    "parameters",
    [{"extension": "8"}, {"extension": "8", "phoneNumber": "5555550100"}, {"extension": "8,9"}],
)
def test_a_filter_widens_nothing(site: Site, parameters: dict[str, str]) -> None:
    """Whoever asks for another's extension gets nothing of it."""
    site.list_recording("2", extension_id="8")

    answer = answered(asked_by(AGENT, event("recordings", queryStringParameters=parameters)))

    assert not answer["body"].get("recordings")
    assert answer["body"].get("cursor") is None


def test_of_a_transferred_call_one_hears_ones_own_part(site: Site) -> None:
    """The leg of a colleague is neither shown nor counted."""
    site.list_recording("1", extension_id="8")
    site.list_recording("2", extension_id="9")

    body = answered(asked_by(AGENT, call_event("s-1")))["body"]

    assert [recording["id"] for recording in body["recordings"]] == ["2"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("what", SAMPLES)
def test_a_route_without_its_authorizer_answers_nobody(what: str) -> None:
    """Should the gateway ever forget the authorizer, the function does not."""
    sample: dict[str, Any] = SAMPLES[what]()
    del sample["requestContext"]["authorizer"]

    answer = answered(sample)

    assert (answer["status"], answer["body"]["type"]) == (
        403,
        "urn:ringvault:problem:not-a-listener",
    )


@pytest.mark.usefixtures("site")
def test_who_may_hear_nothing_is_told_what_is_lacking() -> None:
    """So that the right question reaches whoever runs the archive."""
    answer = answered(asked_by(VISITOR, event("recordings")))

    assert "ringvault-listeners-all" in answer["body"]["detail"]
    assert "extension" in answer["body"]["detail"]
