"""What a command prints: text and bars for people, or one JSON object."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import typer

from ringvault.core.errors import InvalidRequestError, RingvaultError, TransientError
from ringvault.core.instants import format_instant
from ringvault_cli.exit_status import ExitStatus, exit_status_of
from ringvault_cli.terminal.visible import visible

WIDTH = 80
Row = tuple[str, str]
Advance = Callable[[float, float | None], None]


class Screen:
    """Text for people on stdout; with `as_json` nothing but the answer.

    Nothing that is printed can steer the terminal: keys, reasons and names in the bucket may come
    from an attacker, so what can't be printed is shown as an escape.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, text: str = "") -> None:
        """Print a line, broken between words at 80 columns."""
        if not self.as_json:
            typer.echo(wrapped(text))

    def verbatim(self, text: str) -> None:
        """Print a line without breaking it, so that it can be copied."""
        if not self.as_json:
            typer.echo(visible(text))

    def section(self, heading: str, rows: Iterable[Row]) -> None:
        """Print a heading and a line for each name and value."""
        if not self.as_json:
            shown = visible(heading)
            typer.echo(typer.style(shown, bold=True) if _has_colour() else shown)
            for name, value in rows:
                self.row(f"  {name:<20}", value)

    def points(self, heading: str, points: Iterable[str]) -> None:
        """Print a heading and a line or more for each point."""
        self.section(heading, ())
        for point in points:
            self.row("", point, indent=2)

    def row(self, name: str, value: str, *, indent: int = 22) -> None:
        """Print a name and what belongs to it, whose further lines begin where it begins."""
        if not self.as_json:
            label = f"{visible(name):<{indent}}"
            typer.echo(wrapped(f"{label}{value}".rstrip(), indent=indent))

    def answer(self, told: Mapping[str, Any]) -> None:
        """Print what a machine gets; people got the same in words."""
        if self.as_json:
            # DEL is the only control character that json.dumps does not escape.
            typer.echo(json.dumps(told, default=_plain).replace("\x7f", "\\u007f"))

    def confirms(self, question: str, *, yes: bool) -> bool:
        """Return whether the person confirms, or has given --yes.

        With --json, and without a terminal, nobody is asked: that is a no.
        """
        if yes or not self.can_ask:
            return yes
        return typer.confirm(visible(question))

    @property
    def can_ask(self) -> bool:
        """Whether a question would reach a person: on a terminal, and without --json."""
        return not self.as_json and sys.stdin.isatty()

    def show_unchanged(self, what: str = "nothing was changed") -> None:
        """Print that a command changed nothing; --yes is named only where nobody was asked."""
        self.say(what if self.can_ask else f"{what}: give --yes to confirm without a terminal")

    @contextmanager
    def bar(self, doing: str, *, unit: str = "") -> Iterator[Advance]:
        """Show the progress of something, with rate and time left, once it takes over two seconds.

        What is yielded takes the amount that is done, and the total or None where it is unknown.
        Nothing is shown where stderr is not a terminal.
        """
        if self.as_json or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from ringvault_cli.terminal.bar import moving_bar

        with moving_bar(visible(doing), unit=visible(unit)) as advance:
            yield advance


@contextmanager
def screen(*, as_json: bool, command: str = "ringvault") -> Iterator[Screen]:
    """Yield where a command prints, and turn what it raises into a message and an exit status.

    `command` is the command as it was typed, such as `ringvault hold add`.
    """
    shown = Screen(as_json=as_json)
    try:
        yield shown
    except RingvaultError as error:
        status, problem, advice = exit_status_of(error), str(error), next_step(error, command)
    except KeyboardInterrupt:
        status, problem = ExitStatus.INTERRUPTED, "interrupted"
        advice = "completed work is kept; the same command goes on from there"
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        raise  # the reader has closed the pipe; click ends without a message
    except Exception as error:  # noqa: BLE001 - a person gets no traceback, whatever happens
        status, problem = ExitStatus.WRONG, f"internal error: {_place_of(error)}"
        advice = "report this line; completed work is kept"
    else:
        return
    if as_json:
        shown.answer({"error": problem, "advice": advice, "exit_status": int(status)})
    else:
        show_problem(problem, advice)
    raise typer.Exit(int(status))


def show_problem(problem: str, advice: str) -> None:
    """Print on stderr what is wrong, and the next step."""
    typer.echo(wrapped(f"ringvault: {problem}", indent=2), err=True)
    typer.echo(wrapped(f"  next: {advice}", indent=4), err=True)


def next_step(error: RingvaultError, command: str) -> str:
    """Return the error's own hint, or what follows from its kind."""
    if error.hint:
        return error.hint
    if isinstance(error, InvalidRequestError):
        return see_help(command)
    if isinstance(error, TransientError):
        return "try again in a few minutes; if it fails again, see docs/operations/README.md"
    return "see docs/operations/README.md"


def see_help(command: str) -> str:
    """Return where the options of a command are explained."""
    return f"see `{command} --help`"


def ended(status: ExitStatus) -> None:
    """End the command with a status, once everything is printed."""
    if status is not ExitStatus.OK:
        raise typer.Exit(int(status))


def wrapped(text: str, *, indent: int = 0) -> str:
    """Return the text broken between words at 80 columns; a longer word stays whole.

    What can't be printed is escaped, a line end in the text too.
    """
    from textwrap import TextWrapper

    wrapper = TextWrapper(
        WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
    return wrapper.fill(visible(text))


def instant(value: datetime | None) -> str:
    """Return `2026-10-01 12:58 UTC`, or none."""
    return "none" if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def how_many(number: int, one: str, many: str = "") -> str:
    """Return `1 request` or `2,000 requests`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _plain(value: object) -> str:
    return format_instant(value) if isinstance(value, datetime) else str(value)


def _has_colour() -> bool:
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _place_of(error: Exception) -> str:
    """Return type and place of an error, and never its text: that may hold anything."""
    from traceback import extract_tb

    *_, frame = extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
