"""HTTP/1.1 on sockets: one thread a connection, kept alive between requests."""

import io
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.own_machine import OwnMachineHandler
from local.ringcentral.faults.body import cut, dripped, slowed, stalled
from local.ringcentral.faults.wire import Framing
from local.ringcentral.http.answers import Answer, Request

LOOPBACK = "127.0.0.1"
_IDLE_S = 120
# RFC 9110, 8.6: a Content-Length is not sent with these.
_WITHOUT_LENGTH = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
# A linger time of zero: closing discards unsent data, and sends RST.
_NO_LINGER = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """Listens on loopback, calls `answer` for every request and `sent` for each piece sent."""

    daemon_threads = True

    def __init__(
        self,
        *,
        port: int,
        answer: Callable[[Request], Answer],
        sent: Callable[[Answer, int], None],
        verbose: bool,
    ) -> None:
        self.answer = answer
        self.sent = sent
        self.verbose = verbose
        self.ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._reset: set[socket.socket] = set()
        super().__init__((LOOPBACK, port), _Connection)

    @property
    def base_url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - inherited
        """Remember the connection while it is open."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - inherited
        """Close a connection and forget it."""
        self._open.discard(request)
        if request in self._reset:
            self._reset.discard(request)
            self.close_request(request)  # no FIN before the RST
        else:
            super().shutdown_request(request)

    def reset(self, connection: socket.socket) -> None:
        """End a connection with an RST."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._reset.add(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - inherited
        """Report errors, except a client that hangs up."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def shutdown(self) -> None:
        """Stop serving; no thread waits any more for a client or a time."""
        self.ended.set()
        super().shutdown()
        self._hang_up()

    def _hang_up(self) -> None:
        for connection in tuple(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by the other side meanwhile


class _Connection(OwnMachineHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_S
    server: Server

    def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
        started_s = time.monotonic()
        request = self._request()
        answer = self.server.answer(request)
        sent_bytes = 0
        self.server.ended.wait(answer.wire.silent_s)
        try:
            if not answer.wire.unanswered:
                self._send_head(answer)
                for piece in self._body(answer):
                    sent_bytes += len(piece)
                    # Before it is sent, so that no client knows more than the books.
                    self.server.sent(answer, len(piece))
                    self.wfile.write(_framed(piece, answer.wire.framing))
        finally:
            self._log(request, answer, sent_bytes=sent_bytes, started_s=started_s)
        self._finish_answer(answer, is_whole=sent_bytes == answer.size_bytes)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815 - the names that http.server calls

    def version_string(self) -> str:
        """Name the simulator, not Python, in the `Server` header."""
        return "RingCentralSimulator"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: `_log` writes a line when the body is sent."""

    def _request(self) -> Request:
        url = urlsplit(self.path)
        length = self.headers.get("Content-Length", "")
        return Request(
            method=self.command,
            path=url.path,
            query=parse_qs(url.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length) if length.isdigit() else 0),
            base_url=self._base_url(),
        )

    def _base_url(self) -> str:
        """Return the address that the client used: one of this machine's names."""
        return f"http://{self.headers['Host']}"

    def _send_head(self, answer: Answer) -> None:
        if answer.wire.informational is not None:
            self.wfile.write(b"HTTP/1.1 %d Interim\r\n\r\n" % answer.wire.informational)
        out, head = self.wfile, io.BytesIO()
        self.wfile = head
        try:
            self._write_head(answer)
        finally:
            self.wfile = out
        for piece in self._dripped([head.getvalue()], seconds=answer.wire.drip_head_s):
            self.wfile.write(piece)

    def _dripped(self, pieces: Iterable[bytes], *, seconds: float) -> Iterable[bytes]:
        return filter(None, dripped(pieces, seconds=seconds, pause=self.server.ended.wait))

    def _write_head(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        match answer.wire.framing:
            case Framing.LENGTH if answer.status in _WITHOUT_LENGTH:
                pass
            case Framing.LENGTH:
                declared_bytes = answer.size_bytes + answer.wire.extra_bytes
                self.send_header("Content-Length", str(declared_bytes))
            case Framing.CHUNKED:
                self.send_header("Transfer-Encoding", "chunked")
            case Framing.CLOSE:
                self.send_header("Connection", "close")
        self.end_headers()

    def _body(self, answer: Answer) -> Iterable[bytes]:
        wire, body = answer.wire, answer.body
        if wire.cut_after_bytes is not None:
            body = cut(body, after_bytes=wire.cut_after_bytes)
        if wire.stall_s:
            pause = partial(self.server.ended.wait, wire.stall_s)
            body = stalled(body, after_bytes=wire.stall_after_bytes, pause=pause)
        if wire.bytes_per_second is not None:
            body = slowed(body, bytes_per_second=wire.bytes_per_second)
        return self._dripped(body, seconds=wire.drip_body_s)

    def _finish_answer(self, answer: Answer, *, is_whole: bool) -> None:
        wire = answer.wire
        if is_whole and wire.framing is Framing.CHUNKED:
            self.wfile.write(b"0\r\n\r\n")
        if is_whole and not wire.extra_bytes and not wire.unanswered:
            return
        self.close_connection = True
        if wire.resets:
            self.server.reset(self.connection)

    def _log(self, request: Request, answer: Answer, *, sent_bytes: int, started_s: float) -> None:
        if self.server.verbose:
            # The path alone: a query may hold phone numbers.
            took_ms = round((time.monotonic() - started_s) * 1_000)
            line = f"{request.method} {request.path} {answer.status} {sent_bytes} B {took_ms} ms"
            print(line, file=sys.stderr, flush=True)


def _framed(piece: bytes, framing: Framing) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece) if framing is Framing.CHUNKED else piece
