"""The player on pages of other sites: what a browser asks before it lets them use the API."""

import pytest
import requests

from tests.integration.contract.conftest import ANSWERED_WITHIN_S, EMBEDDING_ORIGIN, RunningApi

PLAYER = "/web/ringvault-player.js"
PATHS = ["/recordings", "/recordings/1", "/recordings/1/playback-url", "/calls/s-1"]


def preflight(api: RunningApi, path: str, *, origin: str) -> requests.Response:
    """Ask as a browser does before it sends a token, which it never does by itself."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    return requests.options(f"{api.url}{path}", headers=headers, timeout=ANSWERED_WITHIN_S)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", [EMBEDDING_ORIGIN, "https://desk.example.com"])
def test_a_given_origin_may_send_a_token(api: RunningApi, path: str, origin: str) -> None:
    """The preflight needs no token itself, and names the origin alone."""
    answer = preflight(api, path, origin=origin)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_any_other_origin_may_not(api: RunningApi, path: str) -> None:
    """Neither before nor after: its pages can't read what is answered."""
    foreign = "https://crm.example.com.evil.example"

    assert not _cors(preflight(api, path, origin=foreign))
    assert not _cors(api.get(path, origin=foreign))


@pytest.mark.parametrize("user", ["listener", None])
def test_a_given_origin_may_read_the_answer(api: RunningApi, user: str | None) -> None:
    """A refusal as well, and when to ask again."""
    answer = api.get("/recordings/2/playback-url", user=user, origin=EMBEDDING_ORIGIN)

    assert answer.status_code == (409 if user else 401)
    assert answer.headers["Access-Control-Allow-Origin"] == EMBEDDING_ORIGIN
    assert answer.headers["Access-Control-Expose-Headers"] == "retry-after"


def test_the_player_loads_as_a_module_elsewhere(api: RunningApi) -> None:
    """A module script from another origin is read with CORS, or not at all."""
    answer = api.get(PLAYER, user=None, origin=EMBEDDING_ORIGIN)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Access-Control-Allow-Origin"] == EMBEDDING_ORIGIN
    assert not _cors(api.get(PLAYER, user=None, origin="https://evil.example"))


def test_without_an_origin_nothing_changes(api: RunningApi) -> None:
    """The page's own requests carry none."""
    answer = api.get("/recordings")

    assert (answer.status_code, _cors(answer)) == (200, set())


def _cors(answer: requests.Response) -> set[str]:
    return {name for name in answer.headers if name.lower().startswith("access-control-")}
