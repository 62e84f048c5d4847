"""moto's server with IAM in front of it, and requests to DynamoDB one at a time.

`python -m local.moto.server PORT [--no-enforce-iam] [--iam-log FILE]`

moto checks a condition and writes without a lock between, so that of two conditional writes at
once both may succeed; DynamoDB lets one succeed. It also copies a whole table for each write of a
transaction, for a rollback: one copy of the written items is enough.
werkzeug ends each connection after one request; here they are kept, as AWS keeps them: a new
connection, and its thread, is an eighth of the time of a small request.
S3's versions are neither listed nor deleted while others are deleted, which moto does not
support.
"""

import argparse
import contextlib
import copy
import io
import threading
import traceback
from pathlib import Path
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import FakeBucket
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wsgi import ClosingIterator

from local.moto.entrance import Entrance
from local.moto.iam.door import App, Door

_moto_transaction = DynamoDBBackend.transact_write_items
# For the current transaction: copies by the id of the table, and the keys that it writes.
_copies: dict[int, Any] = {}
_written: list[Any] = []


def _transaction(of: Any, transact_items: list[dict[str, Any]]) -> None:  # noqa: ANN401 - moto's own
    actions = [next(iter(item.values())) for item in transact_items]
    _written.extend(action.get("Key") or action.get("Item", {}) for action in actions)
    try:
        _moto_transaction(of, transact_items)
    finally:
        _copies.clear()
        _written.clear()


def _copied(table: Any, memo: dict[int, Any]) -> Any:  # noqa: ANN401 - moto has no types
    """Return a copy of a table; in a transaction the same one, with copies of what is written."""
    if id(table) in _copies:
        return _copies[id(table)]
    copied = copy.copy(table)
    if not _written:
        copied.items = copy.deepcopy(table.items, memo)
        return copied
    names = (key[table.hash_key_attr] for key in _written if table.hash_key_attr in key)
    written = {name for it in names if (name := DynamoType(it)) in table.items}
    copied.items = copy.copy(table.items)
    copied.items |= {name: copy.deepcopy(table.items[name], memo) for name in written}
    _copies[id(table)] = copied
    return copied


def _is_dynamodb(environ: Any) -> bool:  # noqa: ANN401 - WSGI's own
    return bool(environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"))


def _is_of_versions(environ: Any) -> bool:  # noqa: ANN401 - WSGI's own
    is_list = environ.get("QUERY_STRING", "").startswith("versions")
    return bool(is_list or environ["REQUEST_METHOD"] == "DELETE")


class _OneWriteAtATime:
    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI's own
        if not (_is_dynamodb(environ) or _is_of_versions(environ)):
            return self._moto(environ, start_response)
        with self._turn:
            return self._moto(environ, start_response)


class _Connection(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request; the connection waits for the next one."""
        environ = self.make_environ()
        body = self._body(environ)
        if body is None:
            self.close_connection = True
            return
        environ["wsgi.input"] = io.BytesIO(body)
        self._send(*self._answer(environ), method=environ["REQUEST_METHOD"])

    def _body(self, environ: Any) -> bytes | None:  # noqa: ANN401 - WSGI's own
        """Return all of a request's body; None if the client ended before sending it all."""
        if environ.get("wsgi.input_terminated"):
            try:
                return bytes(environ["wsgi.input"].read())
            except OSError:
                return None
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        return body if len(body) == size else None

    def _answer(self, environ: Any) -> tuple[str, list[tuple[str, str]], bytes]:  # noqa: ANN401 - WSGI's own
        started: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            app: App = self.server.app
            pieces = app(environ, lambda *start: started.append((start[0], start[1])))
            with contextlib.closing(ClosingIterator(pieces)) as answered:
                body = b"".join(answered)
        except Exception:  # noqa: BLE001 - as any WSGI server does
            self.server.log("error", traceback.format_exc())
            return "500 INTERNAL SERVER ERROR", [], b""
        return *started[0], body

    def _send(
        self, status: str, headers: list[tuple[str, str]], body: bytes, *, method: str
    ) -> None:
        sent = [("Server", self.version_string()), ("Date", self.date_time_string()), *headers]
        is_measured = any(name.lower() == "content-length" for name, _ in headers)
        if not is_measured and method != "HEAD" and not status.startswith(("204", "304")):
            sent.append(("Content-Length", str(len(body))))
        lines = [f"{self.protocol_version} {status}", *(f"{name}: {it}" for name, it in sent)]
        # In one piece: the client would wait for the second.
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def log_request(self, *_: Any) -> None:  # noqa: ANN401 - werkzeug's own
        """Write no line for each request."""


def _neither(*_: Any) -> Any:  # noqa: ANN401 - moto's own
    return PermissionResult.NEUTRAL


def moto_server(
    port: int, *, enforces_iam: bool = True, iam_log: Path | None = None
) -> BaseWSGIServer:
    """Return a server bound to a port of loopback, 0 for any; `serve_forever` runs it.

    `iam_log` is a file that gets the actions of roles.
    """
    setattr(Table, "__deepcopy__", _copied)  # noqa: B010 - moto's class has none to replace
    setattr(DynamoDBBackend, "transact_write_items", _transaction)  # noqa: B010 - mypy refuses it
    setattr(FakeBucket, "get_permission", _neither)  # noqa: B010 - mypy refuses it
    moto = _OneWriteAtATime()
    app: App = Door(moto, log_path=iam_log) if enforces_iam else moto
    return make_server("127.0.0.1", port, Entrance(app), threaded=True, request_handler=_Connection)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.moto.server")
    parser.add_argument("port", type=int)
    parser.add_argument("--enforce-iam", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--iam-log", type=Path)
    given = parser.parse_args()
    moto_server(given.port, enforces_iam=given.enforce_iam, iam_log=given.iam_log).serve_forever()


if __name__ == "__main__":
    _main()
