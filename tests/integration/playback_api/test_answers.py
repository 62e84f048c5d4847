"""What all answers have in common, and the one line that is logged for each."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ringvault.api.requests import MAX_QUERY_CHARACTERS
from tests.integration.playback_api.site import (
    LISTED_AT,
    VISITOR,
    Event,
    Site,
    answered,
    asked_by,
    event,
    event_for,
)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "sample",
    [
        event("recordings"),
        event_for("404", "recording"),
        asked_by(VISITOR, event("recordings")),
        event("page"),
        event("page", rawPath="/web/none.js"),
        event("page", rawPath="/openapi.yaml"),
        event("page", rawPath="/sign-in.json"),
    ],
    ids=lambda sample: sample["rawPath"],
)
def test_every_answer_carries_the_security_headers(sample: Event) -> None:
    """Refusals and files as well: no sniffing, no frames, no referrer, TLS from now on."""
    headers = answered(sample)["headers"]

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("name", ["recordings", "recording", "call", "page", "page_file"])
@pytest.mark.parametrize(
    ("brought", "status", "outcome"),
    [
        ({"body": "x"}, 413, "body-refused"),
        ({"body": "eA==", "isBase64Encoded": True}, 413, "body-refused"),
        ({"rawQueryString": "x" * (MAX_QUERY_CHARACTERS + 1)}, 414, "query-too-long"),
    ],
)
def test_what_no_route_reads_is_refused_by_each(
    log: list[dict[str, Any]], name: str, brought: Event, status: int, outcome: str
) -> None:
    """A body or an endless query is no work for anything behind; the page is no exception."""
    answer = answered(event(name, **brought))

    assert answer["status"] == status
    assert answer["body"]["type"] == f"urn:ringvault:problem:{outcome}"
    assert [(line["outcome"], line["status"]) for line in log] == [(outcome, status)]


@pytest.mark.usefixtures("site")
def test_a_long_query_is_read() -> None:
    """What an issuer sends back with is as long as its code."""
    assert answered(event("page", rawQueryString="x" * MAX_QUERY_CHARACTERS))["status"] == 200


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("sample", "kept"),
    [
        (event("recordings"), "no-store"),
        (event_for("404", "recording"), "no-store"),
        (asked_by(VISITOR, event("recordings")), "no-store"),
        (event("page", rawPath="/sign-in.json"), "no-store"),
        (event("recordings", body="x"), "no-store"),
        (event("page"), "no-cache"),
        (event("page", rawPath="/openapi.yaml"), "no-cache"),
    ],
)
def test_nothing_on_the_way_keeps_an_answer(sample: Event, kept: str) -> None:
    """JSON and problems never; the page's files are asked for anew each time."""
    assert answered(sample)["headers"]["cache-control"] == kept


@pytest.mark.usefixtures("site")
def test_an_unknown_path_is_not_found() -> None:
    """What no route has is a problem like any other."""
    answer = answered(event("page", rawPath="/nothing"))

    assert (answer["status"], answer["body"]["title"]) == (404, "Not Found")


def test_missing_settings_are_logged_not_told(
    redeploy: Callable[..., None], log: list[dict[str, Any]]
) -> None:
    """The listener learns nothing, the log names every fault."""
    redeploy(VAULT_BUCKET="", PLAYBACK_URL_SECONDS="soon")

    answer = answered(event("recordings"))

    assert answer["status"] == 500
    assert "VAULT_BUCKET" not in json.dumps(answer["body"])
    (request,) = log
    assert all(name in request["problem"] for name in ("VAULT_BUCKET", "PLAYBACK_URL_SECONDS"))
    assert (request["outcome"], request["status"]) == ("unexpected", 500)


def test_a_silent_archive_is_told_and_logged(site: Site, log: list[dict[str, Any]]) -> None:
    """The listener may try again; the line says what did not answer."""
    object_key = site.archive("77", archived_at=LISTED_AT - timedelta(days=31))
    site.cloud.s3.delete_object(Bucket=site.bucket, Key=object_key)

    answer = answered(event_for("77", "playback_url"))

    assert (answer["status"], answer["headers"]["retry-after"]) == (503, "5")
    assert "look at an object of the vault" in log[0]["reason"]


def test_each_request_is_one_line_without_its_url(site: Site, log: list[dict[str, Any]]) -> None:
    """Route, status, recording, outcome and time; neither the URL nor who is on the line."""
    site.archive("77")
    url = answered(event_for("77", "playback_url"))["body"]["url"]

    (line,) = log
    assert line["route"] == "GET /recordings/{recordingId}/playback-url"
    assert (line["status"], line["recording_id"], line["outcome"]) == (200, "77", "ok")
    assert line["milliseconds"] >= 0
    secrets = (url, "X-Amz-Signature", "Ann", "Bearer", "5550100", "192.0.2.1", "listener-1")
    assert not any(secret in json.dumps(line) for secret in secrets)


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("sample", "outcome"),
    [
        (event_for("+15550100", "recording"), "unknown-recording"),
        (event("page", rawPath="/+15550100"), "no-such-path"),
        (event("recordings", queryStringParameters={"from": "+15550100"}), "invalid-parameter"),
        (event("recordings", queryStringParameters={"+15550100": "1"}), "invalid-parameter"),
        (event("recordings", queryStringParameters={"phoneNumber": "+15550100"}), "ok"),
    ],
)
def test_what_was_sent_is_not_in_the_line(
    log: list[dict[str, Any]], sample: Event, outcome: str
) -> None:
    """No traceback, and nothing repeated that could be a phone number."""
    answered(sample)

    (line,) = log
    assert line["outcome"] == outcome
    assert "5550100" not in json.dumps(line)
