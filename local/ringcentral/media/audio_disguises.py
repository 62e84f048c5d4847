"""Audio with irregular bytes, the same ones each time they are served."""

import hashlib
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from local.ringcentral.media.audio import Audio

_RIFF_SIZE_AT, _DATA_SIZE_AT, _WAV_HEADER_BYTES = 4, 40, 44
_BLOCK_BYTES = 4_096
_BEFORE_DATA = 36  # what a RIFF size counts before the data


def _wav_header_of_a_pipe(audio: Audio, recording_id: str) -> Audio:
    """Return a WAV whose header has a size that its writer could not know; others unchanged."""
    if audio.head[:4] != b"RIFF":
        return audio
    (data_bytes,) = struct.unpack_from("<I", audio.head, _DATA_SIZE_AT)
    sizes = (
        0x7FFFF000,  # SoX
        0x80000000,
        0xFFFFFFFF - _BEFORE_DATA,
        data_bytes + 2,  # a little too large
    )
    size = sizes[_first_byte(recording_id) % len(sizes)]
    head = bytearray(audio.head)
    struct.pack_into("<I", head, _RIFF_SIZE_AT, size + _BEFORE_DATA)
    struct.pack_into("<I", head, _DATA_SIZE_AT, size)
    return replace(audio, head=bytes(head))


def _unrecognised(audio: Audio, recording_id: str) -> Audio:
    """Return as many bytes that are neither audio nor text."""
    return replace(
        audio, head=b"", block_bytes=_BLOCK_BYTES, block=partial(_noise_block, recording_id)
    )


def _noise_block(recording_id: str, index: int) -> bytes:
    noise = hashlib.shake_128(f"{recording_id}/{index}/noise".encode()).digest(_BLOCK_BYTES)
    # 0x80 to 0xBF alone: no valid UTF-8 begins so, and no frame of MPEG audio.
    return noise.translate(bytes(0x80 | byte & 0x3F for byte in range(256)))


def _first_byte(recording_id: str) -> int:
    return hashlib.sha256(recording_id.encode()).digest()[0]


DISGUISES: Mapping[str, Callable[[Audio, str], Audio]] = {
    "wav-header-pipe": _wav_header_of_a_pipe,
    "unrecognised": _unrecognised,
}
