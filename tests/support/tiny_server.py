"""An HTTP server that answers what a test tells it to, for what the simulator never does."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from local.http_server import answering

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived: header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; a Content-Length of its own may promise more than comes.

    Status 0 hangs up without an answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class TinyServer:
    """Listens on a free port inside its `with` block and remembers what was asked.

    Without `keeps_bodies` it swallows the bodies of requests. With `tls` it speaks https.
    """

    def __init__(
        self,
        answer: Callable[[Seen], Reply],
        *,
        keeps_bodies: bool = True,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.seen: list[Seen] = []
        handler = _handler_of(self.seen, answer, keeps_bodies=keeps_bodies)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._scheme = "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._answering = answering(self._server)

    def __enter__(self) -> Self:
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
        """The address, without a slash at its end."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"


def in_turn(*replies: Reply) -> Callable[[Seen], Reply]:
    """Return an answer that gives each reply once; one request more gets 500."""
    rest = iter(replies)
    return lambda _: next(rest, Reply(500))


def _handler_of(
    seen: list[Seen], answer: Callable[[Seen], Reply], *, keeps_bodies: bool
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # boto3 waits a second for the 100 that HTTP/1.0 does not have.
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Seen(self.command, self.path, headers, self._body())
            seen.append(request)
            self._send(answer(request))

        def _body(self) -> bytes:
            rest = int(self.headers.get("Content-Length", "0"))
            if keeps_bodies:
                return self.rfile.read(rest)
            while rest > 0:
                rest -= len(self.rfile.read(min(rest, _PIECE_BYTES)))
            return b""

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

        def _send(self, reply: Reply) -> None:
            if reply.status == 0:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if not {"Content-Length", "Transfer-Encoding"} & set(reply.headers):
                self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    return Handler
