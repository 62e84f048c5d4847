"""The JWT authorizer refuses what API Gateway refuses."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.authorizer import ForbiddenError, UnauthorizedError, authorizers_of
from local.errors import TemplateError

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BODY: dict[str, Any] = {
    "components": {
        "securitySchemes": {
            "Listeners": {
                "type": "oauth2",
                "x-amazon-apigateway-authorizer": {
                    "type": "jwt",
                    "identitySource": "$request.header.Authorization",
                    "jwtConfiguration": {"issuer": "https://issuer", "audience": ["ringvault"]},
                },
            }
        }
    }
}
AUTHORIZER = authorizers_of(BODY, key=KEY.public_key())["Listeners"]


def token(*, key: rsa.RSAPrivateKey = KEY, **changes: Any) -> str:
    """Return a good token with some claims changed, or removed by None."""
    now = int(time.time())
    claims = {"iss": "https://issuer", "aud": "ringvault", "sub": "a", "exp": now + 60} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm="RS256")


def authorize(text: str, *, scopes: list[str] | None = None) -> dict[str, Any]:
    """Return the token's part of the request context."""
    return AUTHORIZER.authorize({"authorization": text}, scopes=scopes or [])


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", ""])
def test_accepts_a_good_token(prefix: str) -> None:
    """A good token is let in, with the word Bearer or without."""
    assert authorize(prefix + token())["claims"]["sub"] == "a"


def test_client_id_stands_in_for_a_missing_audience() -> None:
    """A token without aud is judged by its client_id, as Cognito's access tokens are."""
    assert authorize(token(aud=None, client_id="ringvault"))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "Bearer nonsense",
        token(key=STRANGER),
        token(iss="https://other"),
        token(iss=None),
        token(aud="other"),
        token(aud="other", client_id="ringvault"),
        token(aud=None),
        token(exp=int(time.time()) - 60),
        token(exp=None),
        token(nbf=int(time.time()) + 600),
        jwt.encode(
            {"iss": "https://issuer", "aud": "ringvault", "exp": 2**40}, "k" * 32, algorithm="HS256"
        ),
    ],
)
def test_refuses_anything_else(bad: str) -> None:
    """No token, a foreign one, a stale one: nobody gets in."""
    with pytest.raises(UnauthorizedError):
        authorize(bad)


def test_claims_are_texts() -> None:
    """A function sees every claim as text, lists in brackets, as API Gateway renders them."""
    claims = authorize(token(groups=["a", "b"], verified=True, exp=2**33))

    assert claims["claims"]["groups"] == "[a b]"
    assert claims["claims"]["verified"] == "true"
    assert claims["claims"]["exp"] == str(2**33)
    assert claims["scopes"] is None


def test_scopes_are_asked_for() -> None:
    """A route with scopes wants one of them in the token."""
    assert authorize(token(scope="read write"), scopes=["write"])["scopes"] == ["write"]
    with pytest.raises(ForbiddenError):
        authorize(token(scope="read"), scopes=["write"])


def test_unknown_authorizer_is_an_error() -> None:
    """An authorizer of another kind is an error that names it."""
    with pytest.raises(TemplateError, match="Listeners"):
        authorizers_of(
            {"components": {"securitySchemes": {"Listeners": {"type": "apiKey"}}}},
            key=KEY.public_key(),
        )
