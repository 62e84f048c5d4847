"""Servers that never come to an end: they are given up, by time or by size."""

import socket
import threading
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
import requests

from ringvault.adapters.ringcentral.bounded_answers import MAX_BODY_S
from ringvault.adapters.ringcentral.client import MAX_PAGE_BYTES
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.adapters.ringcentral.transport import MAX_URL_LENGTH, RingCentralTransport, chunks_of
from ringvault.core.errors import (
    BodyInterruptedError,
    OutOfTimeError,
    RedirectRefusedError,
    RequestRefusedError,
    RingvaultError,
    ServiceUnavailableError,
)
from ringvault.core.spans import Span
from tests.support.cloud import Cloud
from tests.support.line import Line, line_to
from tests.support.moving_time import MovingTime
from tests.support.tiny_server import Reply, Seen, TinyServer, in_turn

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIPS = {
    "status line": (b"", b"H"),
    "headers": (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "many headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers of a 100": (b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n"),
    "error": (b"HTTP/1.1 503 X\r\nContent-Length: 100000\r\n\r\n", b" "),
    "page": (JSON + b"Content-Length: 100000\r\n\r\n", b" "),
    "page without an end": (JSON + b"\r\n", b" "),
    "chunks": (JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "length of a chunk": (JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": (JSON + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
}
EVERY_S = 0.02
# A minute of an answer's time is half a second.
HURRY = 120


def hurried() -> float:
    """Return a monotonic clock on which a minute is half a second."""
    return clock.monotonic() * HURRY


class Dripping:
    """A server that sends a beginning, and then one drop after the other until it is hung up."""

    def __init__(self, first: bytes, drop: bytes) -> None:
        self._first, self._drop = first, drop
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.stopped = threading.Event()

    def serve(self) -> None:
        """Answer one request."""
        with suppress(OSError):
            connection, _ = self._socket.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(self._first)
                while not self.stopped.wait(EVERY_S):
                    connection.sendall(self._drop)

    def close(self) -> None:
        """Stop, whether anyone came or not."""
        self.stopped.set()
        self._socket.close()


@contextmanager
def dripping(first: bytes, drop: bytes) -> Iterator[str]:
    """Run such a server; yields its address."""
    server = Dripping(first, drop)
    thread = threading.Thread(target=server.serve)
    thread.start()
    # Whoever would wait for ever fails instead: no drip of a test outlives this.
    guard = threading.Timer(20, server.stopped.set)
    guard.start()
    try:
        yield server.url
        assert not server.stopped.is_set(), "only the server's end ended the answer"
    finally:
        guard.cancel()
        server.close()
        thread.join()


def transport_to(url: str) -> RingCentralTransport:
    """Return a transport on the hurried clock."""
    return RingCentralTransport(allowed_urls=(url,), clock=hurried)


def get(url: str) -> requests.Request:
    """Return a request."""
    return requests.Request("GET", f"{url}/x")


def span_of(line: Line) -> Span:
    """Return the span of the last day."""
    return Span(line.time() - timedelta(days=1), line.time())


@pytest.mark.parametrize(("first", "drop"), DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_is_given_up(
    cloud: Cloud, time: MovingTime, first: bytes, drop: bytes
) -> None:
    """In whatever part of it: the timeout of one wait never comes, and still it ends."""
    with dripping(first, drop) as url:
        line = line_to(url, cloud=cloud, time=time, credentials=None, monotonic=hurried)
        with pytest.raises(RingvaultError):
            line.client.first_page(span_of(line), line.turn())


def test_a_sign_in_that_drips_is_given_up(cloud: Cloud, time: MovingTime) -> None:
    """The token's answer is bounded as any other."""
    with dripping(JSON + b"Content-Length: 100000\r\n\r\n", b" ") as url:
        line = line_to(url, cloud=cloud, time=time, monotonic=hurried)
        with pytest.raises(ServiceUnavailableError):
            line.sign_in()


def test_another_host_that_drips_is_given_up(cloud: Cloud, time: MovingTime) -> None:
    """What a redirect leads to is bounded as well."""
    with dripping(b"HTTP/1.1 200 OK\r\nX: ", b"y") as url:
        away = Reply(302, {"Location": f"{url}/there"})
        with TinyServer(in_turn(away)) as server:
            line = line_to(server.url, cloud=cloud, time=time, credentials=None, monotonic=hurried)
            turn = line.turn(RequestKind.MEDIA)
            with pytest.raises(ServiceUnavailableError):
                line.client.open(f"{server.url}/x", offset=0, turn=turn)


@pytest.mark.parametrize("drop", [b"1\r\n \r\n", b"0"], ids=["chunks", "length of a chunk"])
def test_a_recording_that_drips_ends_with_the_invocation(drop: bytes) -> None:
    """It may take longer than other answers, but not longer than there is time."""
    first = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with dripping(first, drop) as url:
        transport = transport_to(url)
        transport.end_in(timedelta(seconds=90))
        response = transport.send(get(url))
        began_s = hurried()
        with pytest.raises(BodyInterruptedError):
            list(chunks_of(response))
        assert hurried() - began_s < MAX_BODY_S
        with pytest.raises(OutOfTimeError):
            transport.send(get(url))


def test_a_body_ends_by_its_size() -> None:
    """One byte more than may come is too much."""
    with TinyServer(lambda _: Reply(body=bytes(1_001))) as server:
        transport = transport_to(server.url)
        assert len(b"".join(chunks_of(transport.send(get(server.url)), max_bytes=1_001))) == 1_001
        with pytest.raises(BodyInterruptedError, match="more than 1000 bytes"):
            list(chunks_of(transport.send(get(server.url)), max_bytes=1_000))


def test_a_page_ends_by_its_size(cloud: Cloud, time: MovingTime) -> None:
    """A page that would not fit into the memory of a function is no page."""
    page = Reply(body=b'{"records": []}' + b" " * MAX_PAGE_BYTES)
    with TinyServer(in_turn(page)) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError, match="page of the call log"):
            line.client.first_page(span_of(line), line.turn())


def test_an_error_nested_without_end_is_an_error(cloud: Cloud, time: MovingTime) -> None:
    """What it says of itself can't be read, its status can."""
    with TinyServer(in_turn(Reply(400, {}, b"[" * 60_000))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(RequestRefusedError, match="400"):
            line.client.first_page(span_of(line), line.turn())


def test_an_answer_that_only_announces_another_is_none(cloud: Cloud, time: MovingTime) -> None:
    """Of the 1xx answers the HTTP library waits for the end of 100 alone."""
    with TinyServer(in_turn(Reply(103))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError, match="103"):
            line.client.first_page(span_of(line), line.turn())


@pytest.mark.parametrize("length", ["9" * 5_000, "9" * 16, "-1", "1e3", "\xb2"])
def test_an_absurd_length_is_none(cloud: Cloud, time: MovingTime, length: str) -> None:
    """A declared length that no recording has says nothing of where the body ends."""
    with TinyServer(in_turn(Reply(200, {"Content-Length": length}, b"audio"))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        turn = line.turn(RequestKind.MEDIA)
        media = line.client.open(f"{server.url}/x", offset=0, turn=turn)
        assert (media.total_bytes, media.has_end) == (None, False)
        with suppress(BodyInterruptedError):
            list(media.chunks)


LONG_PATH = "/" + "x" * MAX_URL_LENGTH


def test_a_url_ends_by_its_length(cloud: Cloud, time: MovingTime) -> None:
    """Nothing is sent to a next page or a redirect whose URL no server would take."""

    def answer(seen: Seen) -> Reply:
        if "call-log" in seen.target:
            page = f'{{"records": [], "navigation": {{"nextPage": {{"uri": "{LONG_PATH}"}}}}}}'
            return Reply(body=page.encode())
        return Reply(302, {"Location": LONG_PATH})

    with TinyServer(answer) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError):
            line.client.first_page(span_of(line), line.turn())
        turn = line.turn(RequestKind.MEDIA)
        with pytest.raises(RedirectRefusedError, match="characters"):
            line.client.open(f"{server.url}/x", offset=0, turn=turn)
    assert len(server.seen) == 2
