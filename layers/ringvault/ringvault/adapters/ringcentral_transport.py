"""Carries requests to RingCentral: one session, timeouts, allowed hosts only, typed errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import requests
import urllib3

from ringvault.core.errors import BodyInterruptedError, ForeignHostError, ServiceUnavailableError

USER_AGENT = "ringvault/0.1 (call recording archive)"
# The read timeout bounds each wait for bytes, not the whole body; a claim outlives it.
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
# 8 KiB reads cap a body at a quarter of what 1 MiB reads reach.
CHUNK_BYTES = 1024 * 1024

_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many requests were sent, and how many of them were answered with 429."""

    requests: int = 0
    throttled: int = 0

    def since(self, earlier: "Traffic") -> "Traffic":
        """Return what was sent after `earlier` was taken."""
        return Traffic(self.requests - earlier.requests, self.throttled - earlier.throttled)


class RingCentralTransport:
    """Sends requests to the configured hosts and to no other, and follows no redirect."""

    def __init__(self, *, allowed_urls: tuple[str, ...]) -> None:
        """Allow the origins (scheme, host and port) of `allowed_urls`."""
        self._allowed = {_origin(url) for url in allowed_urls}
        self.traffic = Traffic()
        self._session = requests.Session()
        # No proxy, and above all no netrc: that would replace our Authorization header.
        self._session.trust_env = False
        self._session.headers.clear()

    def check_host(self, url: str) -> None:
        """Raise ForeignHostError when `url` does not lead to a configured host."""
        try:
            parts = urlsplit(url)
            allowed = parts.username is None and _origin(url) in self._allowed
            host = parts.hostname
        except ValueError:
            allowed, host = False, None
        if not allowed:
            raise ForeignHostError(f"a URL from RingCentral leads to {str(host)[:100]!r}")

    def send(self, request: requests.Request) -> requests.Response:
        """Return the answer, whatever its status, with its body still to be read.

        Raises:
            ForeignHostError: nothing was sent.
            ServiceUnavailableError: no answer came.
        """
        self.check_host(str(request.url))
        request.headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            **(request.headers or {}),
        }
        self.traffic = replace(self.traffic, requests=self.traffic.requests + 1)
        try:
            response = self._session.send(
                self._session.prepare_request(request),
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ServiceUnavailableError(
                f"RingCentral does not answer: {type(error).__name__}"
            ) from error
        if response.status_code == requests.codes.too_many_requests:
            self.traffic = replace(self.traffic, throttled=self.traffic.throttled + 1)
        return response


def chunks_of(response: requests.Response) -> Iterator[bytes]:
    """Yield the body; raises BodyInterruptedError where it breaks, and closes it in the end."""
    with response, _body_errors():
        yield from response.iter_content(CHUNK_BYTES)


def head_of(response: requests.Response, *, most_bytes: int) -> bytes:
    """Return the first bytes of the body and close it."""
    with response, _body_errors():
        return response.raw.read(most_bytes) or b""


@contextmanager
def _body_errors() -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise BodyInterruptedError(f"the body broke: {type(error).__name__}") from error


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port
