"""MPEG layer III: frame headers and loudness."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from ringvault.core.audio.peaks import level_of_db

HEADER_BYTES = 4

# ISO 11172-3 and 13818-3, and MPEG-2.5 beside them: the codes of the header's fields.
_SYNC = b"\xff"
_SYNC_BITS = 0xE0
_MPEG_1 = 3
_LAYER_3 = 1
_MONO = 3
_RESERVED_SAMPLE_RATE = 3
_FREE_OR_BAD_BITRATE = {0, 15}
_BITRATES_KBPS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_SIDE_INFO_BYTES = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}
_CRC_BYTES = 2


@dataclass(frozen=True, slots=True)
class Mp3Frame:
    """One frame; `is_mpeg_1` is False for MPEG-2 and 2.5, whose frames hold one granule."""

    is_mpeg_1: bool
    is_mono: bool
    has_crc: bool
    is_padded: bool
    bitrate_kbps: int
    sample_rate_hz: int

    @property
    def samples(self) -> int:
        """How many samples of each channel the frame holds."""
        return 1152 if self.is_mpeg_1 else 576

    @property
    def size_bytes(self) -> int:
        """The length in bytes, header included."""
        return self.samples * 125 * self.bitrate_kbps // self.sample_rate_hz + self.is_padded

    @property
    def side_info_at(self) -> int:
        """The offset of the side information within the frame."""
        return HEADER_BYTES + _CRC_BYTES * self.has_crc

    @property
    def side_info_bytes(self) -> int:
        """The length of the side information."""
        return _SIDE_INFO_BYTES[self.is_mpeg_1, self.is_mono]


def frame_of(header: bytes) -> Mp3Frame | None:
    """Return the frame with this header; None if it is no header or gives no length."""
    if len(header) < HEADER_BYTES or header[:1] != _SYNC or header[1] & _SYNC_BITS != _SYNC_BITS:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, sample_rate = header[2] >> 4, header[2] >> 2 & 3
    if version not in _SAMPLE_RATES_HZ or layer != _LAYER_3:
        return None
    if bitrate in _FREE_OR_BAD_BITRATE or sample_rate == _RESERVED_SAMPLE_RATE:
        return None
    return Mp3Frame(
        is_mpeg_1=version == _MPEG_1,
        is_mono=header[3] >> 6 == _MONO,
        has_crc=not header[1] & 1,
        is_padded=bool(header[2] & 2),
        bitrate_kbps=_BITRATES_KBPS[version == _MPEG_1][bitrate],
        sample_rate_hz=_SAMPLE_RATES_HZ[version][sample_rate],
    )


# The step is 2 to the power of (global_gain - 210) / 4: each unit a quarter of 6 dB.
_GAIN_DB = 20 * math.log10(2) / 4
_GAIN_OF_ONE = 210
# From that energy to the loudest sample of a peak's frames: measured, over speech of many bitrates.
_ENERGY_ABOVE_PEAK_DB = 19.0

# ISO 11172-3, table B.7, where an encoder takes the first table that writes its largest value. So
# value is between the largest value of the table before, and that of the table itself: halfway.
_HALFWAY = (0, 1, 2, 2, 0, 3, 3, 4.5, 4.5, 4.5, 6.5, 6.5, 6.5, 11, 0, 11)
# Tables 16 to 23 and 24 to 31 write up to 15 and so many bits beyond it.
_LINBITS = ((1, 2, 3, 4, 6, 8, 10, 13), (4, 5, 6, 7, 8, 9, 11, 13))


def _halfway_with_linbits(all_bits: tuple[int, ...]) -> Iterator[float]:
    before = 15
    for bits in all_bits:
        largest = 14 + (1 << bits)
        yield math.sqrt(before * largest)
        before = largest


_ENERGY_OF_TABLE: tuple[float, ...] = tuple(
    value ** (8 / 3) for value in (*_HALFWAY, *chain(*map(_halfway_with_linbits, _LINBITS)))
)


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """Where a frame keeps the fields that are read.

    Its side information is between two bytes of the frame, and ends with the granules, each
    `granule_bits` long. Of a granule's fields the last `tail_bits` say nothing of loudness.
    """

    size_bytes: int
    side_info_at: int
    side_info_end: int
    granules: int
    granule_bits: int
    tail_bits: int


# A file has a handful of different headers.
@lru_cache(maxsize=256)
def layout_of(header: bytes) -> FrameLayout | None:
    """Return the layout of the frame with this header; None where it is none."""
    frame = frame_of(header)
    if frame is None:
        return None
    return FrameLayout(
        size_bytes=frame.size_bytes,
        side_info_at=frame.side_info_at,
        side_info_end=frame.side_info_at + frame.side_info_bytes,
        granules=(2 if frame.is_mpeg_1 else 1) * (1 if frame.is_mono else 2),
        granule_bits=59 if frame.is_mpeg_1 else 63,
        tail_bits=3 if frame.is_mpeg_1 else 2,
    )


def frame_level(layout: FrameLayout, frame: bytes) -> int:
    """Return the level of a frame: that of its loudest granule and channel; 0 is silence."""
    side_info = int.from_bytes(frame[layout.side_info_at : layout.side_info_end])
    loudest = 0
    for _ in range(layout.granules):
        loudest = max(loudest, _granule_level(side_info, layout))
        side_info >>= layout.granule_bits
    return loudest


def _granule_level(side_info: int, layout: FrameLayout) -> int:
    """Return the level of the last granule of what is given."""
    # part2_3_length, big_values and global_gain: 12, 9 and 8 bits, the granule's first.
    first = side_info >> layout.granule_bits - 29 & 0x1FFFFFFF
    bits, pairs, gain = first >> 17, first >> 8 & 0x1FF, first & 0xFF
    if bits == 0:
        return 0
    energy = 1 + pairs * _table_energy(side_info >> layout.tail_bits)
    gain_db = (gain - _GAIN_OF_ONE) * _GAIN_DB
    return level_of_db(gain_db + 10 * math.log10(energy) - _ENERGY_ABOVE_PEAK_DB)


def _table_energy(fields: int) -> float:
    """Return the energy of a line according to the tables, summed over the granule's regions.

    The last 23 bits of `fields` are window_switching_flag, and either block_type, mixed_block_flag,
    two table_select and three subblock_gain, or three table_select, region0_count, region1_count.
    """
    energy = _ENERGY_OF_TABLE
    if fields >> 22 & 1:
        return energy[fields >> 14 & 31] + energy[fields >> 9 & 31]
    return energy[fields >> 17 & 31] + energy[fields >> 12 & 31] + energy[fields >> 7 & 31]
