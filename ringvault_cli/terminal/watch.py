"""Looks again and again: redraws a terminal without flicker, or prints a JSON line each time."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from time import sleep
from typing import Any, TypeVar

import typer

from ringvault_cli.terminal.screen import Screen

Found = TypeVar("Found")
# A screen of its own without a cursor, and back; home; what is left of a line, and of the screen.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _LINE_ENDS, _SCREEN_ENDS = "\x1b[H", "\x1b[K\n", "\x1b[J"


def watch(
    look: Callable[[], Found],
    *,
    every_s: float,
    show: Callable[[Found, Screen], None],
    as_json: Callable[[Found], Mapping[str, Any]] | None,
) -> None:
    """Look every so many seconds until Ctrl-C, which is how this ends well.

    With `as_json`, and where stdout is no terminal, each look is a line of JSON; what was seen
    last stays on a terminal.
    """
    if as_json is not None:
        _until_interrupted(look, lambda found: Screen(as_json=True).answer(as_json(found)), every_s)
        return
    last = ""

    def draw(found: Found) -> None:
        nonlocal last
        last = _text(lambda: show(found, Screen(as_json=False)))
        _draw(last)

    with _own_screen():
        _until_interrupted(look, draw, every_s)
    typer.echo(last, nl=False)


def _until_interrupted(
    look: Callable[[], Found], tell: Callable[[Found], None], every_s: float
) -> None:
    try:
        while True:
            tell(look())
            sys.stdout.flush()
            sleep(every_s)
    except KeyboardInterrupt:
        return


def _draw(text: str) -> None:
    """Write the whole screen at once, line over line: nothing is blank in between."""
    lines = text.splitlines()[: shutil.get_terminal_size().lines - 1]
    frame = "".join(line + _LINE_ENDS for line in lines)
    sys.stdout.write(_HOME + frame + _SCREEN_ENDS)


def _text(show: Callable[[], None]) -> str:
    with redirect_stdout(StringIO()) as shown:
        show()
    return shown.getvalue()


@contextmanager
def _own_screen() -> Iterator[None]:
    sys.stdout.write(_ENTER)
    try:
        yield
    finally:
        sys.stdout.write(_LEAVE)
        sys.stdout.flush()
