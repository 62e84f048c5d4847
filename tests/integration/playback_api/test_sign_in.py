"""What the page is told of the sign-in, and where it may fetch tokens."""

from collections.abc import Callable

import pytest

from tests.integration.playback_api.site import answered, event


@pytest.mark.usefixtures("site")
def test_anybody_may_know_where_to_sign_in() -> None:
    """The page asks before it has a token; without an end-session endpoint it is told so."""
    answer = answered(event("page", rawPath="/sign-in.json"))

    assert (answer["status"], answer["headers"]["content-type"]) == (200, "application/json")
    assert answer["headers"]["cache-control"] == "no-store"
    assert answer["body"] == {
        "authorizationEndpoint": "https://issuer.example/authorize",
        "tokenEndpoint": "https://issuer.example/token",
        "endSessionEndpoint": None,
        "clientId": "ringvault",
        "scope": "openid",
    }


def test_an_end_session_endpoint_is_told(redeploy: Callable[..., None]) -> None:
    """Where the issuer's session has an end, the page learns of it."""
    redeploy(SIGN_IN_END_SESSION_ENDPOINT="https://issuer.example/logout")

    told = answered(event("page", rawPath="/sign-in.json"))["body"]
    assert told["endSessionEndpoint"] == "https://issuer.example/logout"


def test_tokens_are_fetched_from_the_issuer_only(redeploy: Callable[..., None]) -> None:
    """The page may connect to the API and the token endpoint's origin, port included."""
    redeploy(SIGN_IN_TOKEN_ENDPOINT="https://issuer.example:8443/oauth2/token?x=1")

    policy = answered(event("page"))["headers"]["content-security-policy"].split("; ")
    assert "connect-src 'self' https://issuer.example:8443" in policy
    assert "form-action 'none'" in policy
