"""A value that several containers read and change, with the number of its last change."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from ringvault.core.errors import ConflictError

# Another container saves its own value a few times a minute at most.
MAX_ATTEMPTS = 20

T = TypeVar("T")


class Versioned(Protocol[T]):
    """Where one value is stored."""

    def load(self) -> tuple[T, int]:
        """Return the value and its version; version 0 is a value that was never saved."""

    def save(self, value: T, /, *, version: int) -> int:
        """Store the value and return its version; ConflictError when `version` is not current."""


def change(store: Versioned[T], changed_from: Callable[[T], T]) -> T:
    """Store the result of `changed_from` for the newest value, and return it.

    An unchanged value is not stored. After an error of `changed_from` the value is as before.

    Raises:
        ConflictError: another container saved first, `MAX_ATTEMPTS` times; nothing was changed.
    """
    for _ in range(MAX_ATTEMPTS):
        value, version = store.load()
        changed = changed_from(value)
        if changed == value:
            return value
        try:
            store.save(changed, version=version)
        except ConflictError:
            continue
        return changed
    raise ConflictError(
        f"another run saved first {MAX_ATTEMPTS} times",
        hint="run the same command again in a minute",
    )
