"""The audit: no URL without a trace, and who may read the traces."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.playback_api.site import (
    AGENT,
    HEARS_ALL,
    Event,
    Site,
    answered,
    asked_by,
    event_for,
)


def plays(**parameters: str) -> Event:
    """Return the event that asks for the plays of recording 77."""
    return event_for("77", "plays", queryStringParameters=parameters)


def test_a_url_is_in_the_audit(site: Site) -> None:
    """Who, which recording, when, from where, with what, for how long and what for."""
    site.archive("77")
    before = datetime.now(UTC)
    wish = {"disposition": "attachment"}

    url = answered(asked_by(AGENT, event_for("77", "playback_url", queryStringParameters=wish)))[
        "body"
    ]

    (play,) = site.audit()
    assert (play["user_id"], play["recording_id"]) == ("agent-9", "77")
    assert (play["source_ip"], play["user_agent"]) == ("192.0.2.1", "curl/8.5.0")
    assert play["disposition"] == "attachment"
    assert play["expires_at"] == url["expiresAt"]
    played_at = datetime.fromisoformat(play["played_at"])
    assert before - timedelta(milliseconds=1) <= played_at <= datetime.now(UTC)


def test_without_an_audit_there_is_no_url(
    site: Site,
    redeploy: Callable[..., None],
    log: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is issued, the listener may try again, and an operator can be alarmed."""
    site.archive("77")
    redeploy(PLAY_TABLE="nowhere")

    answer = answered(event_for("77", "playback_url"))

    assert (answer["status"], answer["headers"]["retry-after"]) == (503, "5")
    assert answer["body"]["type"] == "urn:ringvault:problem:play-not-kept"
    assert "X-Amz" not in json.dumps(answer)
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [metric["PlaybackAuditFailed"] for metric in metrics] == [[1.0]]
    (line,) = log
    assert (line["outcome"], line["status"]) == ("play-not-kept", 503)
    assert "write the audit of plays" in line["reason"]


def test_a_long_user_agent_is_cut(site: Site) -> None:
    """A header may be kilobytes long; the audit keeps what a browser would send."""
    site.archive("77")
    sample = event_for("77", "playback_url")
    sample["requestContext"]["http"]["userAgent"] = "x" * 5000

    assert answered(sample)["status"] == 200
    assert site.audit()[0]["user_agent"] == "x" * 256


def test_plays_are_told_newest_first(site: Site) -> None:
    """Each URL is one play, with what a person needs to ask about it."""
    site.archive("77")
    for who in (AGENT, HEARS_ALL, AGENT):
        answered(asked_by(who, event_for("77", "playback_url")))

    answer = answered(plays())

    told = answer["body"]["plays"]
    assert (answer["status"], answer["body"]["cursor"]) == (200, None)
    assert sorted(play["user"] for play in told) == ["agent-9", "agent-9", "listener-1"]
    assert told == sorted(told, key=lambda play: play["playedAt"], reverse=True)
    assert told[0].keys() == {
        "user",
        "playedAt",
        "expiresAt",
        "sourceIp",
        "userAgent",
        "disposition",
    }


def test_pages_lead_through_all_plays_once(site: Site) -> None:
    """Fifty a page; the cursor leads on, and plays of other recordings are not among them."""
    site.archive("77")
    site.archive("78")
    for recording_id, number in [("77", 60), ("78", 1)]:
        for _ in range(number):
            answered(event_for(recording_id, "playback_url"))

    first = answered(plays())["body"]
    second = answered(plays(cursor=first["cursor"]))["body"]

    assert (len(first["plays"]), len(second["plays"])) == (50, 10)
    assert second["cursor"] is None
    assert first["plays"][-1]["playedAt"] >= second["plays"][0]["playedAt"]


@pytest.mark.parametrize(
    "parameters",
    [{"cursor": ""}, {"cursor": "é"}, {"cursor": "AAAA"}, {"cursor": "W10"}, {"cursor": "A"}],
)
def test_a_cursor_that_is_none_is_refused(site: Site, parameters: dict[str, str]) -> None:
    """Nothing that was made up reaches the table."""
    site.archive("77")

    answer = answered(plays(**parameters))

    assert (answer["status"], answer["body"]["parameter"]) == (400, "cursor")


def test_an_unknown_parameter_is_refused(site: Site) -> None:
    """As everywhere, a misspelling is told."""
    site.archive("77")

    assert answered(plays(limit="1"))["body"]["parameter"] == "limit"
