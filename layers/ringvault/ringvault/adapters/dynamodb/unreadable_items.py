"""Reads many catalogue items, each by itself: what can't be read costs no other."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ringvault.adapters.dynamodb.item import Attributes, read_safely
from ringvault.core.errors import UnreadableItemError

# So many are named; a catalogue of which more is damaged needs a restore, not a list.
MAX_NAMED = 1_000

T = TypeVar("T")


class UnreadableItems:
    """Passes over what can't be read, and keeps who that was until it is asked for."""

    def __init__(self) -> None:
        self._met: dict[str | None, UnreadableItemError] = {}

    def readable(self, found: Iterable[Attributes], read: Callable[[Attributes], T]) -> Iterator[T]:
        """Yield what `read` makes of each, without those it can't."""
        for attributes in found:
            try:
                yield read_safely(read, attributes)
            except UnreadableItemError as error:
                if len(self._met) < MAX_NAMED:
                    self._met[error.recording_id] = error

    def take(self) -> tuple[UnreadableItemError, ...]:
        """Return those that were met since the last call, each once."""
        met, self._met = tuple(self._met.values()), {}
        return met
