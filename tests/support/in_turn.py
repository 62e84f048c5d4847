"""One thing after the other, where the adapters have threads."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_turn(do: Callable[[T], R], things: Iterable[T]) -> Sequence[R]:
    """Return what `do` returns for each."""
    return [do(it) for it in things]
