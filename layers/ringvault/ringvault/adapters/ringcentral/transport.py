"""Sends requests to RingCentral: one session, timeouts, allowed hosts only, typed errors."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

import requests
import urllib3

from ringvault.adapters.ringcentral.bounded_answers import (
    BoundedAdapter,
    MonotonicClock,
    TimeLimits,
    extend_body,
)
from ringvault.adapters.ringcentral.redirects import ForeignHosts
from ringvault.core.errors import (
    BodyInterruptedError,
    ForeignHostError,
    OutOfTimeError,
    ServiceUnavailableError,
)

USER_AGENT = "ringvault/0.1 (call recording archive)"
# The read timeout limits each wait for bytes; bounded_answers limits the whole answer.
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
# Reads of 8 KiB have a quarter of the throughput of reads of 1 MiB.
CHUNK_BYTES = 1024 * 1024
# The limit of a WAV file, whose header counts its bytes in 32 bits.
MAX_AUDIO_BYTES = 4 * 1024**3
# RingCentral's own URLs have some hundred characters; servers commonly refuse more than 8 KB.
MAX_URL_LENGTH = 8_192

_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many requests were sent, and how many of them got a 429."""

    requests: int = 0
    throttled: int = 0

    def since(self, earlier: "Traffic") -> "Traffic":
        """Return the difference to an earlier count."""
        return Traffic(self.requests - earlier.requests, self.throttled - earlier.throttled)


class RingCentralTransport:
    """Sends requests to the configured hosts; does not follow redirects."""

    def __init__(
        self, *, allowed_urls: tuple[str, ...], clock: MonotonicClock = time.monotonic
    ) -> None:
        """Allow the origins (scheme, host and port) of `allowed_urls`."""
        self._allowed = {_origin(url) for url in allowed_urls}
        self._foreign_hosts = ForeignHosts(configured_urls=allowed_urls)
        self.traffic = Traffic()
        # The header Date of the last answer: RingCentral's own clock.
        self.last_date = ""
        # urllib3's warning of a malformed answer has its URL and headers, which may contain a
        # signature; Lambda logs the warnings of libraries.
        urllib3.connection.log.setLevel("ERROR")
        self._session = requests.Session()
        # No proxy, and no netrc: that would replace our Authorization header.
        self._session.trust_env = False
        self._session.headers.clear()
        self._limits = TimeLimits(clock)
        self._session.mount("http://", BoundedAdapter(self._limits))
        self._session.mount("https://", BoundedAdapter(self._limits))

    def end_in(self, left: timedelta) -> None:
        """Set the deadline of all answers to `left` from now."""
        self._limits.end_in(left.total_seconds())

    def is_configured(self, url: str) -> bool:
        """Whether `url` leads to a configured host, and so may get the token."""
        try:
            is_url = len(url) <= MAX_URL_LENGTH and urlsplit(url).username is None
            return is_url and _origin(url) in self._allowed
        except ValueError:
            return False

    def check_host(self, url: str) -> None:
        """Raise ForeignHostError where `url` does not lead to a configured host."""
        if not self.is_configured(url):
            raise ForeignHostError(f"a URL from RingCentral leads to {_host(url)!r}")

    def send(self, request: requests.Request) -> requests.Response:
        """Return the answer of any status, with its body unread.

        Raises:
            ForeignHostError: nothing was sent.
            OutOfTimeError: the time of `end_in` is over; nothing was sent.
            ServiceUnavailableError: no answer came, or none within three read timeouts.
        """
        self.check_host(str(request.url))
        self.traffic = replace(self.traffic, requests=self.traffic.requests + 1)
        response = self._send(request)
        self.last_date = response.headers.get("Date", "")
        if response.status_code == requests.codes.too_many_requests:
            self.traffic = replace(self.traffic, throttled=self.traffic.throttled + 1)
        return response

    def send_abroad(self, url: str, *, headers: Mapping[str, str]) -> requests.Response:
        """Return the answer of the host of a redirect; the token is not sent there.

        Raises:
            RedirectRefusedError: the host is not allowed; nothing was sent.
            OutOfTimeError: the time of `end_in` is over; nothing was sent.
            ServiceUnavailableError: no answer came, or none within three read timeouts.
        """
        self._foreign_hosts.check(url)
        return self._send(requests.Request("GET", url, headers=dict(headers)))

    def _send(self, request: requests.Request) -> requests.Response:
        if self._limits.is_over:
            raise OutOfTimeError("the invocation ends; no request was sent")
        request.headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            **(request.headers or {}),
        }
        try:
            prepared = self._session.prepare_request(request)
            # Not by the session's own send(), which examines redirects even when it follows none,
            # and fails at a malformed one.
            response = self._session.get_adapter(str(prepared.url)).send(
                prepared, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ServiceUnavailableError(
                f"RingCentral does not answer: {type(error).__name__}"
            ) from error
        if response.status_code < requests.codes.ok:
            # http.client skips only status 100; we do not wait for a later final answer.
            response.close()
            raise ServiceUnavailableError(f"RingCentral answered {response.status_code} only")
        return response


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, in the form of a stack parameter."""
    try:
        scheme, host, port = _origin(url)
    except ValueError:
        return "nowhere"
    shown = f"[{host}]" if ":" in host else host
    is_default = port == _DEFAULT_PORTS.get(scheme, 0)
    return f"{scheme}://{shown}"[:100] + ("" if is_default else f":{port}")


def chunks_of(response: requests.Response, *, max_bytes: int = MAX_AUDIO_BYTES) -> Iterator[bytes]:
    """Yield the body of a recording, then close it.

    Raises:
        BodyInterruptedError: it breaks, has more than `max_bytes`, or takes longer than MAX_BODY_S.
    """
    extend_body(response)
    yield from _chunks_of(response, max_bytes=max_bytes)


def body_of(response: requests.Response, *, max_bytes: int) -> bytes:
    """Return the whole body, and close it.

    Raises:
        BodyInterruptedError: it breaks, has more than `max_bytes`, or the answer takes longer than
            three read timeouts.
    """
    return b"".join(_chunks_of(response, max_bytes=max_bytes))


def head_of(response: requests.Response, *, max_bytes: int) -> bytes:
    """Return the first bytes of the body, and close it.

    Raises:
        BodyInterruptedError: it breaks, or the answer takes longer than three read timeouts.
    """
    with response, _body_errors():
        return response.raw.read(max_bytes) or b""


def _chunks_of(response: requests.Response, *, max_bytes: int) -> Iterator[bytes]:
    left_bytes = max_bytes
    with response, _body_errors():
        # read1: a read for a whole chunk would lose the bytes before the body broke.
        while chunk := response.raw.read1(CHUNK_BYTES):
            left_bytes -= len(chunk)
            if left_bytes < 0:
                raise BodyInterruptedError(f"the body has more than {max_bytes} bytes")
            yield chunk


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
