"""The codes and refresh tokens that are valid."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from local.oidc.authorization import Authorization

_CODE_LIFETIME_S = 60
_REFRESH_TOKEN_LIFETIME_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Grant:
    """The user who signed in, and for which request."""

    user: str
    authorization: Authorization


class Grants:
    """Remembers the grants; `now` counts seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._codes: dict[str, tuple[float, Grant]] = {}
        self._refresh_tokens: dict[str, tuple[float, str]] = {}

    def code_for(self, grant: Grant) -> str:
        """Return a code that is valid once, within a minute."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = (self._now() + _CODE_LIFETIME_S, grant)
        return code

    def redeem(self, code: str) -> Grant | None:
        """Use a code and return its grant; None if it is unknown, used or expired."""
        good_until, grant = self._codes.pop(code, (0.0, None))
        return grant if self._now() < good_until else None

    def refresh_token_for(self, user: str) -> str:
        """Return a token that renews a user's ID token for a day."""
        refresh_token = secrets.token_urlsafe(32)
        self._refresh_tokens[refresh_token] = (self._now() + _REFRESH_TOKEN_LIFETIME_S, user)
        return refresh_token

    def user_of(self, refresh_token: str) -> str | None:
        """Return the user of a refresh token; None if it is unknown or expired."""
        good_until, user = self._refresh_tokens.get(refresh_token, (0.0, None))
        return user if self._now() < good_until else None
