"""The dashboard and the alarms of the local stack on a page, as they are when it is asked for."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import ThreadingHTTPServer

from local.alarm_state import alarm_states
from local.aws import Aws
from local.aws_metrics import put_depths
from local.figures import figures_of
from local.own_machine import OwnMachineHandler
from local.provision.site import STACK_NAME

DEFAULT_FIGURES_PORT = 8082
_PATH = "/figures"
# The second that has just begun belongs to it: the depths have just been told.
_THIS_SECOND = timedelta(seconds=1)
_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" \
content="10"><title>ringvault: figures</title><style>:root{color-scheme:light dark}\
body{font:1rem system-ui;margin:2rem}td,th{text-align:left;padding:.1rem 1.5rem .1rem 0}\
td:last-child{text-align:right}</style>"""


@contextmanager
def showing_figures(aws: Aws, *, port: int | None = None) -> Iterator[str]:
    """Serve the page; yields its address.

    Port None is the usual one or, when that is taken, any free one; 0 is any free one.
    """
    server = _listening(port, aws)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}{_PATH}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def figures_page(aws: Aws, *, at: datetime) -> str:
    """Return the page; what nothing has told yet is a dash."""
    cloudwatch = aws.client("cloudwatch")
    states = alarm_states(cloudwatch, at=at)
    figures = figures_of(cloudwatch, STACK_NAME, at=at)
    alarms = ((name.removeprefix(f"{STACK_NAME}-"), state) for name, state in states.items())
    told = ((it.title, it.label, _written(it.value)) for it in figures)
    return f"{_HEAD}<h1>Alarms</h1>{_table(alarms)}<h1>Figures</h1>{_table(told)}"


def _written(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _listening(port: int | None, aws: Aws) -> "_Server":
    if port is not None:
        return _Server(port, aws)
    try:
        return _Server(DEFAULT_FIGURES_PORT, aws)
    except OSError:
        return _Server(0, aws)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, aws: Aws) -> None:
        self.aws = aws
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(OwnMachineHandler):
    # Links lead here; there is nothing to change.
    answers_foreign_pages = True
    timeout = 30
    server: _Server

    def do_GET(self) -> None:  # noqa: N802 - http.server calls it so
        if self.path != _PATH:
            self.send_error(404)
            return
        put_depths(self.server.aws)
        page = figures_page(self.server.aws, at=datetime.now(UTC) + _THIS_SECOND).encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(page)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Log nothing."""
