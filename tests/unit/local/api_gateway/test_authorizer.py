"""The JWT authorizer refuses what API Gateway refuses."""

import base64
import hmac
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from local.api_gateway.authorizer import ForbiddenError, UnauthorizedError, authorizers_of
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
KEY_IDS = {"ours": KEY.public_key()}
AUTHORIZER = authorizers_of(BODY, keys_of=lambda _issuer: KEY_IDS.get)["Listeners"]
# A token that brings the key to check it with, and says where to find it.
OWN_KEY = {
    "jwk": json.loads(RSAAlgorithm.to_jwk(STRANGER.public_key())),
    "jku": "https://issuer.evil.example/keys",
}
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def token(
    *,
    key: rsa.RSAPrivateKey = KEY,
    kid: str | None = "ours",
    alg: str = "RS256",
    headers: Mapping[str, Any] = MappingProxyType({}),
    **changes: Any,
) -> str:
    """Return a good token with some claims changed, or removed by None."""
    now = int(time.time())
    claims = {"iss": "https://issuer", "aud": "ringvault", "sub": "a", "exp": now + 60} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    named = {"kid": kid} if kid else {}
    return jwt.encode(claims, key, algorithm=alg, headers={**named, **headers})


def hmac_token() -> str:
    """Return a token signed with the public key as if it were a shared secret.

    Made by hand: PyJWT refuses to.
    """
    _, claims, _ = token().split(".")
    header = base64url(json.dumps({"typ": "JWT", "alg": "HS256", "kid": "ours"}).encode())
    signature = hmac.digest(PUBLIC_PEM, f"{header}.{claims}".encode(), "sha256")
    return f"{header}.{claims}.{base64url(signature)}"


def base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned_token() -> str:
    """Return a token that says of itself that it needs no signature."""
    claims = {"iss": "https://issuer", "aud": "ringvault", "exp": 2**40}
    return jwt.encode(claims, "", algorithm="none", headers={"kid": "ours"})


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
        token(iat=int(time.time()) + 600),
        token(iss="https://issuer/"),
        token(iss="https://issuer.evil.example"),
        token(aud=["other", "ringvault.evil.example"]),
        token(aud=["other", "Ringvault"]),
        token(key=STRANGER, headers=OWN_KEY),
        token(headers={"crit": ["b64"], "b64": False}),
        token(kid=None),
        token(kid="theirs"),
        token(alg="RS512"),
        token(alg="PS256"),
        hmac_token(),
        unsigned_token(),
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
            keys_of=lambda _issuer: KEY_IDS.get,
        )
