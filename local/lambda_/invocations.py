"""Lambda's Invoke, simulated: boto3's own client calls a function of the stack and waits."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from local.cloudformation.provision.site import Function
from local.http_server import LoopbackServer, answering
from local.lambda_.function_process import FunctionProcess, Outcome
from local.lambda_.host import Host
from local.own_machine import OwnMachineHandler

_INVOKE = re.compile(r"/2015-03-31/functions/([\w-]+)/invocations")


@contextmanager
def invoking(functions: Mapping[str, Function], *, host: Host) -> Iterator[str]:
    """Serve Invoke for functions by name on any free port of this machine; yields its address.

    A function starts at its first invocation, and has one at a time.
    """
    processes = {name: FunctionProcess(function, host=host) for name, function in functions.items()}
    server = _Server(processes)
    try:
        with answering(server):
            yield server.url
    finally:
        for process in processes.values():
            process.end()


class _Server(LoopbackServer):
    def __init__(self, processes: Mapping[str, FunctionProcess]) -> None:
        self.processes = processes
        super().__init__(0, _Handler)


class _Handler(OwnMachineHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def do_POST(self) -> None:  # noqa: N802 - http.server calls it so
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        found = _INVOKE.fullmatch(self.path)
        process = self.server.processes.get(found[1]) if found else None
        if process is None:
            told = {"Message": "no such function"}
            self._send(404, told, "x-amzn-errortype", "ResourceNotFoundException")
            return
        outcome = process.invoke(json.loads(body or b"{}"))
        if outcome.succeeded:
            self._send(200, outcome.result)
        else:
            self._send(200, _failed(outcome), "x-amz-function-error", "Unhandled")

    def _send(self, status: int, told: object, *header: str) -> None:
        body = json.dumps(told).encode()
        self.send_response_only(status)
        if header:
            self.send_header(*header)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Log nothing: the function has its own log."""


def _failed(outcome: Outcome) -> dict[str, str | None]:
    return {"errorType": outcome.error_type, "errorMessage": outcome.error_message}
