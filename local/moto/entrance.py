"""Protects the local AWS: requests for this machine only, and from pages only signed URLs."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from local.moto.iam.door import OF_A_SESSION, App, Environ
from local.moto.iam.request import query_of
from local.own_machine import is_from_foreign_page, is_own_host

_READS = ("GET", "HEAD", "OPTIONS")


class Entrance:
    """A WSGI application that refuses requests that must not reach the one behind it.

    Any access key except a role's has all rights here, and moto's own administration needs none.
    So a page may only use URLs that a role signed, which no page can make itself.
    """

    def __init__(self, aws: App) -> None:
        self._aws = aws

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own
        """Let the application answer, or refuse with 421 (another host) or 403 (a page)."""
        status = _refusal(environ)
        if status is None:
            return self._aws(environ, start_response)
        start_response(f"{status.value} {status.phrase}", [("Content-Length", "0")])
        return []


def _refusal(environ: Environ) -> HTTPStatus | None:
    host = environ.get("HTTP_HOST")
    if not is_own_host(host):
        return HTTPStatus.MISDIRECTED_REQUEST
    is_foreign = is_from_foreign_page(
        host=host,
        origin=environ.get("HTTP_ORIGIN"),
        sec_fetch_site=environ.get("HTTP_SEC_FETCH_SITE"),
    )
    return HTTPStatus.FORBIDDEN if is_foreign and not _is_signed_by_role(environ) else None


def _is_signed_by_role(environ: Environ) -> bool:
    """Whether it reads by a URL with a role's key, or is the preflight of such a request."""
    method = environ["REQUEST_METHOD"]
    credential = query_of(environ["QUERY_STRING"]).get("X-Amz-Credential", "")
    return method in _READS and credential.startswith(OF_A_SESSION)
