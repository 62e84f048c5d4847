"""The limits of a request, and the parameters of all routes except the search."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from ringvault.core.errors import InvalidParameterError, PermanentError
from ringvault.core.playback.audit import Disposition

# The longest is an issuer's, which sends people back to the page with a code of 2,000 and more.
MAX_QUERY_CHARACTERS = 4096

_PLAY_ID = re.compile(r"[0-9a-fTZ:.#-]{1,100}")
NOT_A_CURSOR = "must be the cursor of an earlier answer, unchanged"


class BodyRefusedError(PermanentError):
    """The request has a body, which no route reads."""


class QueryTooLongError(PermanentError):
    """The query is longer than any valid one."""


def require_small(event: Mapping[str, Any]) -> None:
    """Check the limits of a request, an event of payload 2.0, before it is read.

    Raises:
        BodyRefusedError: it has a body.
        QueryTooLongError: its query has more than MAX_QUERY_CHARACTERS.
    """
    if event.get("body"):
        raise BodyRefusedError("requests must not have a body")
    if len(event.get("rawQueryString", "")) > MAX_QUERY_CHARACTERS:
        raise QueryTooLongError(f"the query must have at most {MAX_QUERY_CHARACTERS} characters")


def refuse_unknown(parameters: Mapping[str, str], known: Sequence[str]) -> None:
    """Raise InvalidParameterError for the first parameter that is not one of the known names."""
    for name in parameters:
        if name not in known:
            raise InvalidParameterError(name[:40], f"is not one of {', '.join(known)}")


def text_for_url(content: bytes) -> str:
    """Return bytes as base64url without padding, which a URL holds as it is."""
    return urlsafe_b64encode(content).decode().rstrip("=")


def bytes_in_url(text: str) -> bytes:
    """Return the bytes of a base64url text without padding; ValueError if it is none."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def format_plays_cursor(play_id: str) -> str:
    """Return the text of `cursor` for continuing after a play; opaque to listeners."""
    return text_for_url(play_id.encode())


def read_plays_cursor(parameters: Mapping[str, str]) -> str | None:
    """Return the play after which a page begins, None for the first page.

    Raises:
        InvalidParameterError: there is a parameter except `cursor`, or the cursor is invalid.
    """
    refuse_unknown(parameters, ("cursor",))
    cursor = parameters.get("cursor")
    if cursor is None:
        return None
    try:
        play_id = bytes_in_url(cursor).decode()
    except ValueError as error:
        raise InvalidParameterError("cursor", NOT_A_CURSOR) from error
    if not _PLAY_ID.fullmatch(play_id):
        raise InvalidParameterError("cursor", NOT_A_CURSOR)
    return play_id


def read_disposition(parameters: Mapping[str, str]) -> Disposition:
    """Return the disposition of the audio.

    Raises:
        InvalidParameterError: there is a parameter except `disposition`, or it is neither `inline`
            nor `attachment`.
    """
    refuse_unknown(parameters, ("disposition",))
    try:
        return Disposition(parameters.get("disposition", Disposition.INLINE))
    except ValueError as error:
        raise InvalidParameterError("disposition", "must be inline or attachment") from error
