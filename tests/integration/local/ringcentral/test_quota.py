"""The quota as a client meets it."""

from collections.abc import Callable

from local.ringcentral.account.options import Options, Quota, quotas_with
from tests.integration.local.ringcentral.client import Client, Clock

Start = Callable[[Options], Client]


def _small(*jwts: str) -> Options:
    return Options(
        recordings=12, quotas=quotas_with(heavy=Quota(3, 60, 60)), jwts=jwts or ("simulated-jwt",)
    )


def test_each_answer_tells_the_quota(start: Start) -> None:
    """Every authenticated answer carries the four headers, an error's as well."""
    client = start(_small()).sign_in()
    seen = [client.get(path).headers for path in ("/call-log", "/recording/1", "/call-recording")]
    names = ("Group", "Limit", "Remaining", "Window")
    assert [[headers[f"X-Rate-Limit-{name}"] for name in names] for headers in seen] == [
        ["heavy", "3", "2", "60"],
        ["heavy", "3", "1", "60"],
        ["light", "50", "49", "60"],
    ]


def test_call_log_metadata_and_content_share_one_window(start: Start, clock: Clock) -> None:
    """The fourth Heavy request is throttled, whichever endpoint it is for, until all is quiet."""
    client = start(_small()).sign_in()
    recording_id = next(iter(client.simulator.account.recordings))
    paths = ("/call-log", f"/recording/{recording_id}", f"/recording/{recording_id}/content")
    assert [client.get(path).status_code for path in (*paths, "/call-log")] == [200, 200, 200, 429]
    clock.advance(59)
    response = client.get("/call-log")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert response.json()["errors"][0]["errorCode"] == "CMN-301"
    clock.advance(59)
    assert client.get("/call-log").status_code == 429
    clock.advance(60)
    assert client.get("/call-log").status_code == 200


def test_each_service_user_has_a_quota_of_its_own(start: Start) -> None:
    """A second user is served while the first is throttled."""
    client = start(_small("first", "second")).sign_in()
    assert [client.get("/call-log").status_code for _ in range(4)][-1] == 429
    assert client.sign_in(assertion="second").get("/call-log").status_code == 200


def test_a_new_token_does_not_empty_the_window(start: Start) -> None:
    """The quota belongs to the user, not to the token."""
    client = start(_small()).sign_in()
    assert [client.get("/call-log").status_code for _ in range(4)][-1] == 429
    assert client.sign_in().get("/call-log").status_code == 429


def test_sixth_sign_in_within_a_minute_is_throttled(start: Start) -> None:
    """The Auth group has its own five a minute."""
    client = start(_small())
    responses = [client.mint() for _ in range(6)]
    assert [response.status_code for response in responses] == [200] * 5 + [429]
    assert responses[-1].headers["X-Rate-Limit-Group"] == "auth"
    assert client.simulator.books(sha256=False)["requests"] == {
        "auth": 6,
        "light": 0,
        "medium": 0,
        "heavy": 0,
    }
