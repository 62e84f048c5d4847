"""The authorization request of a page, and the reasons to refuse it."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Client:
    """The page as the issuer's client: its id, and its only redirect address."""

    client_id: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """A valid request for a code; `nonce` is None if none was given."""

    state: str
    challenge: str
    nonce: str | None


class UntrustedRequestError(Exception):
    """Not from a client of the issuer: its sender is not redirected."""


class RefusedError(Exception):
    """The client's request is refused; `state` is returned with the reason."""

    def __init__(self, reason: str, *, state: str) -> None:
        super().__init__(reason)
        self.state = state


def require_client(given: Mapping[str, str], *, client: Client, redirect: str) -> None:
    """Check that a request names the client, and its address in the parameter `redirect`.

    Raises:
        UntrustedRequestError: another client, or another address, even by a slash.
    """
    if given.get("client_id") != client.client_id:
        raise UntrustedRequestError("client_id is not known here")
    if given.get(redirect) != client.redirect_uri:
        raise UntrustedRequestError(f"{redirect} is not registered; it must match to the letter")


def authorization_of(query: Mapping[str, str], *, client: Client) -> Authorization:
    """Return the authorization that the query of /authorize requests.

    Raises:
        UntrustedRequestError: it names another client or another redirect address.
        RefusedError: it does not request a code with state and an S256 challenge.
    """
    require_client(query, client=client, redirect="redirect_uri")
    state = query.get("state", "")
    if query.get("response_type") != "code":
        raise RefusedError("response_type must be code", state=state)
    if "openid" not in query.get("scope", "").split():
        raise RefusedError("scope must name openid", state=state)
    if query.get("code_challenge_method") != "S256":
        raise RefusedError("code_challenge_method must be S256", state=state)
    if not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        raise RefusedError("code_challenge is not a SHA-256 in base64url", state=state)
    if not state:
        raise RefusedError("state is missing", state=state)
    return Authorization(state, query["code_challenge"], query.get("nonce"))


def is_verified(challenge: str, *, verifier: str) -> bool:
    """Whether `verifier` belongs to the challenge (RFC 7636, S256)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    return hmac.compare_digest(digest.rstrip(b"=").decode(), challenge)
