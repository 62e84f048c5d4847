"""What a command prints: text and bars for people, or one JSON object."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import typer

from ringvault.core.errors import RingvaultError
from ringvault.core.instants import format_instant
from ringvault_cli.failures import ExitStatus, advice_for, exit_status_of
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
        self._as_json = as_json

    def say(self, text: str = "") -> None:
        """Print a line, broken between words at 80 columns."""
        if not self._as_json:
            typer.echo(wrapped(text))

    def verbatim(self, text: str) -> None:
        """Print a line without breaking it, so that it can be copied."""
        if not self._as_json:
            typer.echo(visible(text))

    def section(self, heading: str, rows: Iterable[Row]) -> None:
        """Print a heading and a line for each name and value."""
        if not self._as_json:
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
        if not self._as_json:
            label = f"{visible(name):<{indent}}"
            typer.echo(wrapped(f"{label}{value}".rstrip(), indent=indent))

    def answer(self, told: Mapping[str, Any]) -> None:
        """Print what a machine gets; people got the same in words."""
        if self._as_json:
            # DEL is the only control character that json.dumps does not escape.
            typer.echo(json.dumps(told, default=_plain).replace("\x7f", "\\u007f"))

    def confirms(self, question: str, *, yes: bool) -> bool:
        """Return whether the person says yes, or has said so with --yes.

        Nobody is asked for a machine, nor where no terminal is: that is a no.
        """
        if yes or self._as_json or not sys.stdin.isatty():
            return yes
        return typer.confirm(visible(question))

    @contextmanager
    def bar(self, doing: str, *, unit: str = "") -> Iterator[Advance]:
        """Show how far something is, with rate and time left, once it takes over two seconds.

        What is yielded takes how much is done and how much there is, None where nobody knows.
        Nothing is shown where stderr is no terminal.
        """
        if self._as_json or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from ringvault_cli.terminal.bar import moving_bar

        with moving_bar(visible(doing), unit=visible(unit)) as advance:
            yield advance


@contextmanager
def screen(*, as_json: bool) -> Iterator[Screen]:
    """Yield where a command prints, and turn what it raises into words and an exit status."""
    shown = Screen(as_json=as_json)
    try:
        yield shown
    except RingvaultError as error:
        status, problem, advice = exit_status_of(error), str(error), advice_for(error)
    except KeyboardInterrupt:
        status, problem = ExitStatus.INTERRUPTED, "interrupted"
        advice = "what was done stays done; the same command goes on"
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        raise  # whoever reads has enough; click ends without a word
    except Exception as error:  # noqa: BLE001 - a person gets no traceback, whatever happens
        status, problem = ExitStatus.WRONG, f"a defect of ringvault: {_place_of(error)}"
        advice = "report this line; what was done stays done"
    else:
        return
    if as_json:
        shown.answer({"error": problem, "advice": advice, "exit_status": int(status)})
    else:
        typer.echo(wrapped(f"ringvault: {problem}", indent=2), err=True)
        typer.echo(wrapped(f"  next: {advice}", indent=2), err=True)
    raise typer.Exit(int(status))


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
