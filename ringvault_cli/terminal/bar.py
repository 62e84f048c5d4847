"""A bar that shows rate and time left, on stderr, once something takes over two seconds."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_SHOWN_AFTER_S = 2.0


@contextmanager
def moving_bar(doing: str, *, unit: str) -> Iterator[Callable[[float, float | None], None]]:
    """Yield what moves the bar: how much is done, and how much there is if that is known."""
    console = Console(stderr=True, highlight=False)
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[told]}"))
    bar = Progress(*columns, rate, TimeRemainingColumn(), console=console, transient=True)
    task = bar.add_task(doing, total=None, told="", rate="")
    began_s = time.monotonic()

    # By a timer, since the first step may take minutes.
    timer = threading.Timer(_SHOWN_AFTER_S, bar.start)
    timer.start()

    def advance(done: float, total: float | None) -> None:
        elapsed_s = time.monotonic() - began_s
        _move(bar, task, done=done, total=total, elapsed_s=elapsed_s, unit=unit)

    try:
        yield advance
    finally:
        timer.cancel()
        timer.join()
        bar.stop()


def _move(
    bar: Progress, task: TaskID, *, done: float, total: float | None, elapsed_s: float, unit: str
) -> None:
    told = f"{done:,.0f} of {total:,.0f}" if total is not None else f"{done:,.0f}"
    rate = f"{done / elapsed_s:,.1f} {unit}/s" if elapsed_s > 0 else ""
    bar.update(task, completed=done, total=total, told=told, rate=rate)
