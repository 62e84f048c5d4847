"""An at-least-once queue: unacknowledged messages come back, and some come twice."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.quota.stores import MemoryQueue
from ringvault.core.instants import Clock

# As in template.yaml.
VISIBILITY_TIMEOUT = timedelta(seconds=5400)
KEPT_FOR = timedelta(days=4)
MAX_RECEIVES = 5
TWICE_IN_HUNDRED = 1.0


class AtLeastOnceQueue(MemoryQueue):
    """Ids with receive counts; `dead` are those that were received too often."""

    def __init__(self, clock: Clock, *, random: Callable[[], float]) -> None:
        """Deliver some twice, chosen by `random`."""
        super().__init__(clock)
        self._random = random
        self._sent_at: dict[int, datetime] = {}
        self._receives: dict[int, int] = {}
        self._unacknowledged: list[tuple[datetime, int, str]] = []
        self._acknowledged: set[int] = set()
        self.dead: list[str] = []
        self.expired = 0

    def depth(self) -> tuple[int, int]:
        """Return how many wait and how many are in flight."""
        self._return_unacknowledged()
        return len(self._messages), self.in_flight

    def send_back(self, recording_id: str, *, delay: timedelta) -> None:
        """Queue one, sometimes twice."""
        super().send_back(recording_id, delay=delay)
        self._sent_at[self._sent] = self._clock()
        if self._random() * 100 < TWICE_IN_HUNDRED:
            super().send_back(recording_id, delay=delay)
            self._sent_at[self._sent] = self._clock()

    def take(self) -> tuple[int, str] | None:
        """Return the next message and its handle, None if there is none now."""
        self._return_unacknowledged()
        now = self._clock()
        while self._messages and self._messages[0][0] <= now:
            _, handle, recording_id = heapq.heappop(self._messages)
            if now - self._sent_at[handle] > KEPT_FOR:
                self.expired += 1
                continue
            self._receives[handle] = self._receives.get(handle, 0) + 1
            if self._receives[handle] > MAX_RECEIVES:
                self.dead.append(recording_id)
                continue
            self.in_flight += 1
            heapq.heappush(self._unacknowledged, (now + VISIBILITY_TIMEOUT, handle, recording_id))
            return handle, recording_id
        return None

    def acknowledge(self, handle: int) -> None:
        """Delete the message, unless its visibility timeout was over."""
        if handle in self._acknowledged:
            return
        self._acknowledged.add(handle)
        self.in_flight -= 1

    def _return_unacknowledged(self) -> None:
        now = self._clock()
        while self._unacknowledged and self._unacknowledged[0][0] <= now:
            _, handle, recording_id = heapq.heappop(self._unacknowledged)
            if handle not in self._acknowledged:
                self.in_flight -= 1
                heapq.heappush(self._messages, (now, handle, recording_id))
