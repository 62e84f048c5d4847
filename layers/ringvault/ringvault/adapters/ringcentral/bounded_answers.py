"""HTTP answers with a deadline: no read of the socket goes beyond an instant of the clock.

A socket's timeout limits one wait for bytes. A server that sends a byte before each timeout could
hold a caller forever: in the status line, headers, 1xx answers and bodies.
"""

import io
import math
import socket
from collections.abc import Callable
from functools import partial
from http.client import HTTPResponse
from typing import Any, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MonotonicClock = Callable[[], float]

# An answer without audio: the first byte may take one timeout, the rest two more.
ANSWER_TIMEOUTS = 3
# No Lambda invocation lasts longer, and the largest recordings take minutes.
MAX_BODY_S = 900.0


class TimeLimits:
    """The deadline of reads, in seconds of the monotonic clock."""

    def __init__(self, clock: MonotonicClock) -> None:
        """Set no deadline yet: each answer has its own."""
        self._clock = clock
        self._end_s = math.inf

    def end_in(self, seconds: float) -> None:
        """Set the deadline of all reads to so many seconds from now."""
        self._end_s = self._clock() + seconds

    def after(self, seconds: float) -> float:
        """Return the instant in so many seconds, but at most the deadline of all reads."""
        return min(self._clock() + seconds, self._end_s)

    def left_until(self, instant_s: float) -> float:
        """Return the seconds until an instant; 0 or less where it has passed."""
        return instant_s - self._clock()

    @property
    def is_over(self) -> bool:
        """Whether the deadline of all reads has passed."""
        return self.left_until(self._end_s) <= 0


class Waiting(Protocol):
    """The part of a socket that sets how long a read waits for bytes."""

    def gettimeout(self) -> float | None:
        """Return the seconds; None is no limit."""

    def settimeout(self, value: float | None, /) -> None:
        """Change the seconds."""


class BoundedReader(io.RawIOBase):
    """Reads a socket until `ends_s`."""

    def __init__(self, raw: io.RawIOBase, sock: Waiting, *, limits: TimeLimits) -> None:
        """Read `raw`, which reads `sock`, for at most ANSWER_TIMEOUTS times its timeout."""
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._limits = limits
        self._wait_s = sock.gettimeout() or math.inf
        self.ends_s = limits.after(ANSWER_TIMEOUTS * self._wait_s)

    def readable(self) -> bool:
        """Whether bytes can be read: always."""
        return True

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401 - any writable buffer
        """Read the next bytes; raises TimeoutError after `ends_s`."""
        left_s = self._limits.left_until(self.ends_s)
        if left_s <= 0:
            raise TimeoutError("the answer takes too long")
        wait_s = min(self._wait_s, left_s)
        self._sock.settimeout(wait_s if math.isfinite(wait_s) else None)
        return self._raw.readinto(buffer)

    def extend(self) -> None:
        """Allow MAX_BODY_S from now, or until the deadline of all reads."""
        self.ends_s = self._limits.after(MAX_BODY_S)

    def close(self) -> None:
        """Close the socket's reader."""
        self._raw.close()
        super().close()


class BoundedAnswer(HTTPResponse):
    """An answer read by a BoundedReader, from the status line on."""

    def __init__(
        self,
        sock: socket.socket,
        *args: Any,  # noqa: ANN401 - http.client's own
        limits: TimeLimits,
        **kwargs: Any,  # noqa: ANN401 - http.client's own
    ) -> None:
        super().__init__(sock, *args, **kwargs)
        self._reader = BoundedReader(self.fp.detach(), sock, limits=limits)
        self.fp = io.BufferedReader(self._reader)

    def extend(self) -> None:
        """Allow the rest as much time as a recording may take."""
        self._reader.extend()


class BoundedAdapter(HTTPAdapter):
    """Sends the requests of a session, and limits the time of their answers."""

    def __init__(self, limits: TimeLimits) -> None:
        self._limits = limits
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own
        """Create pools whose connections limit the time of their answers."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._limits)


def extend_body(response: requests.Response) -> None:
    """Allow the body of an answer as much time as a recording may take."""
    answer = response.raw._original_response  # noqa: SLF001 - as requests itself does for cookies
    if isinstance(answer, BoundedAnswer):
        answer.extend()


def _pool_classes(limits: TimeLimits) -> dict[str, type[HTTPConnectionPool]]:
    answers: Any = partial(BoundedAnswer, limits=limits)

    class Connection(HTTPConnection):
        response_class = answers

    class SecureConnection(HTTPSConnection):
        response_class = answers

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}
