"""Reads that end, on pretended time: no bytes that keep coming prolong them."""

import io

import pytest

from ringvault.adapters.ringcentral.bounded_answers import (
    ANSWER_TIMEOUTS,
    MAX_BODY_S,
    BoundedReader,
    TimeLimits,
)

TIMEOUT_S = 20.0


class Clock:
    """A monotonic clock that tests move."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Drip(io.RawIOBase):
    """One byte a read, each of which takes `every_s`."""

    def __init__(self, clock: Clock, *, every_s: float) -> None:
        super().__init__()
        self._clock = clock
        self._every_s = every_s

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override] # of a plain test
        """Put one byte into the buffer."""
        self._clock.now_s += self._every_s
        buffer[0] = ord(" ")
        return 1


class Socket:
    """A timeout, and nothing to read."""

    def __init__(self) -> None:
        self.timeout_s: float | None = TIMEOUT_S

    def gettimeout(self) -> float | None:
        """Return the timeout."""
        return self.timeout_s

    def settimeout(self, value: float | None, /) -> None:
        """Change the timeout."""
        self.timeout_s = value


def seconds_read(reader: BoundedReader, clock: Clock) -> float:
    """Read until the reader gives up; return how long that took."""
    began_s = clock()
    with pytest.raises(TimeoutError):
        reader.readall()
    return clock() - began_s


def test_an_answer_ends_after_three_timeouts() -> None:
    """However many bytes come, one a second."""
    clock = Clock()
    reader = BoundedReader(Drip(clock, every_s=1), Socket(), limits=TimeLimits(clock))

    assert seconds_read(reader, clock) == ANSWER_TIMEOUTS * TIMEOUT_S


def test_no_wait_is_longer_than_what_is_left() -> None:
    """The last wait for bytes ends with the time, not one timeout later."""
    clock = Clock()
    sock = Socket()
    reader = BoundedReader(Drip(clock, every_s=19), sock, limits=TimeLimits(clock))
    waits = []
    for _ in range(4):
        reader.readinto(bytearray(10))
        waits.append(sock.gettimeout())

    assert waits == [20, 20, 20, 3]


def test_a_recording_may_take_longer() -> None:
    """As long as the longest invocation, from when its body is read."""
    clock = Clock()
    reader = BoundedReader(Drip(clock, every_s=1), Socket(), limits=TimeLimits(clock))
    reader.extend()

    assert seconds_read(reader, clock) == MAX_BODY_S


@pytest.mark.parametrize("is_recording", [True, False])
def test_nothing_is_read_beyond_the_end_of_the_invocation(*, is_recording: bool) -> None:
    """Its end comes before any other."""
    clock = Clock()
    limits = TimeLimits(clock)
    limits.end_in(7)
    reader = BoundedReader(Drip(clock, every_s=1), Socket(), limits=limits)
    if is_recording:
        reader.extend()

    assert not limits.is_over
    assert seconds_read(reader, clock) == 7
    assert limits.is_over
    limits.end_in(7)
    assert not limits.is_over
