"""The simulator as a command: serves, says how to sign in, ends when told."""

import argparse
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from local.simulator.command import _options, add_arguments
from local.simulator.options import Group, Quota

REPOSITORY = Path(__file__).parents[3]
PROGRAM = """
import argparse, sys
from local.simulator.command import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser)
sys.exit(run(parser.parse_args()))
"""


def _command(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_told_to_end(number: signal.Signals) -> None:
    """It prints its address, answers there, logs no query, and ends with 0 and no traceback."""
    with _command("--recordings", "3", "--verbose") as process:
        assert process.stdout
        match = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert match
        url = f"{match[0]}/simulator/books?secret=1"
        with requests.Session() as session:  # the connection stays open over the end
            assert len(session.get(url, timeout=30).json()["recordings"]) == 3
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert re.fullmatch(r"GET /simulator/books 200 \d+ B \d+ ms\n", errors)


def test_port_in_use_is_one_clear_line() -> None:
    """A port that somebody else has is an error of one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with _command("--port", port) as process:
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert port in errors


def _parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_quota_option() -> None:
    """LIMIT/WINDOW_S and the penalty make the Heavy quota; the others stay as they are."""
    options = _options(_parse("--quota", "300/10", "--penalty", "5"))
    assert options.quotas[Group.HEAVY] == Quota(300, 10, 5)
    assert options.quotas[Group.AUTH] == Quota(5, 60, 60)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--quota", "10"),
        ("--quota", "0/60"),
        ("--add-wav-bytes", "101"),
        ("--add-wav-bytes", "8000000000"),
        ("--days", "0"),
        ("--port", "70000"),
        ("--recordings", "-1"),
    ],
)
def test_bad_option(arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A value that can't be is refused by name."""
    with pytest.raises(SystemExit):
        _parse(*arguments)
    assert arguments[0] in capsys.readouterr().err
