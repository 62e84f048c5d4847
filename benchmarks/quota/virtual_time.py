"""Time that passes only while all threads sleep, for synchronous code in many threads."""

import heapq
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 11, 1, tzinfo=UTC)


class StoppedError(BaseException):
    """Raised in a sleeping thread when the run is over; no code under test may catch it."""


class VirtualTime:
    """Runs one thread at a time: one that sleeps hands over to the next one that wakes.

    Threads that wake at the same instant wake in the order of falling asleep, so a run is the
    same for the same seeds.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._order = count()
        self._asleep: list[tuple[float, int, threading.Lock]] = []
        self._threads: list[threading.Thread] = []
        self._own = threading.local()
        self._is_over = threading.Lock()
        self._stopped = False
        self._fault: Exception | None = None

    def clock(self) -> datetime:
        """Return the current instant."""
        return START + timedelta(seconds=self.now_s)

    def start(self, work: Callable[[], None]) -> None:
        """Let `work` begin when everything runs."""
        wake = _locked()
        heapq.heappush(self._asleep, (self.now_s, next(self._order), wake))
        self._threads.append(threading.Thread(target=self._live, args=(work, wake), daemon=True))

    def sleep(self, seconds: float) -> None:
        """Return that much later; others run meanwhile."""
        if self._stopped:
            raise StoppedError
        wakes_s = self.now_s + max(0.0, seconds)
        if not self._asleep or self._asleep[0][0] > wakes_s:
            self.now_s = wakes_s
            return
        wake: threading.Lock = self._own.wake
        heapq.heappush(self._asleep, (wakes_s, next(self._order), wake))
        self._hand_over()
        wake.acquire()
        if self._stopped:
            raise StoppedError

    def run(self) -> None:
        """Return when all work has ended or was stopped; raises what any of it raised."""
        self._is_over.acquire()
        for thread in self._threads:
            thread.start()
        self._hand_over()
        self._is_over.acquire()
        for thread in self._threads:
            thread.join()
        if self._fault is not None:
            raise self._fault

    def stop(self) -> None:
        """End all threads at their next sleep."""
        self._stopped = True

    def _live(self, work: Callable[[], None], wake: threading.Lock) -> None:
        self._own.wake = wake
        wake.acquire()
        try:
            if not self._stopped:
                work()
        except StoppedError:
            pass
        except Exception as fault:  # noqa: BLE001 - `run` raises any error
            self._fault = self._fault or fault
            self._stopped = True
        self._hand_over()

    def _hand_over(self) -> None:
        if not self._asleep:
            self._is_over.release()
            return
        wakes_s, _, wake = heapq.heappop(self._asleep)
        self.now_s = max(self.now_s, wakes_s)
        wake.release()


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock
