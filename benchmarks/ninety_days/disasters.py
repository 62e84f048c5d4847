"""Disasters: outages, and crashes between any two steps."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar, cast

Part = TypeVar("Part")

# An invocation has about so many external steps; it dies at one of them.
STEPS = 40


class KilledError(BaseException):
    """The container was killed at this step; no code under test may catch it."""


@dataclass(frozen=True, slots=True)
class Outage:
    """From one second of the run to another."""

    from_s: float
    to_s: float

    def left_s(self, now_s: float) -> float:
        """Return how long it still lasts, 0 if it is over or has not begun."""
        return self.to_s - now_s if self.from_s <= now_s < self.to_s else 0.0


class Fate:
    """Decides for each invocation whether and where it dies."""

    def __init__(self, random: Random, *, deaths_in_thousand: float) -> None:
        self._random = random
        self._deaths_in_thousand = deaths_in_thousand
        self._steps_left = -1

    def begin(self) -> None:
        """Begin another invocation."""
        dies = self._random.random() * 1000 < self._deaths_in_thousand
        self._steps_left = self._random.randint(1, STEPS) if dies else -1

    def step(self) -> None:
        """Continue, or die."""
        self._steps_left -= 1
        if self._steps_left == 0:
            raise KilledError


def mortal(part: Part, step: Callable[[], None]) -> Part:
    """Return `part`, each of whose calls may be the last one done, or the first not done."""
    return cast("Part", _Mortal(part, step))


class _Mortal:
    def __init__(self, part: object, step: Callable[[], None]) -> None:
        self._part = part
        self._step = step

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the part has
        call = getattr(self._part, name)

        def stepped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the call takes
            self._step()
            result = call(*args, **kwargs)
            self._step()
            return result

        return stepped
