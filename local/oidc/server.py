"""The issuer on a socket of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from local.http_server import LoopbackServer, answering
from local.oidc.authorization import Client
from local.oidc.grants import Grants
from local.oidc.issuer import Answer, Issuer
from local.oidc.tokens import CLIENT_ID
from local.own_machine import OwnMachineHandler

DEFAULT_ISSUER_PORT = 8081
_MAXIMUM_BODY_BYTES = 64 * 1024


@contextmanager
def issuing(*, port: int | None, redirect_uri: str) -> Iterator[str]:
    """Sign people in for the page at `redirect_uri`; yields the issuer's address.

    Port None is the usual one or, if that is taken or the page's own, any free one; 0 is any
    free one.
    """
    server = _listening(port, client=Client(CLIENT_ID, redirect_uri))
    with answering(server):
        yield server.url


def _listening(port: int | None, *, client: Client) -> "_Server":
    if port is not None:
        return _Server(port, client=client)
    if urlsplit(client.redirect_uri).port == DEFAULT_ISSUER_PORT:
        return _Server(0, client=client)
    try:
        return _Server(DEFAULT_ISSUER_PORT, client=client)
    except OSError:
        return _Server(0, client=client)


class _Server(LoopbackServer):
    def __init__(self, port: int, *, client: Client) -> None:
        super().__init__(port, _Handler)
        self.issuer = Issuer(self.url, client=client, grants=Grants())


class _Handler(OwnMachineHandler):
    # The archive's page sends people here, and redeems their codes.
    answers_foreign_pages = True
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def _respond(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > _MAXIMUM_BODY_BYTES:
            self.close_connection = True
            self._send(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        body = self.rfile.read(length).decode(errors="replace")
        self._send(self.server.issuer.answer(self.command, self.path, body))

    do_GET = do_POST = _respond  # noqa: N815 - http.server calls them so

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
