"""What a command prints and ends with, whatever happens to it."""

import json
import os
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from ringvault.core.errors import (
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    RingvaultError,
    ServiceUnavailableError,
)
from ringvault_cli.command import app
from ringvault_cli.exit_status import ExitStatus, exit_status_of
from ringvault_cli.terminal.screen import WIDTH, Screen, next_step, screen, wrapped

HOLDS = [["hold"], ["hold", "add"], ["hold", "remove"], ["hold", "list"]]
COMMANDS = [[], *HOLDS, *([name] for name in vars(typer.main.get_command(app))["commands"])]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequestError("swap them"), ExitStatus.USAGE),
        (ConflictError("somebody was faster"), ExitStatus.WRONG),
        (ConfigurationError(["find the stack x: AccessDenied"]), ExitStatus.UNREACHABLE),
        (ServiceUnavailableError("read: EndpointConnectionError"), ExitStatus.UNREACHABLE),
    ],
)
def test_each_kind_of_error_has_its_exit_status(error: RingvaultError, status: ExitStatus) -> None:
    """A script tells by the status what kind of help is needed."""
    assert exit_status_of(error) is status
    assert next_step(error, "ringvault status")


def test_an_error_says_what_to_do_next() -> None:
    """The hint that was set where the cause is known; else what follows from the kind of error."""
    hinted = ServiceUnavailableError("read: NoCredentialsError", hint="sign in")

    assert next_step(hinted, "ringvault plan") == "sign in"
    assert "try again" in next_step(ServiceUnavailableError("something new"), "ringvault plan")
    assert next_step(InvalidRequestError("no"), "ringvault plan") == "see `ringvault plan --help`"


def test_a_defect_shows_neither_traceback_nor_text(capsys: pytest.CaptureFixture[str]) -> None:
    """An unforeseen error's text may hold anything, so type and place have to do."""
    with pytest.raises(typer.Exit) as ended, screen(as_json=False):
        raise KeyError("+16505550100")

    shown = capsys.readouterr()
    assert ended.value.exit_code == ExitStatus.WRONG
    assert "KeyError in" in shown.err
    assert "6505550100" not in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_an_error_is_one_object_for_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json an error is on stdout as well, as the one object."""
    with pytest.raises(typer.Exit), screen(as_json=True):
        raise InvalidRequestError("swap them")

    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert (told["error"], told["exit_status"], shown.err) == ("swap them", 2, "")


def test_who_reads_no_further_ends_it_without_a_word() -> None:
    """`ringvault status | head -1` reports no defect."""
    reader, writer = os.pipe()
    os.close(reader)
    told = "from ringvault_cli.terminal.screen import *; import typer\n"
    told += "def main():\n  with screen(as_json=False) as shown: shown.say('more')\ntyper.run(main)"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", told], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, b"")


def test_an_interruption_has_its_own_status(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C is no defect, and says that nothing is lost."""
    with pytest.raises(typer.Exit) as ended, screen(as_json=False):
        raise KeyboardInterrupt

    assert ended.value.exit_code == ExitStatus.INTERRUPTED
    assert "goes on" in capsys.readouterr().err


def test_lines_break_between_words_at_80_columns() -> None:
    """What is too long goes on below, behind its indent."""
    lines = wrapped("name  " + "word " * 40, indent=6).split("\n")

    assert max(map(len, lines)) <= WIDTH
    assert all(line.startswith("      ") for line in lines[1:])


def test_nobody_is_asked_where_no_terminal_is() -> None:
    """A script that gives no --yes gets a no, and does not hang."""
    shown = Screen(as_json=False)

    assert not shown.confirms("Sure?", yes=False)
    assert shown.confirms("Sure?", yes=True)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_has_no_colour(command: list[str]) -> None:
    """Help is plain text that every terminal shows as it is."""
    result = CliRunner().invoke(app, [*command, "--help"])

    assert result.exit_code == 0
    assert max(len(line) for line in result.output.split("\n")) <= WIDTH
    assert "\x1b" not in result.output


@pytest.mark.parametrize("command", [[], ["hold"]], ids=["ringvault", "hold"])
@pytest.mark.parametrize("width", [WIDTH, None])
def test_each_command_is_told_in_one_whole_line(command: list[str], width: int | None) -> None:
    """The list of commands breaks off in the middle of no sentence; click's own width is 78."""
    shown = CliRunner().invoke(
        app, [*command, "--help"], terminal_width=width, max_content_width=width
    )
    listed = shown.output.split("Commands:")[1]

    assert listed
    assert "..." not in listed


@pytest.mark.parametrize(
    "arguments",
    [
        ["backfill"],
        ["backfill", "--from", "2026-10-01"],
        ["backfill", "--from", "2026-10-02", "--to", "2026-10-01"],
        ["backfill", "--list", "--stop"],
        ["reconcile", "--from", "yesterday", "--to", "2026-10-01"],
        ["retry"],
        ["retry", "--state", "pending"],
        ["status", "--port", "0"],
        ["nonesuch"],
    ],
)
def test_what_makes_no_sense_ends_with_2(arguments: list[str]) -> None:
    """It is refused before anything is reached."""
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == ExitStatus.USAGE
    assert "Traceback" not in result.output


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20261001"])
def test_a_wrong_day_is_named_as_it_was_given(day: str) -> None:
    """Whichever option it came by, the error repeats it and shows what a day looks like."""
    for arguments in (["retry", "--day", day], ["reconcile", "--from", "2026-01-01", "--to", day]):
        result = CliRunner().invoke(app, arguments)

        assert result.exit_code == ExitStatus.USAGE
        assert f"{day} is not a UTC day such as 2026-10-01" in result.stderr


def test_where_no_stack_runs_it_says_how_to_start_one() -> None:
    """A port without a stack is no riddle, and ends with 3."""
    result = CliRunner().invoke(app, ["status", "--local", "--port", "1"])

    assert result.exit_code == ExitStatus.UNREACHABLE
    assert "make run" in result.stderr
    assert "at port 1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--local", "--region", "eu-west-1"], "--region"),
        (["--local", "--profile", "work"], "--profile"),
        (["--local", "--stack", "other"], "--stack"),
        (["--port", "8081"], "--port"),
    ],
)
def test_an_option_without_effect_is_refused(arguments: list[str], named: str) -> None:
    """A region is not ignored where the stack of this machine is asked, nor a port elsewhere."""
    result = CliRunner().invoke(app, ["status", *arguments])

    assert result.exit_code == ExitStatus.USAGE
    assert f"{named} has no effect" in result.stderr


def test_a_region_of_the_environment_does_not_concern_the_local_stack() -> None:
    """AWS_REGION is set for other programs too: it is no reason to refuse."""
    environ = {"AWS_REGION": "eu-west-1", "RINGVAULT_STACK": "other"}
    result = CliRunner().invoke(app, ["status", "--local", "--port", "1"], env=environ)

    assert result.exit_code == ExitStatus.UNREACHABLE


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["status", "--port", "0"], "--port 0: must be at least 1"),
        (["plan", "--requests", "9999"], "--requests 9999: must be at most 1000"),
        (["status", "--watch", "x"], "--watch x: must be a whole number"),
        (["retry", "--state", "pending"], "--state pending: 'pending' is not one of"),
        (["hold", "add"], "Missing option '--reason'"),
        (["nonesuch"], "No such command 'nonesuch'"),
    ],
)
def test_a_mistake_is_named_with_its_option_and_the_help(
    arguments: list[str], problem: str
) -> None:
    """No sentence of a library reaches the terminal, and none is wider than it."""
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == ExitStatus.USAGE
    assert result.stderr.startswith(f"ringvault: {problem}")
    assert "--help`" in result.stderr
    assert max(map(len, result.stderr.splitlines())) <= WIDTH


@pytest.mark.parametrize("command", [[], ["hold"]], ids=["ringvault", "hold"])
def test_without_a_command_its_help_is_shown(command: list[str]) -> None:
    """As it is with --help, line by line."""
    shown = CliRunner().invoke(app, command)

    assert shown.exit_code == ExitStatus.USAGE
    assert shown.stderr == CliRunner().invoke(app, [*command, "--help"]).stdout
