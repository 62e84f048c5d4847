"""The page's files, its sign-in settings, and its security headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from ringvault.api.answers import NoSuchPathError

_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it is served."""

    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """An OpenID Connect issuer, with the settings that its client, the page, needs.

    `end_session_endpoint` is None if the issuer has no session that could be ended.
    """

    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None
    client_id: str
    scope: str


def page_file(folder: Path, file_name: str) -> PageFile:
    """Return a file directly in `folder`; NoSuchPathError if there is none of this name."""
    if file_name not in _file_names(folder):
        raise NoSuchPathError("the page has no such file")
    path = folder / file_name
    return PageFile(_CONTENT_TYPES[path.suffix], path.read_text(encoding="utf-8"))


def sign_in_json(sign_in: SignIn) -> Mapping[str, str | None]:
    """Return the page's settings for the sign-in; none of them is secret."""
    return {
        "authorizationEndpoint": sign_in.authorization_endpoint,
        "tokenEndpoint": sign_in.token_endpoint,
        "endSessionEndpoint": sign_in.end_session_endpoint,
        "clientId": sign_in.client_id,
        "scope": sign_in.scope,
    }


def page_headers(*, media_origin: str, sign_in: SignIn) -> Mapping[str, str]:
    """Return the page's headers; audio may come from the host of the signed URLs only.

    That is the bucket's own host on AWS, and the embedded AWS on one machine. Scripts and styles
    come from files, requests go to the API and to the issuer's token endpoint, and text never
    becomes markup.
    """
    issuer = urlsplit(sign_in.token_endpoint)
    token_origin = f"{issuer.scheme}://{issuer.netloc}"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" connect-src 'self' {token_origin}; media-src {media_origin}; base-uri 'none';"
        " form-action 'none';"
        " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        # So that a deployment changes page and script together.
        "Cache-Control": "no-cache",
    }


@cache
def _file_names(folder: Path) -> frozenset[str]:
    return frozenset(path.name for path in folder.iterdir() if path.suffix in _CONTENT_TYPES)
