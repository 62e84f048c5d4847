"""Carries requests to RingCentral: one session, timeouts, allowed hosts only, typed errors."""

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
# The read timeout bounds each wait for bytes; the whole of an answer, see bounded_answers.
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
# 8 KiB reads cap a body at a quarter of what 1 MiB reads reach.
CHUNK_BYTES = 1024 * 1024
# More than a WAV file can hold, whose header counts its bytes in 32 bits.
MAX_AUDIO_BYTES = 4 * 1024**3
# RingCentral's own URLs have some hundred characters; servers commonly refuse more than 8 KB.
MAX_URL_LENGTH = 8_192

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

    def __init__(
        self, *, allowed_urls: tuple[str, ...], clock: MonotonicClock = time.monotonic
    ) -> None:
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
        self._limits = TimeLimits(clock)
        self._session.mount("http://", BoundedAdapter(self._limits))
        self._session.mount("https://", BoundedAdapter(self._limits))

    def end_in(self, left: timedelta) -> None:
        """Let no answer be read for longer than `left` from now, until this is called again."""
        self._limits.end_in(left.total_seconds())

    def is_configured(self, url: str) -> bool:
        """Whether `url` leads to a configured host, and so may get the token."""
        try:
            is_url = len(url) <= MAX_URL_LENGTH and urlsplit(url).username is None
            return is_url and _origin(url) in self._allowed
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
        """Return the answer of another host that RingCentral sends us to; no token goes there.

        Raises:
            RedirectRefusedError: the host is none that we go to; nothing was sent.
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
            # Past the session's own sending, which looks into redirects even when it is to follow
            # none, and fails at a malformed one.
            response = self._session.get_adapter(str(prepared.url)).send(
                prepared, stream=True, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ServiceUnavailableError(
                f"RingCentral does not answer: {type(error).__name__}"
            ) from error
        if response.status_code < requests.codes.ok:
            # http.client passes over 100 only; an answer that is to follow is not waited for.
            response.close()
            raise ServiceUnavailableError(f"RingCentral answered {response.status_code} only")
        return response


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL as a parameter takes them; nothing else of it."""
    try:
        scheme, host, port = _origin(url)
    except ValueError:
        return "nowhere"
    shown = f"[{host}]" if ":" in host else host
    is_default = port == _DEFAULT_PORTS.get(scheme, 0)
    return f"{scheme}://{shown}"[:100] + ("" if is_default else f":{port}")


def chunks_of(response: requests.Response, *, max_bytes: int = MAX_AUDIO_BYTES) -> Iterator[bytes]:
    """Yield the body of a recording, and close it in the end.

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
        # read1, since a read for a whole chunk would lose what came before the body broke.
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
