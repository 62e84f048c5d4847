"""The travel time of requests and answers."""

import random
import threading
import time


class Latency:
    """Gives each way a random time, evenly distributed; safe to use from several threads.

    `between_ms` is the shortest and the longest; None takes no time.
    """

    def __init__(self, between_ms: tuple[float, float] | None, *, seed: int) -> None:
        self._between_ms = between_ms
        self._draw = random.Random(seed)  # noqa: S311 - no secret
        self._lock = threading.Lock()

    def travel(self) -> None:
        """Wait for the time of one way, in real time."""
        if self._between_ms is None:
            return
        with self._lock:
            way_ms = self._draw.uniform(*self._between_ms)
        time.sleep(way_ms / 1_000)
