"""The display of a run: a bar on a terminal, lines elsewhere, nothing with --json."""

import sys
import time
from typing import Protocol

from rich import filesize
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.up.stored import Tally
from local.up.summary import Summary
from ringvault_cli.terminal.visible import visible

_LINE_EVERY_S = 2.0
# Labels for fields whose names are not clear.
_LABELS = {
    "missing": "missing from the vault",
    "differing": "not what RingCentral served",
    "unexpected": "in the vault, no recording's",
    "open_uploads": "unfinished uploads",
    "bytes": "size",
    "requests": "requests to RingCentral",
    "throttled": "answered with 429",
    "unreconciled": "missing or unexpected by reconciliation",
    "seconds": "time",
}


class Screen(Protocol):
    """The display of a run."""

    def say(self, text: str) -> None:
        """Show one line."""

    def progress(self, tally: Tally) -> None:
        """Show the progress of the run."""

    def table(self, summary: Summary) -> None:
        """Show the result of the run."""

    def close(self) -> None:
        """Restore the terminal."""


def screen_for(*, json: bool) -> Screen:
    """Return the screen for the options and the terminal."""
    if json:
        return Silence()
    return Terminal() if sys.stdout.isatty() else Lines()


class Silence:
    """Shows nothing: the JSON line is for a machine."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def progress(self, tally: Tally) -> None:
        """Show nothing."""

    def table(self, summary: Summary) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Leave nothing behind."""


class Lines:
    """Plain lines, a few seconds apart."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._shown = ""

    def say(self, text: str) -> None:
        """Show one line."""
        print(visible(text), flush=True)

    def progress(self, tally: Tally) -> None:
        """Show the progress of the run, unless it was just shown."""
        now = time.monotonic()
        archived = tally.states["ARCHIVED"]
        line = f"{archived} of {tally.listed} archived, {_size(tally.archived_bytes)}"
        if tally.listed and line != self._shown and now - self._shown_at >= _LINE_EVERY_S:
            self._shown_at, self._shown = now, line
            self.say(line)

    def table(self, summary: Summary) -> None:
        """Show the result of the run, a line for each value."""
        for name, value in _rows(summary):
            self.say(f"{name:<40}{value:>14}")

    def close(self) -> None:
        """Leave nothing behind."""


class Terminal:
    """A bar that moves, and a table at the end."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, width=min(80, Console().width))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        size = TextColumn("{task.fields[size]}")
        self._bar = Progress(*columns, size, TimeElapsedColumn(), console=self._console)
        self._task = self._bar.add_task("archived", total=None, size="")

    def say(self, text: str) -> None:
        """Show one line above the bar; never broken, so that an address can be clicked."""
        self._console.print(visible(text), soft_wrap=True, markup=False)

    def progress(self, tally: Tally) -> None:
        """Move the bar, once a total is known: an empty total would look full."""
        if not tally.listed:
            return
        self._bar.start()
        self._bar.update(
            self._task,
            total=tally.listed,
            completed=tally.listed - tally.open,
            size=_size(tally.archived_bytes),
        )

    def table(self, summary: Summary) -> None:
        """End the bar and show a table."""
        self._bar.stop()
        table = Table(show_header=False)
        table.add_column(style="bold")
        table.add_column(justify="right")
        for name, value in _rows(summary):
            table.add_row(name, value)
        self._console.print(table)

    def close(self) -> None:
        """Stop the bar, so that the cursor is restored."""
        self._bar.stop()


def _rows(summary: Summary) -> list[tuple[str, str]]:
    values = summary.as_json() | {"bytes": _size(summary.bytes), "seconds": f"{summary.seconds} s"}
    return [
        (_LABELS.get(name, name), visible(str(value)))
        for name, value in values.items()
        if value is not None
    ]


def _size(size_bytes: int) -> str:
    return filesize.decimal(size_bytes)
