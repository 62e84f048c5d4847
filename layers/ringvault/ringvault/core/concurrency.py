"""The port for doing several things at the same time."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class AtOnce(Protocol):
    """Like `map`, with a bounded number of them at work."""

    def __call__(self, do: Callable[[T], R], things: Iterable[T], /) -> Sequence[R]:
        """Return the results of `do`, in order; raises the error of one of them."""
