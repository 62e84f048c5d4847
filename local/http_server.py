"""A server on this machine, for as long as a `with` block lasts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# How soon a server notices that it should end.
_POLL_S = 0.02


class LoopbackServer(ThreadingHTTPServer):
    """Listens on a port of loopback, 0 for any free one; a thread for each connection."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", port), handler)

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://localhost:{self.server_address[1]}"


@contextmanager
def answering(server: ThreadingHTTPServer) -> Iterator[None]:
    """Answer requests in a thread of its own until the block ends; then the port is free."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": _POLL_S})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
