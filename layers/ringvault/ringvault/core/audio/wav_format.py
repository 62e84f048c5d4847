"""The `fmt ` chunk of a WAV file: how its samples are written."""

import struct
from dataclasses import dataclass
from enum import IntEnum

_FIELDS = struct.Struct("<HHIIHH")
_EXTENSIBLE = 0xFFFE
# The real encoding of an extensible format: the first two bytes of its sub-format's GUID.
_SUB_FORMAT_AT = 24


class WavEncoding(IntEnum):
    """The encodings that telephone systems write, by their registered numbers."""

    PCM = 1
    A_LAW = 6
    MU_LAW = 7


@dataclass(frozen=True, slots=True)
class WavFormat:
    """How samples are written, as the file says it: nothing here is checked.

    `encoding` may be none of WavEncoding's. A frame is one sample of each channel.
    """

    encoding: int
    channels: int
    bytes_per_s: int
    frame_bytes: int
    bits: int


def read_wav_format(chunk: bytes) -> WavFormat | None:
    """Return what the chunk's content says, None where it is too short to say it."""
    if len(chunk) < _FIELDS.size:
        return None
    encoding, channels, _, bytes_per_s, frame_bytes, bits = _FIELDS.unpack_from(chunk)
    if encoding == _EXTENSIBLE and len(chunk) >= _SUB_FORMAT_AT + 2:
        (encoding,) = struct.unpack_from("<H", chunk, _SUB_FORMAT_AT)
    return WavFormat(encoding, channels, bytes_per_s, frame_bytes, bits)
