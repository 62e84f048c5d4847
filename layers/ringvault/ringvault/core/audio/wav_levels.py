"""How loud a piece of a WAV file is: PCM of 8, 16 and 24 bit, mu-law and A-law."""

import sys
from array import array
from collections.abc import Callable

from ringvault.core.audio.peaks import level_of
from ringvault.core.audio.wav_format import WavEncoding, WavFormat

# 32 ms of a telephone's 8 kHz.
PIECE_FRAMES = 256

Level = Callable[[bytes], int]

# The upper byte of a sample, less its sign: 0 to 127, each of them 256 steps of amplitude wide.
_UPPER = bytes((*range(128), *reversed(range(128))))
_LEVEL_OF_UPPER = bytes(level_of((upper + 0.5) / 128) for upper in range(128))
# Below this (-30 dB) the upper byte alone is too coarse, by more than two decibels.
_COARSE_UPPER = 4
# Not every sample then, for speed; no tone of a telephone has a period of three samples (2667 Hz).
_EVERY = 3


def wav_level(wav: WavFormat) -> Level | None:
    """Return what tells the level of a piece, whole frames of any number of channels.

    None where the samples are of a kind that is not measured, or their frames contradict them.
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
    """Return what a code of ITU-T G.711 mu-law stands for; all its bits are inverted."""
    exponent, mantissa = ~code >> 4 & 7, ~code & 15
    return (((2 * mantissa + 33) << exponent) - 33) / 8192


def _a_law_amplitude(code: int) -> float:
    """Return what a code of ITU-T G.711 A-law stands for; its even bits are inverted."""
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
