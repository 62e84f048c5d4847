"""WAV recordings: PCM, 8 kHz, 16 bit, mono; a melody of one note a second, a tick on each.

The lowest three bits of each sample are noise keyed by recording and second.
It is inaudible, and makes every place of every recording different,
so a byte that lands at a wrong offset or in a wrong recording shows in a comparison.
"""

import hashlib
import math
import struct
from functools import cache, partial

from local.ringcentral.media.audio import Audio

BYTES_PER_S = 16_000
SAMPLES_PER_S = 8_000
HEADER_BYTES = 44
MAX_BYTES = 2**32 - 1  # a RIFF size is 32 bits wide
NOTES_HZ = (262, 294, 330, 392, 440)
_TICK_HZ = 1_500
_TICK_SAMPLES = 160
_NOISE_BITS = int.from_bytes(b"\x07\x00" * SAMPLES_PER_S, "little")


def wav_audio(recording_id: str, *, size_bytes: int) -> Audio:
    """Return a WAV file of exactly `size_bytes`, which must be even, 46 at least, below 4 GiB."""
    data_bytes = size_bytes - HEADER_BYTES
    return Audio(
        content_type="audio/wav",
        duration_s=data_bytes // BYTES_PER_S,
        size_bytes=size_bytes,
        head=_header(data_bytes),
        block_bytes=BYTES_PER_S,
        block=partial(_second, recording_id),
    )


def _header(data_bytes: int) -> bytes:
    pcm = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLES_PER_S, BYTES_PER_S, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE")
    return riff + pcm + struct.pack("<4sI", b"data", data_bytes)


def _second(recording_id: str, index: int) -> bytes:
    key = hashlib.shake_128(f"{recording_id}/{index}".encode())
    noise = int.from_bytes(key.digest(BYTES_PER_S), "little")
    note_hz = NOTES_HZ[noise % 2**16 % len(NOTES_HZ)]
    return (_note(note_hz) ^ (noise & _NOISE_BITS)).to_bytes(BYTES_PER_S, "little")


@cache
def _note(note_hz: int) -> int:
    samples = (sample(note_hz, at) for at in range(SAMPLES_PER_S))
    return int.from_bytes(struct.pack(f"<{SAMPLES_PER_S}h", *samples), "little")


def sample(note_hz: int, at: int) -> int:
    """Return sample number `at` of a second: a tick, then the note fading out."""
    seconds = at / SAMPLES_PER_S
    if at < _TICK_SAMPLES:
        return round(9_000 * math.sin(2 * math.pi * _TICK_HZ * seconds))
    return round(7_000 * (1 - seconds) * math.sin(2 * math.pi * note_hz * seconds))
