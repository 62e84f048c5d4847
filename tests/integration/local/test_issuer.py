"""The local issuer over a real socket: the flow of a page, and every refusal."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests

from local.child import free_port
from local.errors import SetupError
from local.oidc.issuer_keys import IssuerKeys
from local.oidc.server import DEFAULT_ISSUER_PORT, issuing
from local.oidc.tokens import CLIENT_ID, issuer_of, public_keys, signing_key
from tests.support.tiny_server import Reply, Seen, TinyServer

PAGE = "http://localhost:8080/"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
QUERY = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": PAGE,
    "scope": "openid profile",
    "state": "the state & more",
    "nonce": "the nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
WAIT_S = 10


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Run an issuer for a page."""
    with issuing(port=0, redirect_uri=PAGE) as url:
        yield url


def changed(**changes: str | None) -> dict[str, str]:
    """Return the query of a good request with some of it changed, or removed by None."""
    return {name: value for name, value in {**QUERY, **changes}.items() if value is not None}


def authorize(
    issuer: str, query: dict[str, str], *, user: str | None = None
) -> tuple[requests.Response, dict[str, str]]:
    """Ask for the sign-in page, or choose a user on it; also returns what goes back to the page."""
    answer = requests.request(
        "POST" if user else "GET",
        f"{issuer}/authorize",
        params=query,
        data={"user": user} if user else None,
        allow_redirects=False,
        timeout=WAIT_S,
    )
    location = answer.headers.get("Location", "")
    assert not location or location.startswith(f"{PAGE}?")
    return answer, dict(parse_qsl(urlsplit(location).query))


@pytest.mark.parametrize("port", [DEFAULT_ISSUER_PORT, 8080])
def test_the_pages_port_is_left_to_the_page(port: int) -> None:
    """The issuer starts first, and takes its usual port only where the page does not want it."""
    with issuing(port=None, redirect_uri=f"http://localhost:{port}/") as url:
        assert urlsplit(url).port != port


def code_for(issuer: str, user: str) -> str:
    """Sign a user in and return the code."""
    _, back = authorize(issuer, QUERY, user=user)
    return back["code"]


def ask_for_tokens(issuer: str, **form: str) -> requests.Response:
    """Send a form to the token endpoint, filled in well unless told otherwise."""
    good = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "redirect_uri": PAGE,
        "code_verifier": VERIFIER,
    }
    return requests.post(f"{issuer}/token", data={**good, **form}, timeout=WAIT_S)


def claims_of(issuer: str, token: str) -> dict[str, Any]:
    """Return a token's claims, checked with the key that the issuer publishes."""
    key = IssuerKeys(issuer)(jwt.get_unverified_header(token)["kid"])
    assert key is not None
    claims: dict[str, Any] = jwt.decode(token, key, ["RS256"], audience=CLIENT_ID, issuer=issuer)
    return claims


def test_discovery_names_every_endpoint(issuer: str) -> None:
    """The issuer calls itself what it is called, and each address that it names answers."""
    found = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=WAIT_S).json()

    assert found["issuer"] == issuer
    assert found["code_challenge_methods_supported"] == ["S256"]
    for name in ("authorization_endpoint", "jwks_uri", "end_session_endpoint"):
        assert requests.get(found[name], timeout=WAIT_S, allow_redirects=False).status_code != 404
    assert requests.post(found["token_endpoint"], timeout=WAIT_S).status_code == 400


@pytest.mark.parametrize("user", ["listener", "agent", "visitor"])
def test_a_user_signs_in(issuer: str, user: str) -> None:
    """Page, code, tokens: state and nonce come back, and the key set confirms the ID token."""
    page, _ = authorize(issuer, QUERY)
    assert page.status_code == 200
    assert f'value="{user}"' in page.text

    sent_back, back = authorize(issuer, QUERY, user=user)
    tokens = ask_for_tokens(issuer, code=back["code"]).json()

    assert sent_back.status_code == 303
    assert back["state"] == QUERY["state"]
    claims = claims_of(issuer, tokens["id_token"])
    assert (claims["sub"], claims["nonce"]) == (user, QUERY["nonce"])


def test_the_page_alone_may_read_the_answers(issuer: str) -> None:
    """Tokens and keys are for the page's origin, in a browser, and for no cache."""
    for answer in (
        ask_for_tokens(issuer, code=code_for(issuer, "agent")),
        ask_for_tokens(issuer, code="guess"),
        requests.get(f"{issuer}/keys", timeout=WAIT_S),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE.rstrip("/")
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"redirect_uri": "http://localhost:8080"},
        {"redirect_uri": "http://localhost:8080/?x"},
        {"redirect_uri": "http://localhost:8080.evil.example/"},
        {"redirect_uri": None},
    ],
)
@pytest.mark.parametrize("user", [None, "listener"])
def test_a_stranger_gets_nobody_sent_back(
    issuer: str, changes: dict[str, str | None], user: str | None
) -> None:
    """Another client or another address, by as little as a slash, is a page with the reason."""
    answer, _ = authorize(issuer, changed(**changes), user=user)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"response_type": "token"},
        {"response_type": None},
        {"scope": "profile"},
        {"code_challenge": None},
        {"code_challenge": CHALLENGE + "x"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"state": None},
    ],
)
@pytest.mark.parametrize("user", [None, "listener"])
def test_a_bad_request_goes_back_with_its_reason(
    issuer: str, changes: dict[str, str | None], user: str | None
) -> None:
    """What the page did wrong is told to the page, and there is no code."""
    answer, back = authorize(issuer, changed(**changes), user=user)

    assert answer.status_code == 303
    assert (back["error"], "code" in back) == ("invalid_request", False)
    assert back.get("state") == changed(**changes).get("state")


def test_an_unknown_user_is_refused(issuer: str) -> None:
    """Only the ready-made users exist."""
    answer, back = authorize(issuer, QUERY, user="root")

    assert (answer.status_code, back) == (400, {})


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_id": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "guess"}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:8080"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "guess"}, "invalid_grant"),
    ],
)
def test_tokens_are_refused(issuer: str, form: dict[str, str], error: str) -> None:
    """A good code is worth nothing to whoever lacks the rest."""
    answer = ask_for_tokens(issuer, **{"code": code_for(issuer, "listener"), **form})

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_code_is_good_once(issuer: str) -> None:
    """The second use of a code gives nothing, and so does a use after a failed one."""
    code, spoilt = code_for(issuer, "agent"), code_for(issuer, "agent")
    ask_for_tokens(issuer, code=spoilt, code_verifier="w" * 43)

    statuses = [ask_for_tokens(issuer, code=each).status_code for each in (code, code, spoilt)]

    assert statuses == [200, 400, 400]


def test_a_refresh_token_renews(issuer: str) -> None:
    """A refresh token gives a new ID token of the same user, without a nonce, more than once."""
    first = ask_for_tokens(issuer, code=code_for(issuer, "agent")).json()

    renewed = [
        ask_for_tokens(
            issuer, grant_type="refresh_token", refresh_token=first["refresh_token"]
        ).json()["id_token"]
        for _ in range(2)
    ]

    assert len({first["id_token"], *renewed}) == 3
    assert [claims_of(issuer, token)["sub"] for token in renewed] == ["agent", "agent"]


def test_end_of_session_goes_back_to_the_page_only(issuer: str) -> None:
    """Whoever signs out comes back to the page, and to no other address."""
    statuses = [
        requests.get(
            f"{issuer}/end-session",
            params={"client_id": CLIENT_ID, "post_logout_redirect_uri": address},
            allow_redirects=False,
            timeout=WAIT_S,
        ).status_code
        for address in (PAGE, "https://evil.example/")
    ]

    assert statuses == [303, 400]


@pytest.mark.parametrize(("method", "path"), [("GET", "/token"), ("GET", "/"), ("POST", "/keys")])
def test_nothing_else_is_there(issuer: str, method: str, path: str) -> None:
    """What is no endpoint is not found."""
    assert requests.request(method, issuer + path, timeout=WAIT_S).status_code == 404


def test_a_body_without_end_is_refused(issuer: str) -> None:
    """No form is that long."""
    answer = requests.post(f"{issuer}/token", data={"code": "x" * 70_000}, timeout=WAIT_S)

    assert answer.status_code == 413


def test_a_taken_port_is_avoided() -> None:
    """Where the usual port is taken, the issuer takes another and says which."""
    with (
        issuing(port=None, redirect_uri=PAGE) as first,
        issuing(port=None, redirect_uri=PAGE) as second,
    ):
        assert first != second
        assert not second.endswith(f":{DEFAULT_ISSUER_PORT}")
        assert requests.get(f"{second}/keys", timeout=WAIT_S).ok


def document(url: str, *, names: str) -> Reply:
    """Return a discovery document that names an issuer."""
    return Reply(body=json.dumps({"issuer": names, "jwks_uri": f"{url}/keys"}).encode())


def test_keys_are_fetched_once_and_again_for_a_new_one() -> None:
    """A key that was seen needs no request; one never seen is asked for, as after a change."""

    def answer(seen: Seen) -> Reply:
        if seen.target.startswith("/.well-known"):
            return document(server.url, names=server.url)
        return Reply(body=json.dumps(public_keys()).encode())

    with TinyServer(answer) as server:
        keys = IssuerKeys(server.url)
        key_id = public_keys()["keys"][0]["kid"]

        assert keys(key_id) == keys(key_id) == signing_key().public_key()
        assert len(server.seen) == 2
        assert keys("another") is None
        assert len(server.seen) == 4


@pytest.mark.parametrize("reply", [Reply(500), Reply(body=b"<html>"), Reply(body=b"{}")])
def test_an_issuer_without_keys_confirms_nothing(reply: Reply) -> None:
    """An issuer that fails or talks nonsense has no keys, and nothing else breaks."""
    with TinyServer(lambda _seen: reply) as server:
        assert IssuerKeys(server.url)("any") is None


def test_an_issuer_must_call_itself_what_it_is_called() -> None:
    """A discovery document of another issuer is not followed."""
    with TinyServer(lambda _seen: document(server.url, names="https://other")) as server:
        assert IssuerKeys(server.url)("any") is None
        assert len(server.seen) == 1


def test_the_running_stack_tells_its_issuer() -> None:
    """Where a stack answers, its issuer is known; where none does, the error says what to do."""
    sign_in = json.dumps({"tokenEndpoint": "http://localhost:9/token"}).encode()
    with TinyServer(lambda _seen: Reply(body=sign_in)) as server:
        assert issuer_of(f"{server.url}/") == "http://localhost:9"
        assert [seen.target for seen in server.seen] == ["/sign-in.json"]
    with pytest.raises(SetupError, match="--port"):
        issuer_of(f"http://127.0.0.1:{free_port()}/")
