"""MPEG layer III frames: what the four bytes of a frame's header say."""

from dataclasses import dataclass

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
        """How many samples of each channel it holds."""
        return 1152 if self.is_mpeg_1 else 576

    @property
    def size_bytes(self) -> int:
        """Its length, header included."""
        return self.samples * 125 * self.bitrate_kbps // self.sample_rate_hz + self.is_padded

    @property
    def side_info_at(self) -> int:
        """Where in it the side information begins."""
        return HEADER_BYTES + _CRC_BYTES * self.has_crc

    @property
    def side_info_bytes(self) -> int:
        """How long its side information is."""
        return _SIDE_INFO_BYTES[self.is_mpeg_1, self.is_mono]


def frame_of(header: bytes) -> Mp3Frame | None:
    """Return the frame with this header; None where it is none, or its length is not told."""
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
