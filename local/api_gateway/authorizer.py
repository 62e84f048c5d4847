"""An HTTP API's JWT authorizer: the checks that API Gateway makes of a token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from local.cloudformation.transform import Value
from local.errors import TemplateError

# An issuer's key by its id, and a function that finds the keys of an issuer.
KeyOf = Callable[[str], RSAPublicKey | None]
KeysOf = Callable[[str], KeyOf]
_HEADER_SOURCE = "$request.header."


class UnauthorizedError(Exception):
    """The request carries no token, or one that the authorizer refuses."""


class ForbiddenError(Exception):
    """The token is valid, but has none of the route's scopes."""


@dataclass(frozen=True, slots=True)
class JwtAuthorizer:
    """One `x-amazon-apigateway-authorizer` of type jwt."""

    issuer: str
    audiences: tuple[str, ...]
    header: str
    key_of: KeyOf

    def authorize(self, headers: Mapping[str, str], *, scopes: list[str]) -> dict[str, Any]:
        """Return the `jwt` part of the request context for a request with these headers.

        Raises:
            UnauthorizedError: no token, or a bad one.
            ForbiddenError: none of `scopes` is in the token.
        """
        claims = self._claims(_token(headers.get(self.header, "")))
        granted = str(claims.get("scope", claims.get("scp", ""))).split()
        if scopes and not set(scopes) & set(granted):
            raise ForbiddenError
        rendered = {name: _as_text(value) for name, value in claims.items()}
        return {"claims": rendered, "scopes": scopes or None}

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = self.key_of(jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                raise UnauthorizedError
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self.issuer,
                options={"verify_aud": False, "require": ["exp", "iss"]},
            )
        except jwt.InvalidTokenError as error:
            raise UnauthorizedError from error
        # As API Gateway does: client_id is checked only without aud.
        named = claims.get("aud", claims.get("client_id"))
        if not set(named if isinstance(named, list) else [named]) & set(self.audiences):
            raise UnauthorizedError
        return claims


def authorizers_of(body: Mapping[str, Any], *, keys_of: KeysOf) -> dict[str, JwtAuthorizer]:
    """Return the authorizers of an API's OpenAPI document by name.

    `keys_of` finds the keys of an issuer, which gives one by its id, or None.

    Raises:
        TemplateError: one is not of the JWT kind that the local gateway knows.
    """
    schemes = body.get("components", {}).get("securitySchemes", {})
    return {name: _authorizer(name, scheme, keys_of) for name, scheme in schemes.items()}


def _authorizer(name: str, scheme: Mapping[str, Any], keys_of: KeysOf) -> JwtAuthorizer:
    settings = scheme.get("x-amazon-apigateway-authorizer", {})
    source = settings.get("identitySource", "")
    known = settings.keys() == {"type", "jwtConfiguration", "identitySource"}
    if not known or settings["type"] != "jwt" or not source.startswith(_HEADER_SOURCE):
        raise TemplateError(f"authorizer {name}: only JWT from one header is known locally")
    configuration = settings["jwtConfiguration"]
    return JwtAuthorizer(
        issuer=configuration["issuer"],
        audiences=tuple(configuration["audience"]),
        header=source.removeprefix(_HEADER_SOURCE).lower(),
        key_of=keys_of(configuration["issuer"]),
    )


def _token(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header


def _as_text(value: Value) -> str:
    """Render a claim as API Gateway passes it to a function."""
    if isinstance(value, list):
        return "[" + " ".join(_as_text(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
