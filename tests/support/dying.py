"""Processes that die between two steps."""

from typing import Any


class DiedError(Exception):
    """The process is gone."""


class Dying:
    """Passes calls on, and dies at one of them: before it is done, or after."""

    def __init__(self, inner: Any, left: list[int], *, after: bool) -> None:
        self._inner, self._left, self._after = inner, left, after

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self._left[0] -= 1
            if self._left[0] == 0 and not self._after:
                raise DiedError
            answer = getattr(self._inner, name)(*arguments, **named)
            if self._left[0] == 0:
                raise DiedError
            return answer

        return call
