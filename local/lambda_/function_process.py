"""A Lambda function in a process of its own, with the limits of the template."""

import json
import os
import select
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from queue import LifoQueue
from typing import Any

import psutil

from local.child import end_child, start_child
from local.cloudformation.provision.site import Function
from local.cloudformation.transform import REGION
from local.lambda_.host import Host
from local.moto.clients import Aws

_WORKER = Path(__file__).with_name("function_worker.py")
_WATCH_EVERY_S = 0.05
_MIB = 1024 * 1024
ENDED = "Runtime.Ended"  # ours: the process was stopped
Event = Any  # any JSON value
Answer = Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an invocation: a result, or an error as Lambda would report it."""

    result: Answer = None
    error_type: str | None = None
    error_message: str | None = None
    peak_bytes: int | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the handler returned."""
        return self.error_type is None


_ENDED_OUTCOME = Outcome(error_type=ENDED, error_message="the stack is ending")


class FunctionProcess:
    """One execution environment: started at the first event, kept warm, killed at its limits.

    Serves one invocation at a time; others wait.
    """

    def __init__(self, function: Function, *, host: Host) -> None:
        self._function = function
        self._host = host
        self._turn = threading.Lock()
        self._running: _Running | None = None
        self._ended = False

    @property
    def is_busy(self) -> bool:
        """Whether an invocation is running."""
        return self._turn.locked()

    def invoke(self, event: Event) -> Outcome:
        """Run the handler on an event.

        Any failure of the process is an outcome with an error, and the next event starts a
        new one.
        """
        with self._turn:
            if self._ended:
                return _ENDED_OUTCOME
            if self._running is None:
                self._running = _Running(self._function, host=self._host)
            outcome = self._running.invoke(event)
            if self._running.is_gone:
                self._running.close()
                self._running = None
            return _ENDED_OUTCOME if self._ended else outcome

    def end(self) -> None:
        """Kill the process; a running invocation ends with an error, and none begins."""
        self._ended = True
        running = self._running
        if running is not None:
            running.kill()
        with self._turn:
            if self._running is not None:
                self._running.close()
                self._running = None


class ProcessPool:
    """As many environments of one function as may be invoked at a time; others wait."""

    def __init__(self, function: Function, *, host: Host, size: int) -> None:
        self._processes = [FunctionProcess(function, host=host) for _ in range(size)]
        # Last in, first out: a second process starts only when the first is busy.
        self._idle: LifoQueue[FunctionProcess] = LifoQueue()
        for process in self._processes:
            self._idle.put(process)

    def invoke(self, event: Event) -> Outcome:
        """Run the handler on an event, in the first environment that is free."""
        process = self._idle.get()
        try:
            return process.invoke(event)
        finally:
            self._idle.put(process)

    def end(self) -> None:
        """Kill all processes."""
        for process in self._processes:
            process.end()


class _Running:
    def __init__(self, function: Function, *, host: Host) -> None:
        self._function = function
        requests_read, requests_write = os.pipe()
        answers_read, answers_write = os.pipe()
        self._log_path = host.log_of(function)
        with self._log_path.open("ab") as log:
            self._child = start_child(
                *(str(_WORKER), str(requests_read), str(answers_write), function.name),
                environment=environment_of(function, aws=host.aws),
                folder=function.code_folder,
                output=log,
                pass_fds=(requests_read, answers_write),
            )
        os.close(requests_read)
        os.close(answers_write)
        self._requests = os.fdopen(requests_write, "wb")
        self._answers = os.fdopen(answers_read, "rb")
        self.is_gone = False

    def invoke(self, event: Event) -> Outcome:
        try:
            self._send(event)
            return self._await_answer()
        except (BrokenPipeError, psutil.NoSuchProcess):
            return self._ended_by_itself()

    def kill(self) -> None:
        self.is_gone = True
        end_child(self._child)

    def _send(self, event: Event) -> None:
        invocation = {
            "request_id": str(uuid.uuid4()),
            "function_arn": self._function.arn,
            "timeout_s": self._function.timeout_s,
            "event": event,
        }
        self._requests.write(json.dumps(invocation).encode() + b"\n")
        self._requests.flush()

    def _await_answer(self) -> Outcome:
        process = psutil.Process(self._child.pid)
        ends_at = time.monotonic() + self._function.timeout_s
        while not select.select([self._answers], [], [], _WATCH_EVERY_S)[0]:
            if time.monotonic() >= ends_at:
                return self._killed("Sandbox.Timedout", self._timed_out())
            if process.memory_info().rss > self._function.memory_mb * _MIB:
                return self._killed("Runtime.OutOfMemory", self._out_of_memory())
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            return self._ended_by_itself()
        return self._judged(Outcome(**json.loads(line)))

    def _judged(self, outcome: Outcome) -> Outcome:
        if (outcome.peak_bytes or 0) > self._function.memory_mb * _MIB:
            return self._killed("Runtime.OutOfMemory", self._out_of_memory())
        return outcome

    def _killed(self, error_type: str, error_message: str) -> Outcome:
        self.kill()
        return self._failed(error_type, error_message)

    def _ended_by_itself(self) -> Outcome:
        self.kill()
        status = self._child.returncode
        how = f"signal: {-status}" if status < 0 else f"exit status {status}"
        return self._failed("Runtime.ExitError", f"Runtime exited with error: {how}")

    def _failed(self, error_type: str, error_message: str) -> Outcome:
        with self._log_path.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"outcome": "killed", "type": error_type, "why": error_message}))
            log.write("\n")
        return Outcome(error_type=error_type, error_message=error_message)

    def _timed_out(self) -> str:
        return f"Task timed out after {self._function.timeout_s:.2f} seconds"

    def _out_of_memory(self) -> str:
        return f"used more than its {self._function.memory_mb} MB of memory (peak resident)"

    def close(self) -> None:
        """Close this end of the pipes."""
        self._answers.close()
        try:
            self._requests.close()
        except BrokenPipeError:
            # The old content was for a process that is gone.
            return


def environment_of(function: Function, *, aws: Aws) -> dict[str, str]:
    """Return the template's variables for a function, and those of Lambda's runtime.

    The names reserved by Lambda win, and the key pair is that of the function's own role.
    """
    credentials = aws.credentials_of(function.role_arn, session_name=function.name)
    return function.environment | {
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{uuid.uuid4().hex}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "LAMBDA_TASK_ROOT": str(function.code_folder),
        "_HANDLER": function.handler,
        "TZ": "UTC",
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in function.layer_folders),
        # In place of Lambda: where AWS is, and no profile of the user.
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
