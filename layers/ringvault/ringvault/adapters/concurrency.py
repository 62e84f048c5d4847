"""Waits for many answers of AWS at the same time."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# An answer of S3 takes about 20 ms: eight at a time measure a busy day of 10,000 recordings in
# half a minute, and stay below the ten connections that a client keeps.
AT_A_TIME = 8


def at_once(do: Callable[[T], R], things: Iterable[T]) -> Sequence[R]:
    """Return what `do` returns for each, in order, AT_A_TIME of them at work.

    Raises what the first of them raised, after those at work have ended; the others never begin.
    """
    executor = ThreadPoolExecutor(AT_A_TIME)
    try:
        return list(executor.map(do, things))
    finally:
        executor.shutdown(cancel_futures=True)
