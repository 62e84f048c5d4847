"""RingCentral's request quota as a value: an exact sliding window and a gate.

RingCentral counts requests for each (user, app) and group over a sliding window, and a request
sent during the penalty restarts the penalty: so a turn is reserved before a request is sent, and
a 429 closes the gate for all containers.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# Heavy: 10 requests in 60 s for each user and app, until the response headers say otherwise.
HEAVY_LIMIT = 10
HEAVY_WINDOW = timedelta(seconds=60)
# Auth: 5 sign-ins in 60 s for each user and app.
AUTH_LIMIT = 5

# The limits for values in headers. RingCentral documents 50 requests in 60 s at most for a
# user and group, and allows each address no more than 20 in a second: a larger limit is useless.
MAX_LIMIT = 1_000
MAX_WINDOW = timedelta(hours=1)
# No wait that RingCentral documents is near a day.
MAX_CLOSING = timedelta(days=1)
# One window of turns that were sent, and one of turns reserved ahead: 20 KB of an item's 400 KB.
MAX_TURNS = 2 * MAX_LIMIT

# A request is counted when it arrives. The request that leaves the window and its successor
# may have travelled 400 ms and 5 ms: without a guard the second would come too early.
GUARD = timedelta(milliseconds=500)

# RingCentral asks for at least 30 s if a 429 names no time (its rate-limit guide).
MIN_PENALTY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Quota:
    """The turns that still count, in order, and the gate.

    A turn may be in the future: then it is reserved. `closings` counts how often
    the gate was closed: a turn reserved before the last time is void.
    """

    limit: int = HEAVY_LIMIT
    window: timedelta = HEAVY_WINDOW
    guard: timedelta = GUARD
    turns: tuple[datetime, ...] = ()
    closed_until: datetime | None = None
    closings: int = 0

    def next_turn(self, now: datetime) -> datetime:
        """Return the earliest instant for one more request."""
        earliest = now
        if (closed_until := self._believable_closing(now)) is not None:
            earliest = max(earliest, closed_until)
        if self.turns:
            earliest = max(earliest, self.turns[-1])
        if len(self.turns) >= self.limit:
            earliest = max(earliest, self.turns[-self.limit] + self.window + self.guard)
        return earliest

    def reserved(self, turn: datetime, now: datetime) -> "Quota":
        """Return the quota with `turn`, a result of `next_turn`, taken."""
        turns = (*self.turns, turn)
        forgotten = now - self.window - self.guard
        kept = [old for old in turns[: -self.limit] if old >= forgotten]
        return replace(self, turns=(*kept, *turns[-self.limit :])[-MAX_TURNS:])

    def is_open(self, now: datetime, *, since_closing: int) -> bool:
        """Whether a turn that was reserved after that many closings may be used."""
        closed_until = self._believable_closing(now)
        is_closed = closed_until is not None and now < closed_until
        return not is_closed and self.closings == since_closing

    def closed(self, until: datetime, now: datetime) -> "Quota":
        """Return the quota with the gate closed for MAX_CLOSING at most.

        A gate that was closed for longer stays so.
        Turns that were reserved for later are free again: their holders reserve again.
        """
        until = min(until, now + MAX_CLOSING)
        if (closed_until := self._believable_closing(now)) is not None:
            until = max(until, closed_until)
        kept = tuple(turn for turn in self.turns if turn <= now)
        return replace(self, turns=kept, closed_until=until, closings=self.closings + 1)

    def with_limit(self, limit: int, window: timedelta) -> "Quota":
        """Return the quota with the limit and window of response headers.

        A limit counts as MAX_LIMIT at most; a limit or window out of bounds changes nothing.
        """
        if limit < 1 or not timedelta(0) < window <= MAX_WINDOW:
            return self
        return replace(self, limit=min(limit, MAX_LIMIT), window=window)

    def believing(self, remaining: int, *, sent_at: datetime, now: datetime) -> "Quota":
        """Return the quota after an answer with `remaining` to a request of `sent_at`.

        If that is less than expected, another program uses the same user and app: the difference
        counts as sent just now, up to MAX_LIMIT. Requests of ours that overtook this one do not
        count.
        """
        since = sent_at - self.window - self.guard
        ours = sum(1 for turn in self.turns if since < turn <= now)
        theirs = min(self.limit, MAX_LIMIT) - ours - remaining
        if theirs <= 0:
            return self
        past = [turn for turn in self.turns if turn <= now]
        turns = (*past, *[now] * theirs, *self.turns[len(past) :])
        return replace(self, turns=turns[-MAX_TURNS:])

    def requests_in(self, period: timedelta) -> float:
        """Return how many requests the quota permits in `period`."""
        return self.limit * (period / self.window)

    def _believable_closing(self, now: datetime) -> datetime | None:
        """Return until when the gate is closed, None if that is later than any valid closing.

        The limit is twice MAX_CLOSING, since the clock of the other container may be ahead.
        """
        if self.closed_until is None or self.closed_until > now + 2 * MAX_CLOSING:
            return None
        return self.closed_until
