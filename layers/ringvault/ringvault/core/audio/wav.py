"""WAV: header and loudness of samples."""

import struct
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from ringvault.core.audio.peaks import level_of

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
    """The sample format that the file declares; nothing here is checked.

    `encoding` may be none of WavEncoding's. A frame is one sample of each channel.
    """

    encoding: int
    channels: int
    bytes_per_s: int
    frame_bytes: int
    bits: int


def read_wav_format(chunk: bytes) -> WavFormat | None:
    """Return the format in the chunk, None if the chunk is too short."""
    if len(chunk) < _FIELDS.size:
        return None
    encoding, channels, _, bytes_per_s, frame_bytes, bits = _FIELDS.unpack_from(chunk)
    if encoding == _EXTENSIBLE and len(chunk) >= _SUB_FORMAT_AT + 2:
        (encoding,) = struct.unpack_from("<H", chunk, _SUB_FORMAT_AT)
    return WavFormat(encoding, channels, bytes_per_s, frame_bytes, bits)


# 32 ms of a telephone's 8 kHz.
PIECE_FRAMES = 256

Level = Callable[[bytes], int]

# The upper byte of a sample, less its sign: 0 to 127, each of them 256 steps of amplitude wide.
_UPPER = bytes((*range(128), *reversed(range(128))))
_LEVEL_OF_UPPER = bytes(level_of((upper + 0.5) / 128) for upper in range(128))
# Below this (-30 dB) the upper byte alone is too coarse, by more than two decibels.
_COARSE_UPPER = 4
# Only every so many samples, for speed; no telephone tone has a period of three (2667 Hz).
_EVERY = 3


def wav_level(wav: WavFormat) -> Level | None:
    """Return the level of a piece, which is whole frames of any number of channels.

    None if this kind of sample is not measured, or the frames contradict the format.
    """
    if not wav.channels or wav.frame_bytes * 8 != wav.channels * wav.bits:
        return None
    return _LEVELS.get((wav.encoding, wav.bits))


def _pcm_8(piece: bytes) -> int:
    return max(piece.translate(_LEVEL_OF_PCM_8))


def _mu_law(piece: bytes) -> int:
    return max(piece.translate(_LEVEL_OF_MU_LAW))


def _a_law(piece: bytes) -> int:
    return max(piece.translate(_LEVEL_OF_A_LAW))


def _pcm_16(piece: bytes) -> int:
    upper = max(piece[1::2].translate(_UPPER))
    if upper >= _COARSE_UPPER:
        return _LEVEL_OF_UPPER[upper]
    samples = array("h", piece)[::_EVERY]
    if sys.byteorder == "big":
        samples.byteswap()
    highest, lowest = max(samples), min(samples)
    return level_of(max(highest, -lowest) / 32768)


def _pcm_24(piece: bytes) -> int:
    upper_16 = bytearray(len(piece) // 3 * 2)
    upper_16[::2] = piece[1::3]
    upper_16[1::2] = piece[2::3]
    return _pcm_16(bytes(upper_16))


def _mu_law_amplitude(code: int) -> float:
    """Return the amplitude of an ITU-T G.711 mu-law code; all its bits are inverted."""
    exponent, mantissa = ~code >> 4 & 7, ~code & 15
    return (((2 * mantissa + 33) << exponent) - 33) / 8192


def _a_law_amplitude(code: int) -> float:
    """Return the amplitude of an ITU-T G.711 A-law code; its even bits are inverted."""
    exponent, mantissa = (code ^ 0x55) >> 4 & 7, (code ^ 0x55) & 15
    steps = (2 * mantissa + 33) << (exponent - 1) if exponent else 2 * mantissa + 1
    return steps / 4096


_LEVEL_OF_PCM_8 = bytes(level_of(abs(code - 128) / 128) for code in range(256))
_LEVEL_OF_MU_LAW = bytes(level_of(_mu_law_amplitude(code)) for code in range(256))
_LEVEL_OF_A_LAW = bytes(level_of(_a_law_amplitude(code)) for code in range(256))
_LEVELS: dict[tuple[int, int], Level] = {
    (WavEncoding.PCM, 8): _pcm_8,
    (WavEncoding.PCM, 16): _pcm_16,
    (WavEncoding.PCM, 24): _pcm_24,
    (WavEncoding.A_LAW, 8): _a_law,
    (WavEncoding.MU_LAW, 8): _mu_law,
}
