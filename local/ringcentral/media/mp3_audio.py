"""MP3 recordings: 8 kHz, 8 kbit/s, mono; a real loop of 9.2 s, encoded once, then repeated.

A frame is 72 bytes and 72 ms. The loop starts with a frame that borrows no bits from the
frame before it, so it can follow its own end.
An ID3 tag carries the recording's id, and two bits of every frame that decoders skip
(the header's and the side information's private bits) are keyed by recording and place.
The header's copyright and original bits would be two more, but FFmpeg, and so Chromium,
takes frames that differ in those for junk.
"""

import hashlib
import math
from array import array
from functools import cache, partial

import lameenc

from local.ringcentral.media.audio import Audio
from local.ringcentral.media.wav_audio import NOTES_HZ, SAMPLES_PER_S, sample

FRAME_BYTES = 72
FRAME_SAMPLES = 576
_FRAMES = 128
_KBIT_PER_S = 8


def mp3_audio(recording_id: str, *, duration_s: int) -> Audio:
    """Return an MP3 file that lasts `duration_s`, rounded up to a whole frame."""
    frames = math.ceil(duration_s * SAMPLES_PER_S / FRAME_SAMPLES)
    head = _id3_tag(recording_id)
    return Audio(
        content_type="audio/mpeg",
        duration_s=duration_s,
        size_bytes=len(head) + frames * FRAME_BYTES,
        head=head,
        block_bytes=_FRAMES * FRAME_BYTES,
        block=partial(_marked_loop, recording_id),
    )


def _id3_tag(recording_id: str) -> bytes:
    text = b"\x00" + f"Recording {recording_id}".encode("ascii")
    title = b"TIT2" + len(text).to_bytes(4, "big") + b"\x00\x00" + text
    synchsafe = bytes((len(title) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + synchsafe + title


def _marked_loop(recording_id: str, index: int) -> bytes:
    frames = bytearray(_loop())
    marks = hashlib.shake_128(f"{recording_id}/{index}".encode()).digest(_FRAMES)
    for frame, mark in enumerate(marks):
        frames[frame * FRAME_BYTES + 2] |= mark & 0x01
        frames[frame * FRAME_BYTES + 5] |= mark & 0x80
    return bytes(frames)


@cache
def _loop() -> bytes:
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(SAMPLES_PER_S)
    encoder.set_out_sample_rate(SAMPLES_PER_S)
    encoder.set_bit_rate(_KBIT_PER_S)
    frames = bytes(encoder.encode(_melody()) + encoder.flush())
    return frames[: _FRAMES * FRAME_BYTES]


def _melody() -> bytes:
    # One second more than the loop: the encoder delays its output.
    samples = _FRAMES * FRAME_SAMPLES + SAMPLES_PER_S
    return array(
        "h",
        (
            sample(NOTES_HZ[at // SAMPLES_PER_S % len(NOTES_HZ)], at % SAMPLES_PER_S)
            for at in range(samples)
        ),
    ).tobytes()
