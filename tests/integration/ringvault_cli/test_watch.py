"""`ringvault status --watch` as a process of its own, at a terminal and at a pipe."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import pytest

from local.ringcentral.account.options import Options
from tests.integration.ringvault_cli.account import Account, running_account
from tests.support.cloud import Cloud

_WITHIN_S = 20
HOME, CLEAR = "\x1b[H", "\x1b[2J"


@pytest.fixture
def account(cloud: Cloud) -> Iterator[Account]:
    """Run an empty archive beside a small account."""
    outputs = {
        "VaultBucketName": cloud.make_bucket(),
        "RecordingQueueUrl": cloud.make_queue(),
        "DeadLetterQueueUrl": cloud.make_queue(),
    }
    with running_account(cloud, Options(recordings=2), secret={}, outputs=outputs) as running:
        yield running


@contextmanager
def started(account: Account, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command, which looks every second, and end it whatever a test comes to."""
    started = "from ringvault_cli.command import app; app()"
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", started, "status", "--watch", "1", *account.place],
        env={**os.environ, "PYTHONPATH": "layers/ringvault:.", "LINES": "40"},
        **streams,
    ) as command:
        ended = Timer(_WITHIN_S, command.kill)
        ended.start()
        try:
            yield command
        finally:
            ended.cancel()
            command.kill()


def test_without_a_terminal_each_look_is_a_line(account: Account) -> None:
    """Two lines of JSON, one second apart; Ctrl-C ends it well and leaves no half line."""
    with started(account, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        looks = [json.loads(command.stdout.readline()) for _ in range(2)]
        command.send_signal(signal.SIGINT)
        rest, problems = command.communicate(timeout=10)

    assert (command.returncode, problems) == (0, b"")
    assert [look["recordings"]["pending"] for look in looks] == [0, 0]
    assert looks[0]["at"] < looks[1]["at"]
    assert all(json.loads(line) for line in rest.splitlines())


def test_a_terminal_is_redrawn_in_place(account: Account) -> None:
    """Each look is written over the last, never onto a blank screen; the cursor comes back."""
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with started(account, start_new_session=True, **streams) as command:
        os.close(theirs)
        seen = ""
        while seen.count(HOME) < 2 or not seen.endswith("\x1b[J"):
            seen += os.read(ours, 65536).decode()
        command.send_signal(signal.SIGINT)
        seen += _rest(ours)
        assert command.wait(timeout=10) == 0, seen
    os.close(ours)

    assert CLEAR not in seen
    own, _, left = seen.partition("\x1b[?1049l")
    assert own.startswith("\x1b[?1049h")
    assert own.count("Needs attention") >= 2
    assert (left.count("Recordings"), "\x1b" in left) == (1, False)
    assert "\x1b[?25h" in own


def _rest(terminal: int) -> str:
    """Return what is shown until the command ends, which Linux tells as an error."""
    seen = ""
    try:
        while more := os.read(terminal, 65536):
            seen += more.decode()
    except OSError:
        pass
    return seen
