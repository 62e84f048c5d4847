"""The peaks of audio that arrives in pieces, of unknown total length."""

import math

MAX_PEAKS = 800
# So many that a last bucket which is not full moves none of the peaks by an eighth of its width.
_MAX_BUCKETS = 8 * MAX_PEAKS
# Of a longer piece of audio only as many pieces, evenly spread, are measured.
_MEASURED_OF_BUCKET = 16
# Telephone noise is at -50 dB and below, and shows as silence.
_SILENCE_DB = -48.0


def level_of(amplitude: float) -> int:
    """Return the level of an amplitude, where 1.0 is the loudest possible: 255.

    Levels are linear in decibels, so that quiet speech shows beside loud; 0 is -48 dB or less.
    """
    return level_of_db(20 * math.log10(amplitude)) if amplitude > 0 else 0


def level_of_db(decibels: float) -> int:
    """Return the level of a loudness, where 0 dB is the loudest possible."""
    return min(255, max(0, round(255 * (1 - decibels / _SILENCE_DB))))


class Peaks:
    """The loudest level of each of at most MAX_PEAKS equal parts of all pieces.

    Pieces are of one length, counted from 0. Memory stays below 7 KB: when the buckets are too
    many, each two of them become one.
    """

    def __init__(self) -> None:
        self._buckets = bytearray()
        self._pieces_each = 1

    def add(self, piece: int, level: int) -> int:
        """Add the level of a piece, and return which piece to measure next."""
        bucket = piece // self._pieces_each
        if bucket == _MAX_BUCKETS:
            self._halve()
            bucket //= 2
        if bucket == len(self._buckets):
            self._buckets.append(level)
        elif level > self._buckets[bucket]:
            self._buckets[bucket] = level
        step = max(1, self._pieces_each // _MEASURED_OF_BUCKET)
        return piece - piece % step + step

    def as_bytes(self) -> bytes:
        """Return one byte a peak; empty when there was no piece."""
        buckets, count = self._buckets, min(len(self._buckets), MAX_PEAKS)
        bounds = [at * len(buckets) // count for at in range(count)] + [len(buckets)]
        return bytes(max(buckets[bounds[at] : bounds[at + 1]]) for at in range(count))

    def _halve(self) -> None:
        buckets = self._buckets
        self._buckets = bytearray(map(max, buckets[::2], buckets[1::2]))
        self._pieces_each *= 2
