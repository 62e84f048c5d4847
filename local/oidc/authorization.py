"""What a page asks for when it sends somebody to sign in, and why it may be refused."""

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
    """The page as the issuer knows it: its id, and the only address that people go back to."""

    client_id: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request for a code that has been found good; `nonce` None where none was given."""

    state: str
    challenge: str
    nonce: str | None


class UntrustedRequestError(Exception):
    """Not from a client that the issuer knows: whoever sent it gets nobody sent back."""


class RefusedError(Exception):
    """The client asks for something that it does not get; `state` goes back with the reason."""

    def __init__(self, reason: str, *, state: str) -> None:
        super().__init__(reason)
        self.state = state


def require_client(given: Mapping[str, str], *, client: Client, redirect: str) -> None:
    """Make sure that a request names the client, and its address in the parameter `redirect`.

    Raises:
        UntrustedRequestError: another client, or another address by as little as a slash.
    """
    if given.get("client_id") != client.client_id:
        raise UntrustedRequestError("client_id is not known here")
    if given.get(redirect) != client.redirect_uri:
        raise UntrustedRequestError(f"{redirect} is not registered; it must match to the letter")


def authorization_of(query: Mapping[str, str], *, client: Client) -> Authorization:
    """Return what the query of /authorize asks for.

    Raises:
        UntrustedRequestError: it names another client or another address to go back to.
        RefusedError: it is no request for a code with state and an S256 challenge.
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
    """Whether whoever brings `verifier` made the challenge (RFC 7636, S256)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    return hmac.compare_digest(digest.rstrip(b"=").decode(), challenge)
