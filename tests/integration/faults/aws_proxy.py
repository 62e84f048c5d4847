"""A proxy in front of a test's moto, which lets chosen requests go wrong on real sockets."""

import http.client
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from local.http_server import answering

# Every wait here ends with the client's own timeout, which has to be shorter.
WAIT_S = 10
_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}
# What tells S3's operations apart: the method, and a name in the query.
_S3_OPERATIONS = (
    ("PUT", "partNumber", "UploadPart"),
    ("POST", "uploads", "CreateMultipartUpload"),
    ("POST", "uploadId", "CompleteMultipartUpload"),
    ("DELETE", "uploadId", "AbortMultipartUpload"),
    ("GET", "uploads", "ListMultipartUploads"),
    ("GET", "list-type", "ListObjectsV2"),
    ("GET", "", "GetObject"),
    ("PUT", "", "PutObject"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request on its way, by AWS's name for it.

    `said` tells requests of one operation apart: the path at S3, the body elsewhere.
    `forward` lets AWS do what is asked; `hung_up` returns when the client has had enough.
    """

    operation: str
    said: str
    forward: Callable[[], Answer]
    hung_up: Callable[[], None]


# What becomes of an exchange; None drops the connection without an answer.
Action = Callable[[Exchange], Answer | None]


@dataclass(slots=True)
class _Strike:
    operation: str
    action: Action
    where: str
    nth: int
    times: int | None
    met: int = 0

    def meets(self, exchange: Exchange) -> bool:
        """Count the request if it is of the kind, and say whether it is to go wrong."""
        if exchange.operation != self.operation or self.where not in exchange.said:
            return False
        self.met += 1
        return self.nth <= self.met and (self.times is None or self.met < self.nth + self.times)


def refused(status: int, code: str) -> Action:
    """Answer in AWS's place, in the form of the service that was asked."""

    def refuse(exchange: Exchange) -> Answer:
        if exchange.said.startswith("{"):
            body, content_type = (
                f'{{"__type":"com.amazonaws#{code}"}}',
                "application/x-amz-json-1.0",
            )
        else:
            body, content_type = f"<Error><Code>{code}</Code></Error>", "application/xml"
        return Answer(status, {"Content-Type": content_type}, body.encode())

    return refuse


def dropped(exchange: Exchange) -> None:
    """Drop the connection before AWS hears of the request."""
    del exchange


def lost(exchange: Exchange) -> None:
    """Let AWS do it, and drop the connection before anybody is told."""
    exchange.forward()


def unheard(exchange: Exchange) -> None:
    """Stay silent until the client gives up; AWS never hears of the request."""
    exchange.hung_up()


def late(exchange: Exchange) -> None:
    """Let AWS do it, and stay silent until the client gives up."""
    exchange.forward()
    exchange.hung_up()


def damaged(header: str, value: str) -> Action:
    """Forward, and answer with another value of one header."""

    def damage(exchange: Exchange) -> Answer:
        answer = exchange.forward()
        return replace(answer, headers={**answer.headers, header: value})

    return damage


def another_checksum(exchange: Exchange) -> Answer:
    """Forward, and confirm another CRC-32 than S3 did: in a header, after Complete in the body."""
    answer = damaged("x-amz-checksum-crc32", "AAAAAA==")(exchange)
    assert answer is not None
    end = b"</CompleteMultipartUploadResult>"
    body = re.sub(rb"<ChecksumCRC32>.*?</ChecksumCRC32>", b"", answer.body)
    told = body.replace(end, b"<ChecksumCRC32>AAAAAA==</ChecksumCRC32>" + end)
    return replace(answer, body=told)


def meanwhile(happens: Callable[[], object]) -> Action:
    """Let something happen while the request is on its way."""

    def forward_after(exchange: Exchange) -> Answer:
        happens()
        return exchange.forward()

    return forward_after


@dataclass(slots=True)
class Victim:
    """A child process of the test's own that is to die; its id may become known last."""

    pid: "Future[int | None]" = field(default_factory=Future)

    def dies_before(self, exchange: Exchange) -> None:
        """Kill the process before AWS hears of its request."""
        del exchange
        pid = self.pid.result(WAIT_S)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def dies_after(self, exchange: Exchange) -> None:
        """Let AWS do it, and kill the process before it is told."""
        exchange.forward()
        self.dies_before(exchange)


@dataclass(slots=True)
class AwsProxy:
    """Listens on a free port inside its `with` block and forwards to `aws_url`."""

    aws_url: str
    asked: list[str] = field(default_factory=list)
    _strikes: list[_Strike] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: "_Server" = field(init=False)
    _answering: AbstractContextManager[None] = field(init=False)

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._answering = answering(self._server)
        self._answering.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._answering.__exit__(kind, error, traceback)

    @property
    def url(self) -> str:
        """The address, by the name that moto needs to see."""
        return f"http://localhost:{self._server.server_address[1]}"

    def strike(
        self,
        operation: str,
        action: Action,
        *,
        where: str = "",
        nth: int = 1,
        times: int | None = 1,
    ) -> None:
        """Let requests of an operation go wrong from the `nth` on that has `where` in it.

        None `times` means all of them; what is struck twice follows the first strike.
        """
        with self._lock:
            self._strikes.append(_Strike(operation, action, where, nth, times))

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._strikes.clear()

    def answer(self, exchange: Exchange) -> Answer | None:
        """Return what the exchange comes to."""
        with self._lock:
            self.asked.append(exchange.operation)
            struck = [strike for strike in self._strikes if strike.meets(exchange)]
        return struck[0].action(exchange) if struck else exchange.forward()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: AwsProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what goes wrong, except a client that is dead or gave up."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = WAIT_S
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        target = self.headers.get("X-Amz-Target", "")
        operation = target.partition(".")[2] or _s3_operation(self.command, self.path)
        said = body.decode() if target else self.path
        exchange = Exchange(operation, said, lambda: self._forwarded(body), self._hung_up)
        self.close_connection = True
        answer = self.server.proxy.answer(exchange)
        if answer is not None:
            self._send(answer)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def _forwarded(self, body: bytes) -> Answer:
        parts = urlsplit(self.server.proxy.aws_url)
        aws = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=WAIT_S)
        try:
            aws.request(self.command, self.path, body, _end_to_end(self.headers))
            response = aws.getresponse()
            return Answer(response.status, _end_to_end(response.headers), response.read())
        finally:
            aws.close()

    def _hung_up(self) -> None:
        self.connection.settimeout(WAIT_S)
        assert self.connection.recv(1, socket.MSG_PEEK) == b"", "the client says more"

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)


def _s3_operation(method: str, path: str) -> str:
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    for its_method, name, operation in _S3_OPERATIONS:
        if method == its_method and (not name or name in query):
            return operation
    return method


def _end_to_end(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _BY_HOP}
