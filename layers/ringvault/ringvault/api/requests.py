"""What a request may bring: no body, and a query no longer than any of ours."""

from collections.abc import Mapping
from typing import Any

from ringvault.core.errors import PermanentError

# The longest is an issuer's, which brings people back to the page with a code of 2,000 and more.
MOST_QUERY_CHARACTERS = 4096


class BodyRefusedError(PermanentError):
    """The request has a body, which no route reads."""


class QueryTooLongError(PermanentError):
    """The query is longer than any that means something here."""


def require_small(event: Mapping[str, Any]) -> None:
    """Make sure that a request, as an event of payload 2.0, is worth reading at all.

    Raises:
        BodyRefusedError: it has a body.
        QueryTooLongError: its query has more than MOST_QUERY_CHARACTERS.
    """
    if event.get("body"):
        raise BodyRefusedError("a request has no body here")
    if len(event.get("rawQueryString", "")) > MOST_QUERY_CHARACTERS:
        raise QueryTooLongError(f"a query has at most {MOST_QUERY_CHARACTERS} characters")
