"""The transfer of a body: cut, stalled and slowed down as ordered."""

import time
from collections.abc import Callable, Iterable, Iterator

_STEPS_PER_S = 20
_DRIP_S = 1.0


def cut(pieces: Iterable[bytes], *, after_bytes: int) -> Iterator[bytes]:
    """Yield the first `after_bytes` of `pieces`."""
    for piece in pieces:
        yield piece[:after_bytes]
        after_bytes -= len(piece)
        if after_bytes <= 0:
            return


def stalled(
    pieces: Iterable[bytes], *, after_bytes: int, pause: Callable[[], object]
) -> Iterator[bytes]:
    """Yield the same bytes and call `pause` once, before the byte at `after_bytes`."""
    for piece in pieces:
        if 0 <= after_bytes < len(piece):
            yield piece[:after_bytes]
            pause()
            yield piece[after_bytes:]
        else:
            yield piece
        after_bytes -= len(piece)


def dripped(
    pieces: Iterable[bytes], *, seconds: float, pause: Callable[[float], object]
) -> Iterator[bytes]:
    """Yield the same bytes, one a second for so many seconds; `pause` gets each wait."""
    for piece in pieces:
        start = 0
        while seconds > 0 and start < len(piece):
            yield piece[start : start + 1]
            pause(min(_DRIP_S, seconds))
            start, seconds = start + 1, seconds - _DRIP_S
        yield piece[start:]


def slowed(pieces: Iterable[bytes], *, bytes_per_second: int) -> Iterator[bytes]:
    """Yield the same bytes, at most `bytes_per_second` of them in real time."""
    step_bytes = max(1, bytes_per_second // _STEPS_PER_S)
    started_s = time.monotonic()
    sent_bytes = 0
    for piece in pieces:
        for start in range(0, len(piece), step_bytes):
            step = piece[start : start + step_bytes]
            yield step
            sent_bytes += len(step)
            due_s = started_s + sent_bytes / bytes_per_second
            time.sleep(max(0.0, due_s - time.monotonic()))
