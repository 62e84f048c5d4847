"""The simulator as a command: serves, says how to sign in, ends when told."""

import argparse
import re
import signal
import socket
import subprocess
import sys

import pytest
import requests

from local.places import ROOT
from local.ringcentral.account.options import Group, Options, Quota
from local.ringcentral.command import _options, add_arguments
from local.ringcentral.faults.chaos import Chaos
from local.ringcentral.faults.fault_kinds import KINDS

PROGRAM = """
import argparse, sys
from local.ringcentral.command import add_arguments, run
parser = argparse.ArgumentParser()
add_arguments(parser)
sys.exit(run(parser.parse_args()))
"""


def _command(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
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


def test_chaos_options() -> None:
    """Probability, seed, weights and bound make the chaos; without a probability there is none."""
    asked = ("--chaos", "0.3", "--chaos-seed", "7", "--chaos-kinds", "all,silent=0,cut=2.5")
    options = _options(_parse(*asked, "--chaos-most", "2", "--gone", "20"))
    weights = {**dict.fromkeys(KINDS, 1.0), "silent": 0.0, "cut": 2.5}
    assert options.chaos == Chaos(probability=0.3, seed=7, kinds=weights, max_per_recording=2)
    assert options.gone == 20
    assert _options(_parse("--chaos-seed", "7")).chaos is None
    assert _options(_parse("--chaos", "1")).chaos == Chaos(probability=1)


def test_users_and_latency_options() -> None:
    """Each service user has a JWT of its own, the first the usual one; latency is in ms."""
    options = _options(_parse("--users", "3", "--latency", "0.5-40"))
    assert options.jwts == (*Options().jwts, "simulated-jwt-2", "simulated-jwt-3")
    assert options.latency_ms == (0.5, 40)


def test_account_options() -> None:
    """What is refused, moved, deleted or elsewhere for good is said by options of their own."""
    asked = ("--forbidden", "2", "--moved", "3", "--retention", "90/30", "--partner-media")
    options = _options(_parse(*asked))
    assert (options.forbidden, options.moved) == (2, 3)
    assert (options.retention_days, options.partner_media) == ((90, 30), True)
    assert _options(_parse()) == Options()


def test_help_fits_into_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names every kind of fault."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        _parse("--help")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert set(KINDS) <= {word.strip(",.") for line in lines for word in line.split()}


def test_too_many_gone_is_one_clear_line() -> None:
    """What can't be is told without a traceback."""
    with _command("--recordings", "2", "--gone", "3") as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert re.fullmatch(r"simulator: 3 recordings can't be gone: \d are old enough\n", errors)


def test_serves_with_faults() -> None:
    """Started with chaos it says how each user signs in, and its books name what is gone."""
    asked = ("--chaos", "0.3", "--gone", "2", "--users", "2", "--recordings", "9")
    with _command(*asked) as process:
        assert process.stdout
        lines = list(iter(process.stdout.readline, "Ctrl-C ends it.\n"))
        url = lines[0].split()[-1]
        books = requests.get(f"{url}/simulator/books", timeout=30).json()
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert sum(row["gone"] for row in books["recordings"]) == 2
    assert "JWT of service user 2: simulated-jwt-2\n" in lines
    assert not errors


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
        ("--users", "0"),
        ("--chaos", "1.1"),
        ("--chaos-kinds", "cut,typo"),
        ("--chaos-kinds", "cut=-1"),
        ("--latency", "9-5"),
        ("--latency", "5"),
        ("--gone", "x"),
        ("--forbidden", "x"),
        ("--moved", "-1"),
        ("--retention", "90"),
        ("--retention", "0/30"),
    ],
)
def test_bad_option(arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A value that can't be is refused by name."""
    with pytest.raises(SystemExit):
        _parse(*arguments)
    assert arguments[0] in capsys.readouterr().err
