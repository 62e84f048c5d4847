"""Where the page sends people to sign in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignIn:
    """An OpenID Connect issuer as its client, the page, has to know it.

    `end_session_endpoint` is None where the issuer has no session that could be ended.
    """

    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None
    client_id: str
    scope: str
