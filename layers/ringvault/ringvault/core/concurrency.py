"""Several things done at the same time, by whoever has threads."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class AtOnce(Protocol):
    """Like `map`, with a bounded number of them at work."""

    def __call__(self, do: Callable[[T], R], things: Iterable[T], /) -> Sequence[R]:
        """Return what `do` returns for each, in order; raises what one of them raised."""
