"""Processes of the local stack: each ends with the stack, however the stack ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from local.errors import SetupError
from local.places import ROOT

_LEASH = Path(__file__).with_name("leash.py")
_POLL_S = 0.05
_READY_WITHIN_S = 30


def start_child(
    *arguments: str,
    environment: Mapping[str, str],
    output: IO[bytes],
    folder: Path = ROOT,
    pass_fds: Sequence[int] = (),
    interpreter: str | Path = sys.executable,
) -> subprocess.Popen[bytes]:
    """Start a Python module or script in a session of its own, tied to this process's life."""
    return subprocess.Popen(  # noqa: S603 - modules that the caller names
        [interpreter, "-P", str(_LEASH), *arguments],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def end_child(child: subprocess.Popen[bytes]) -> None:
    """Kill a child and all its children, and wait until it is gone."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stdin:
        child.stdin.close()


def await_ready(
    child: subprocess.Popen[bytes],
    *,
    is_ready: Callable[[], bool],
    name: str,
) -> None:
    """Wait until `is_ready`.

    Raises:
        SetupError: the child ended, or wasn't ready in time; then it was killed.
    """
    give_up_at = time.monotonic() + _READY_WITHIN_S
    while not is_ready():
        if child.poll() is not None or time.monotonic() > give_up_at:
            end_child(child)
            raise SetupError(f"{name} did not start; its log says why")
        time.sleep(_POLL_S)


def answers(port: int) -> bool:
    """Whether a port of this machine accepts connections."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def free_port() -> int:
    """Return a port of this machine that is free at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, *, flag: str) -> None:
    """Check that a port can be bound.

    Raises:
        SetupError: it is taken; names the flag that chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(
                f"port {port} is taken ({error.strerror}): choose another with {flag}"
            ) from error
