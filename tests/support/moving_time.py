"""A clock for tests, which sleeping moves."""

import threading
from datetime import UTC, datetime, timedelta


class MovingTime:
    """An instant that moves only when somebody sleeps, in any thread; starts at the real one."""

    def __init__(self) -> None:
        # Whole milliseconds, as everything that is stored.
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._lock = threading.Lock()
        self.slept_s = 0.0

    def __call__(self) -> datetime:
        """Return the instant."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self.slept_s += seconds
