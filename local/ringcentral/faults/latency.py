"""How long requests and answers travel."""

import random
import threading
import time


class Latency:
    """Lets each way take a time of its own, drawn evenly; safe to use from several threads.

    `between_ms` is the shortest and the longest; None takes no time.
    """

    def __init__(self, between_ms: tuple[float, float] | None, *, seed: int) -> None:
        self._between_ms = between_ms
        self._draw = random.Random(seed)  # noqa: S311 - no secret
        self._lock = threading.Lock()

    def travel(self) -> None:
        """Return when one way is over, in real time."""
        if self._between_ms is None:
            return
        with self._lock:
            way_ms = self._draw.uniform(*self._between_ms)
        time.sleep(way_ms / 1_000)
