"""The listener of a request, from the claims of its verified token."""

import json
import re
from collections.abc import Mapping, Sequence

from ringvault.api.requests import bytes_in_url
from ringvault.core.playback.rights import LISTENERS_GROUP, Listener, NotAListenerError

# API Gateway takes 10,240 bytes of headers.
MAX_HEADER_LENGTH = 10_240
_PART = "[A-Za-z0-9_-]+"
# With or without the scheme, as an HTTP API's authorizer accepts it; one token only.
_JWT = re.compile(rf"(?:bearer +)?{_PART}\.({_PART})\.{_PART}", re.IGNORECASE)
# These claims identify a token.
_TEXTS = ("sub", "iss", "jti")
_NUMBERS = ("iat", "exp")
_DIGITS = re.compile("[0-9]{1,15}")


def claims_of(authorization: str, *, verified: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return the claims of the token in an Authorization header, as the issuer wrote them.

    The signature is not checked. So the token must be the one that an authorizer has verified,
    whose claims `verified` holds as text. None if it is another or if there is none.
    """
    if len(authorization) > MAX_HEADER_LENGTH:
        return None
    token = _JWT.fullmatch(authorization)
    claims = _object(token[1]) if token else None
    return claims if claims is not None and _are_the_same(claims, verified) else None


def _object(part: str) -> Mapping[str, object] | None:
    try:
        found: object = json.loads(bytes_in_url(part))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _are_the_same(claims: Mapping[str, object], verified: Mapping[str, object]) -> bool:
    """Whether both are of one token; a number matches its digits as text."""
    texts = all(claims.get(name) == verified.get(name) for name in _TEXTS)
    numbers = {name: verified.get(name) for name in _NUMBERS}
    return texts and all(
        claims.get(name) == int(text)
        for name, text in numbers.items()
        if isinstance(text, str) and _DIGITS.fullmatch(text)
    )


def listener_of(
    claims: Mapping[str, object],
    *,
    groups_claim: str,
    extension_claim: str,
    authorization: str | None = None,
) -> Listener:
    """Return the listener in the claims of a verified token.

    An HTTP API passes every claim on as text: an array as `[first second]`, any other
    unchanged. So a space in a group's name looks like one between two groups. `authorization`
    is the request's header, whose verified token has the groups one by one. If it holds
    another token, a text that could be more than one group counts as none.

    Raises:
        NotAListenerError: they name no user, or neither the group that hears everything nor an
            extension.
    """
    user_id = _text(claims, "sub")
    hears_all = LISTENERS_GROUP in _groups(claims, groups_claim, authorization)
    extension_id = _text(claims, extension_claim) or None
    if not user_id or not (hears_all or extension_id):
        raise NotAListenerError("the token names no user, or neither the group nor an extension")
    return Listener(user_id=user_id, hears_all=hears_all, extension_id=extension_id)


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value.strip(" ") if isinstance(value, str) else ""


def _groups(claims: Mapping[str, object], name: str, authorization: str | None) -> Sequence[object]:
    flattened = claims.get(name)
    if not isinstance(flattened, str):
        return ()
    if authorization is None:
        return _entries(flattened)
    token = claims_of(authorization, verified=claims)
    if token is None:
        entries = _entries(flattened)
        return entries if len(entries) == 1 else ()
    groups = token.get(name)
    return groups if isinstance(groups, list) else (groups,)


def _entries(flattened: str) -> Sequence[str]:
    is_array = flattened.startswith("[") and flattened.endswith("]")
    return flattened[1:-1].split(" ") if is_array else (flattened,)
