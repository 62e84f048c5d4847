"""moto's server with IAM before it, and requests to DynamoDB one at a time.

`python -m local.moto.server PORT [--no-enforce-iam] [--iam-log FILE]`

moto checks a condition and writes without a lock between, so that of two conditional writes at
once both may win; DynamoDB lets one win. And it copies a table once for each write of a
transaction, to go back to: one copy does, and takes seconds less with thousands of items.
And S3's versions are neither listed nor deleted while others are deleted, over which moto
stumbles.
"""

import argparse
import copy
import threading
from pathlib import Path
from typing import Any

from moto.dynamodb.models.table import Table
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import FakeBucket
from werkzeug.serving import BaseWSGIServer, make_server

from local.moto.entrance import Entrance
from local.moto.iam.door import App, Door

# Of the request that is answered now, by the id of the table.
_copies: dict[int, Any] = {}


def _copied_once(table: Any, memo: dict[int, Any]) -> Any:  # noqa: ANN401 - moto has no types
    if id(table) not in _copies:
        copied = _copies[id(table)] = copy.copy(table)
        copied.items = copy.deepcopy(table.items, memo)
    return _copies[id(table)]


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
            _copies.clear()
            return self._moto(environ, start_response)


class _Silent(MotoRequestHandler):
    def log_request(self, *_: Any) -> None:  # noqa: ANN401 - werkzeug's own
        """Write no line for each request."""


def _neither(*_: Any) -> Any:  # noqa: ANN401 - moto's own
    return PermissionResult.NEUTRAL


def moto_server(
    port: int, *, enforces_iam: bool = True, iam_log: Path | None = None
) -> BaseWSGIServer:
    """Return a server bound to a port of loopback, 0 for any; `serve_forever` runs it.

    `iam_log` is a file that is told what roles asked for.
    """
    setattr(Table, "__deepcopy__", _copied_once)  # noqa: B010 - moto's class has none to replace
    setattr(FakeBucket, "get_permission", _neither)  # noqa: B010 - mypy refuses the other
    moto = _OneWriteAtATime()
    app: App = Door(moto, log_path=iam_log) if enforces_iam else moto
    return make_server("127.0.0.1", port, Entrance(app), threaded=True, request_handler=_Silent)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.moto.server")
    parser.add_argument("port", type=int)
    parser.add_argument("--enforce-iam", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--iam-log", type=Path)
    given = parser.parse_args()
    moto_server(given.port, enforces_iam=given.enforce_iam, iam_log=given.iam_log).serve_forever()


if __name__ == "__main__":
    _main()
