"""RingCentral's request quota as a pure value: an exact sliding window and a gate.

RingCentral counts requests for each (user, app) and group over a sliding window, and a request
sent during the penalty restarts the penalty: so a turn is reserved before a request is sent, and
a 429 closes the gate for everybody.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# Heavy: 10 requests in 60 s for each user and app, until the response headers say otherwise.
HEAVY_LIMIT = 10
HEAVY_WINDOW = timedelta(seconds=60)
# Auth: 5 sign-ins in 60 s for each user and app.
AUTH_LIMIT = 5

# A request is counted when it arrives. The request that leaves the window and the one that takes
# its place may have travelled 400 ms and 5 ms: without a guard the second would come too early.
GUARD = timedelta(milliseconds=500)

# RingCentral asks for 30 s at least where a 429 names no time (its rate-limit guide).
LEAST_PENALTY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Quota:
    """The turns that still count, in order, and the gate.

    A turn may lie in the future: it is reserved for whoever took it. `closings` counts how often
    the gate was closed: a turn reserved before the last time is void.
    """

    limit: int = HEAVY_LIMIT
    window: timedelta = HEAVY_WINDOW
    guard: timedelta = GUARD
    turns: tuple[datetime, ...] = ()
    closed_until: datetime | None = None
    closings: int = 0

    def next_turn(self, now: datetime) -> datetime:
        """Return the earliest instant at which one more request may be sent."""
        earliest = now
        if self.closed_until is not None:
            earliest = max(earliest, self.closed_until)
        if self.turns:
            earliest = max(earliest, self.turns[-1])
        if len(self.turns) >= self.limit:
            earliest = max(earliest, self.turns[-self.limit] + self.window + self.guard)
        return earliest

    def reserved(self, turn: datetime, now: datetime) -> "Quota":
        """Return the quota with `turn`, which came from `next_turn`, taken."""
        turns = (*self.turns, turn)
        forgotten = now - self.window - self.guard
        kept = [old for old in turns[: -self.limit] if old >= forgotten]
        return replace(self, turns=(*kept, *turns[-self.limit :]))

    def is_open(self, now: datetime, *, since_closing: int) -> bool:
        """Whether a turn that was reserved after that many closings may be used."""
        is_closed = self.closed_until is not None and now < self.closed_until
        return not is_closed and self.closings == since_closing

    def closed(self, until: datetime, now: datetime) -> "Quota":
        """Return the quota with the gate closed, never for less long than it was.

        Turns that were reserved for later are free again: who holds one asks anew.
        """
        if self.closed_until is not None:
            until = max(until, self.closed_until)
        kept = tuple(turn for turn in self.turns if turn <= now)
        return replace(self, turns=kept, closed_until=until, closings=self.closings + 1)

    def with_limit(self, limit: int, window: timedelta) -> "Quota":
        """Return the quota with what the response headers taught."""
        return replace(self, limit=limit, window=window)

    def believing(self, remaining: int, *, sent_at: datetime, now: datetime) -> "Quota":
        """Return the quota when an answer to a request of `sent_at` said that `remaining` are left.

        Where that is less than we think, somebody else uses the same user and app: what is missing
        counts as sent just now. Requests of ours that overtook this one are no reason.
        """
        since = sent_at - self.window - self.guard
        ours = sum(1 for turn in self.turns if since < turn <= now)
        theirs = self.limit - ours - remaining
        if theirs <= 0:
            return self
        past = [turn for turn in self.turns if turn <= now]
        return replace(self, turns=(*past, *[now] * theirs, *self.turns[len(past) :]))

    def requests_in(self, period: timedelta) -> float:
        """Return how many requests the quota permits in `period`."""
        return self.limit * (period / self.window)
