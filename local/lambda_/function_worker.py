"""Lambda's runtime, simulated: loads one handler and answers events over a private pipe.

`function_worker.py REQUESTS ANSWERS NAME`: two file descriptors, and the function's name, which
is shown in the process list. A line of JSON is one event, a line of JSON its
answer. Standard library only: nothing of this repository is on the handler's path.
"""

import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

Handler = Callable[[Any, Any], Any]


class ImportModuleError(Exception):
    """The function's module can't be imported, or has no such handler."""


class Context:
    """Lambda's context object for an invocation."""

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.aws_request_id: str = invocation["request_id"]
        self.invoked_function_arn: str = invocation["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._ends_at = time.monotonic() + invocation["timeout_s"]

    def get_remaining_time_in_millis(self) -> int:
        """Return how long this invocation may still take; 0 after its time is over."""
        return max(0, int((self._ends_at - time.monotonic()) * 1000))


def main() -> None:
    """Answer events until the pipe ends."""
    requests_fd, answers_fd = int(sys.argv[1]), int(sys.argv[2])
    for descriptor in (requests_fd, answers_fd):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
    # So that the log has every line of a handler that is killed.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    handler: Handler | None = None
    with os.fdopen(requests_fd, "rb") as requests, os.fdopen(answers_fd, "wb") as answers:
        for line in requests:
            handler, answer = _answer(handler, json.loads(line))
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()


def _answer(
    handler: Handler | None, invocation: dict[str, Any]
) -> tuple[Handler | None, dict[str, Any]]:
    try:
        handler = handler or _load()
        result = handler(invocation["event"], Context(invocation))
        json.dumps(result)
        answer: dict[str, Any] = {"result": result}
    except Exception as error:  # noqa: BLE001 - any error of a handler is its answer, as in Lambda
        traceback.print_exc()
        answer = {"error_type": _type_of(error), "error_message": str(error)}
    return handler, answer | {"peak_bytes": _peak_bytes()}


def _type_of(error: Exception) -> str:
    name = type(error).__name__
    return f"Runtime.{name}" if isinstance(error, ImportModuleError) else name


def _load() -> Handler:
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    module, name = os.environ["_HANDLER"].rsplit(".", 1)
    try:
        handler: Handler = getattr(importlib.import_module(module.replace("/", ".")), name)
    except Exception as error:
        raise ImportModuleError(f"Unable to import module {module!r}: {error}") from error
    return handler


def _peak_bytes() -> int:
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - starts faster
            lines = dict(line.split(":", 1) for line in status)
        return int(lines["VmHWM"].split()[0]) * 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
