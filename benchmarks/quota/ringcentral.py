"""RingCentral in memory: the simulator's windows behind a network, and a client like ours."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from benchmarks.quota.counts import Counts
from local.ringcentral.account.options import Quota
from local.ringcentral.limits.sliding_window import SlidingWindow, Verdict
from ringvault.core.archiving.recording_stream import MediaResponse
from ringvault.core.errors import ThrottledError
from ringvault.core.instants import Clock, format_instant
from ringvault.core.quota.gate import QuotaGate, Turn
from ringvault.core.quota.window import GUARD, HEAVY_WINDOW
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Span

# One way to RingCentral, or back, if the window is a minute.
MIN_TRAVEL_S, MAX_TRAVEL_S = 0.005, 0.400
PER_PAGE = 250
# A WAV header and no sound.
WAV = (
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0"
)
MEDIA = "https://media.invalid/restapi/v1.0/account/1/recording"


def travel_s(random: Callable[[], float], *, window_s: float) -> float:
    """Return how long one way takes, scaled with the window."""
    return (MIN_TRAVEL_S + random() * (MAX_TRAVEL_S - MIN_TRAVEL_S)) * window_s / 60


class Server:
    """Counts what arrives for each service user."""

    def __init__(self, users: Iterable[str], quota: Quota, counts: Counts) -> None:
        self._windows = {user: SlidingWindow(quota) for user in users}
        self._counts = counts
        self.granted_at_s: list[float] = []

    def request(self, user: str, *, now_s: float) -> Verdict:
        """Grant or refuse a request that arrives now."""
        verdict = self._windows[user].request(now_s=now_s)
        if verdict.granted:
            self._counts.granted += 1
            self.granted_at_s.append(now_s)
        else:
            self._counts.throttled += 1
            self._counts.wasted += verdict.in_penalty
        return verdict


class Pages(Protocol):
    """A call log without the network before it."""

    def first_page(self, span: Span) -> CallLogPage:
        """Return the first records of the span."""

    def next_page(self, uri: str) -> CallLogPage:
        """Return the page that another gave as its next."""


@dataclass(frozen=True, slots=True)
class CallLog:
    """`calls` recorded calls, evenly spread over the time from `from_at` to `to_at`."""

    calls: int
    from_at: datetime
    to_at: datetime

    def first_page(self, span: Span) -> CallLogPage:
        """Return the first records of the span."""
        first = max(0, self._number(span.from_at))
        return self._page(first, min(self.calls, self._number(span.to_at)))

    def next_page(self, uri: str) -> CallLogPage:
        """Return the page that another gave as its next."""
        return self._page(*map(int, uri.split()))

    def _page(self, first: int, end: int) -> CallLogPage:
        after = min(end, first + PER_PAGE)
        records = [self._record(number) for number in range(first, after)]
        return CallLogPage(records, f"{after} {end}" if after < end else None)

    def _number(self, at: datetime) -> int:
        """Return the number of the first call that does not start before `at`."""
        return -((self.from_at - at) // self._spacing)

    @property
    def _spacing(self) -> timedelta:
        return (self.to_at - self.from_at) / self.calls

    def _record(self, number: int) -> Mapping[str, Any]:
        started_at = self.from_at + number * self._spacing
        return record(str(number), started_at)


def record(recording_id: str, started_at: datetime) -> Mapping[str, Any]:
    """Return a call-log record with the fields that the archiver needs."""
    uri = f"{MEDIA}/{recording_id}"
    return {
        "id": recording_id,
        "startTime": format_instant(started_at),
        "duration": 0,
        "recording": {"id": recording_id, "uri": uri, "contentUri": f"{uri}/content"},
    }


class Client:
    """Waits for the turn, sends, learns and closes as `RingCentralClient` does."""

    def __init__(
        self,
        gate: QuotaGate,
        *,
        quota: Quota,
        send: Callable[[str], tuple[Verdict, datetime]],
        clock: Clock,
        counts: Counts,
        call_log: Pages | None = None,
    ) -> None:
        """Send through the gate; `send` returns the answer, and when the request arrived."""
        self._gate = gate
        self._quota = quota
        self._carry = send
        self._clock = clock
        self._counts = counts
        self._call_log = call_log
        self.waited_s = 0.0

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:  # noqa: ARG002 - every recording is the same
        """Return a recording."""
        self._send(turn)
        return MediaResponse(0, len(WAV), "audio/wav", iter([WAV]))

    def first_page(self, span: Span, turn: Turn) -> CallLogPage:
        """Return the first page of the span's calls."""
        self._counts.listed_pages += 1
        self._send(turn)
        return self._listed().first_page(span)

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        """Return the page that another gave as its next."""
        self._counts.listed_pages += 1
        self._send(turn)
        return self._listed().next_page(uri)

    def retention(self, turn: Turn) -> Retention:  # noqa: ARG002 - counted in another group
        """Return RingCentral's default."""
        return Retention()

    def _listed(self) -> Pages:
        if self._call_log is None:
            raise LookupError("this client was given no call log")
        return self._call_log

    def _send(self, turn: Turn) -> None:
        asked_at = self._clock()
        ready = self._gate.wait(turn)
        self.waited_s += (self._clock() - asked_at).total_seconds()
        verdict, arrived_at = self._carry(ready.service_user)
        window = timedelta(seconds=self._quota.window_s)
        self._counts.late += arrived_at - ready.at > _latest_arrival(window)
        self._gate.learn(ready, limit=self._quota.limit, window=window, remaining=verdict.remaining)
        if not verdict.granted:
            retry_at = self._clock() + timedelta(seconds=verdict.retry_after_s)
            self._gate.close(ready.service_user, retry_at)
            raise ThrottledError("429", retry_at=retry_at)


def _latest_arrival(window: timedelta) -> timedelta:
    """Return how long after its turn a request may arrive at most, according to the guard."""
    return (GUARD + timedelta(seconds=MIN_TRAVEL_S)) * (window / HEAVY_WINDOW)
