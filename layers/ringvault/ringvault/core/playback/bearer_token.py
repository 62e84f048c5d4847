"""The claims of a JWT that somebody else has verified."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping

# API Gateway takes 10,240 bytes of headers.
MAX_HEADER_LENGTH = 10_240
_PART = "[A-Za-z0-9_-]+"
# With the scheme or without it, as an HTTP API's authorizer takes it; one token only.
_JWT = re.compile(rf"(?:bearer +)?{_PART}\.({_PART})\.{_PART}", re.IGNORECASE)
# What tells one token from another.
_TEXTS = ("sub", "iss", "jti")
_NUMBERS = ("iat", "exp")
_DIGITS = re.compile("[0-9]{1,15}")


def claims_of(authorization: str, *, verified: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return the claims of the token in an Authorization header, as the issuer wrote them.

    The signature is not looked at. So the token has to be the one that an authorizer has verified,
    whose claims `verified` holds as text. None where it is another or where there is none.
    """
    if len(authorization) > MAX_HEADER_LENGTH:
        return None
    token = _JWT.fullmatch(authorization)
    claims = _object(token[1]) if token else None
    return claims if claims is not None and _are_the_same(claims, verified) else None


def _object(part: str) -> Mapping[str, object] | None:
    try:
        found: object = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _are_the_same(claims: Mapping[str, object], verified: Mapping[str, object]) -> bool:
    """Whether both are of one token; a number counts where it was handed on in digits."""
    texts = all(claims.get(name) == verified.get(name) for name in _TEXTS)
    numbers = {name: verified.get(name) for name in _NUMBERS}
    return texts and all(
        claims.get(name) == int(text)
        for name, text in numbers.items()
        if isinstance(text, str) and _DIGITS.fullmatch(text)
    )
