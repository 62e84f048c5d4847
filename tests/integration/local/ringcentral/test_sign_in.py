"""The token endpoint, and what a token opens."""

from collections.abc import Callable

import pytest
import requests

from local.ringcentral.account.options import Options, Scope
from tests.integration.local.ringcentral.client import DEADLINE_S, Client, Clock

Start = Callable[[Options], Client]


@pytest.fixture
def anonymous(start: Start) -> Client:
    """A client that has not signed in."""
    return start(Options(recordings=1))


@pytest.mark.parametrize(
    ("form", "error", "code"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type", "OAU-250"),
        ({"grant_type": ""}, "unsupported_grant_type", "OAU-250"),
        ({"assertion": "wrong"}, "invalid_grant", "OAU-331"),
        ({"assertion": ""}, "invalid_request", "CMN-101"),
    ],
)
def test_bad_grant(anonymous: Client, form: dict[str, str], error: str, code: str) -> None:
    """Another grant, or a wrong or missing assertion, is a 400 with OAuth's error."""
    response = anonymous.mint(**form)
    document = response.json()
    assert (response.status_code, document["error"]) == (400, error)
    assert document["errors"][0]["errorCode"] == code


@pytest.mark.parametrize(
    ("auth", "status", "code"),
    [
        (None, 400, "OAU-123"),
        (("unknown", "simulated-client-secret"), 400, "OAU-153"),
        (("simulated-client-id", "wrong"), 401, "OAU-125"),
    ],
)
def test_bad_client(
    anonymous: Client, auth: tuple[str, str] | None, status: int, code: str
) -> None:
    """A missing, unknown or wrong client is `invalid_client`."""
    url = f"{anonymous.simulator.base_url}/restapi/oauth/token"
    response = requests.post(url, data={"grant_type": "x"}, auth=auth, timeout=DEADLINE_S)
    document = response.json()
    assert (response.status_code, document["error"]) == (status, "invalid_client")
    assert document["errors"][0]["errorCode"] == code


def test_only_forms(anonymous: Client) -> None:
    """A body that is not a form is 415."""
    url = f"{anonymous.simulator.base_url}/restapi/oauth/token"
    assert requests.post(url, json={}, timeout=DEADLINE_S).status_code == 415


@pytest.mark.parametrize(
    ("authorization", "code"),
    [(None, "AGW-401"), ("Basic abc", "AGW-402"), ("Bearer unknown", "OAU-213")],
)
def test_bad_token(anonymous: Client, authorization: str | None, code: str) -> None:
    """A request without a good token is 401 and spends no quota."""
    headers = {"Authorization": authorization} if authorization else None
    response = anonymous.get("/call-log", headers=headers)
    assert (response.status_code, response.json()["errors"][0]["errorCode"]) == (401, code)
    assert "X-Rate-Limit-Group" not in response.headers


def test_token_expires(start: Start, clock: Clock) -> None:
    """A token is good until `expires_in` has passed, and no longer."""
    client = start(Options(recordings=1, token_lifetime_s=700)).sign_in()
    clock.advance(699)
    assert client.get("/call-log").status_code == 200
    clock.advance(1)
    assert client.get("/call-log").json()["errors"][0]["errorCode"] == "OAU-128"


@pytest.mark.parametrize(("asked", "given"), [("1", 600), ("900", 900), ("99999", 3600)])
def test_lifetime_is_clamped(anonymous: Client, asked: str, given: int) -> None:
    """A token's lifetime can be asked for, from 10 minutes to an hour."""
    assert anonymous.mint(access_token_ttl=asked).json()["expires_in"] == given


def test_sixth_session_ends_the_oldest(anonymous: Client, clock: Clock) -> None:
    """Five sessions of a user live side by side; one more kills the first token."""
    tokens = [anonymous.mint().json()["access_token"] for _ in range(5)]
    clock.advance(60)
    tokens.append(anonymous.mint().json()["access_token"])
    statuses = [
        anonymous.get("/call-recording", headers={"Authorization": f"Bearer {token}"}).status_code
        for token in tokens
    ]
    assert statuses == [401, 200, 200, 200, 200, 200]


@pytest.mark.parametrize(
    ("granted", "path", "status"),
    [
        ({Scope.READ_ACCOUNTS}, "/call-log", 403),
        ({Scope.READ_CALL_LOG}, "/call-log", 200),
        ({Scope.READ_CALL_RECORDING}, "/call-log", 200),
        ({Scope.READ_CALL_LOG}, "/recording/1/content", 403),
        ({Scope.READ_CALL_LOG}, "/call-recording", 403),
    ],
)
def test_scope_that_is_switched_off(
    start: Start, granted: set[Scope], path: str, status: int
) -> None:
    """Without the application permission the answer is 403 CMN-401 and names it."""
    response = start(Options(recordings=1, scopes=frozenset(granted))).sign_in().get(path)
    assert response.status_code == status
    if status == 403:
        error = response.json()["errors"][0]
        assert error["errorCode"] == "CMN-401"
        assert error["permissionName"] in error["message"]


def test_scope_can_be_narrowed(anonymous: Client) -> None:
    """A token asked for with fewer scopes opens less."""
    anonymous.sign_in(scope="ReadAccounts")
    assert anonymous.get("/call-recording").status_code == 200
    assert anonymous.get("/call-log").status_code == 403
