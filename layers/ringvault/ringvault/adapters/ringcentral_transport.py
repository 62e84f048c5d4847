"""Carries requests to RingCentral: one session, timeouts, allowed hosts only, typed errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import requests
import urllib3

from ringvault.adapters.foreign_hosts import ForeignHosts
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
    """Sends requests to the configured hosts, and follows no redirect by itself."""

    def __init__(self, *, allowed_urls: tuple[str, ...]) -> None:
        """Allow the origins (scheme, host and port) of `allowed_urls`."""
        self._allowed = {_origin(url) for url in allowed_urls}
        self._foreign_hosts = ForeignHosts(configured_urls=allowed_urls)
        self.traffic = Traffic()
        # The header Date of the last answer: RingCentral's own clock.
        self.last_date = ""
        # urllib3 warns of a malformed answer with the URL and the headers, which may hold a
        # signature or anything; Lambda logs what libraries warn of.
        urllib3.connection.log.setLevel("ERROR")
        self._session = requests.Session()
        # No proxy, and above all no netrc: that would replace our Authorization header.
        self._session.trust_env = False
        self._session.headers.clear()

    def is_configured(self, url: str) -> bool:
        """Whether `url` leads to a configured host, and so may get the token."""
        try:
            return urlsplit(url).username is None and _origin(url) in self._allowed
        except ValueError:
            return False

    def check_host(self, url: str) -> None:
        """Raise ForeignHostError when `url` does not lead to a configured host."""
        if not self.is_configured(url):
            raise ForeignHostError(f"a URL from RingCentral leads to {_host(url)!r}")

    def send(self, request: requests.Request) -> requests.Response:
        """Return the answer, whatever its status, with its body still to be read.

        Raises:
            ForeignHostError: nothing was sent.
            ServiceUnavailableError: no answer came.
        """
        self.check_host(str(request.url))
        self.traffic = replace(self.traffic, requests=self.traffic.requests + 1)
        response = self._send(request)
        self.last_date = response.headers.get("Date", "")
        if response.status_code == requests.codes.too_many_requests:
            self.traffic = replace(self.traffic, throttled=self.traffic.throttled + 1)
        return response

    def send_abroad(self, url: str, *, headers: Mapping[str, str]) -> requests.Response:
        """Return the answer of another host that RingCentral sends us to; no token goes there.

        Raises:
            RedirectRefusedError: the host is none that we go to; nothing was sent.
            ServiceUnavailableError: no answer came.
        """
        self._foreign_hosts.check(url)
        return self._send(requests.Request("GET", url, headers=dict(headers)))

    def _send(self, request: requests.Request) -> requests.Response:
        request.headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            **(request.headers or {}),
        }
        try:
            prepared = self._session.prepare_request(request)
            # Past the session's own sending, which looks into redirects even when it is to follow
            # none, and fails at a malformed one.
            return self._session.get_adapter(str(prepared.url)).send(
                prepared, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ServiceUnavailableError(
                f"RingCentral does not answer: {type(error).__name__}"
            ) from error


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL as a parameter takes them; nothing else of it."""
    try:
        scheme, host, port = _origin(url)
    except ValueError:
        return "nowhere"
    shown = f"[{host}]" if ":" in host else host
    is_default = port == _DEFAULT_PORTS.get(scheme, 0)
    return f"{scheme}://{shown}"[:100] + ("" if is_default else f":{port}")


def chunks_of(response: requests.Response) -> Iterator[bytes]:
    """Yield the body; raises BodyInterruptedError where it breaks, and closes it in the end."""
    with response, _body_errors():
        # read1, since a read for a whole chunk would lose what came before the body broke.
        while chunk := response.raw.read1(CHUNK_BYTES):
            yield chunk


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


def _host(url: str) -> str:
    try:
        return str(urlsplit(url).hostname)[:100]
    except ValueError:
        return "nowhere"


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    port = _DEFAULT_PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    return parts.scheme, (parts.hostname or "").lower(), port
