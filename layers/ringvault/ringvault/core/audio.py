"""Tells audio from what only claims to be, and how long it plays, from the bytes themselves."""

import struct
from dataclasses import dataclass
from enum import StrEnum

from ringvault.core.errors import BodyInterruptedError, NotAudioError

# Enough for any header that tells the duration, an ID3 tag of a few kilobytes before it included.
HEAD_BYTES = 64 * 1024

# ISO 11172-3 and 13818-3, frame header: the codes of its fields.
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
_ID3_HEADER_BYTES = 10
# A WAV that is written while it is recorded leaves its sizes at these.
_UNKNOWN_WAV_SIZES = {0, 0x7FFFFFFF, 0xFFFFFFFF}


class FileType(StrEnum):
    """The two that RingCentral serves; the value is the ending of the object key."""

    MP3 = "mp3"
    WAV = "wav"

    @property
    def content_type(self) -> str:
        """The type that browsers play."""
        return {"mp3": "audio/mpeg", "wav": "audio/wav"}[self.value]


@dataclass(frozen=True, slots=True)
class AudioHead:
    """What the first bytes of a recording tell.

    Exactly one of the two ways to a duration may be known: `bytes_per_s` of audio after
    `audio_offset`, or `duration_s` itself. `declared_bytes` is the least size that a WAV header
    promises for the whole file.
    """

    file_type: FileType
    audio_offset: int = 0
    bytes_per_s: float | None = None
    duration_s: float | None = None
    declared_bytes: int | None = None

    def duration_of(self, size_bytes: int) -> float | None:
        """Return how long a file of this size plays, in seconds; None where nothing tells."""
        if self.duration_s is not None:
            return self.duration_s
        if not self.bytes_per_s:
            return None
        return max(0, size_bytes - self.audio_offset) / self.bytes_per_s

    def check_whole(self, size_bytes: int) -> None:
        """Raise BodyInterruptedError when the file is shorter than its own header says."""
        if self.declared_bytes is not None and size_bytes < self.declared_bytes:
            raise BodyInterruptedError(
                f"the WAV header promises {self.declared_bytes} bytes, {size_bytes} came"
            )


def read_head(head: bytes, *, content_type: str) -> AudioHead:
    """Return what `head`, the first bytes of a body (HEAD_BYTES or all of it), tell.

    The bytes decide; the content type may only be audio or unspecific.

    Raises:
        NotAudioError: the body is something else, for example an error page with status 200.
    """
    if not _may_be_audio(content_type):
        raise NotAudioError(f"the answer is {_bare(content_type)!r}, not audio")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _read_wav(head)
    mp3 = _read_mp3(head)
    if mp3 is None:
        raise NotAudioError(f"the body ({_bare(content_type)!r}) starts as neither MP3 nor WAV")
    return mp3


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()[:60]


def _may_be_audio(content_type: str) -> bool:
    bare = _bare(content_type)
    return bare.startswith("audio/") or bare in {"", "application/octet-stream"}


def _read_wav(head: bytes) -> AudioHead:
    bytes_per_s: float | None = None
    offset = 12
    while offset + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, offset)
        if name == b"fmt " and offset + 20 <= len(head):
            bytes_per_s = struct.unpack_from("<I", head, offset + 16)[0]
        if name == b"data":
            return _wav_with_data(bytes_per_s, offset + 8, size)
        offset += 8 + size + size % 2
    return AudioHead(FileType.WAV)


def _wav_with_data(bytes_per_s: float | None, audio_offset: int, size: int) -> AudioHead:
    if size in _UNKNOWN_WAV_SIZES:
        return AudioHead(FileType.WAV, audio_offset=audio_offset, bytes_per_s=bytes_per_s)
    return AudioHead(
        FileType.WAV,
        audio_offset=audio_offset,
        duration_s=size / bytes_per_s if bytes_per_s else None,
        declared_bytes=audio_offset + size,
    )


def _read_mp3(head: bytes) -> AudioHead | None:
    start = _id3_bytes(head)
    if start >= len(head):
        # The tag alone is longer than what we look at: the frame behind it stays unseen.
        return AudioHead(FileType.MP3) if start else None
    frame = _frame_at(head, start)
    if frame is None:
        return None
    frames = _xing_frames(head, start, frame)
    if frames is not None:
        duration_s = frames * frame.samples / frame.sample_rate_hz
        return AudioHead(FileType.MP3, audio_offset=start, duration_s=duration_s)
    return AudioHead(FileType.MP3, audio_offset=start, bytes_per_s=frame.bitrate_kbps * 125)


def _id3_bytes(head: bytes) -> int:
    """Return the length of a leading ID3v2 tag, whose size is four times seven bits."""
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER_BYTES:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    has_footer = head[5] & 0x10
    return size + _ID3_HEADER_BYTES * (2 if has_footer else 1)


@dataclass(frozen=True, slots=True)
class _Frame:
    is_mpeg_1: bool
    is_mono: bool
    bitrate_kbps: int
    sample_rate_hz: int

    @property
    def samples(self) -> int:
        return 1152 if self.is_mpeg_1 else 576


def _frame_at(head: bytes, start: int) -> _Frame | None:
    """Return the MPEG layer III frame whose header stands at `start`."""
    header = head[start : start + 4].ljust(4, b"\0")
    if header[:1] != _SYNC or header[1] & _SYNC_BITS != _SYNC_BITS:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, sample_rate = header[2] >> 4, header[2] >> 2 & 3
    if version not in _SAMPLE_RATES_HZ or layer != _LAYER_3:
        return None
    if bitrate in _FREE_OR_BAD_BITRATE or sample_rate == _RESERVED_SAMPLE_RATE:
        return None
    return _Frame(
        is_mpeg_1=version == _MPEG_1,
        is_mono=header[3] >> 6 == _MONO,
        bitrate_kbps=_BITRATES_KBPS[version == _MPEG_1][bitrate],
        sample_rate_hz=_SAMPLE_RATES_HZ[version][sample_rate],
    )


def _xing_frames(head: bytes, start: int, frame: _Frame) -> int | None:
    """Return the number of frames that a Xing or Info header in the first frame counts."""
    side_info = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}
    at = start + 4 + side_info[frame.is_mpeg_1, frame.is_mono]
    if head[at : at + 4] not in {b"Xing", b"Info"} or len(head) < at + 12:
        return None
    flags, frames = struct.unpack_from(">II", head, at + 4)
    return int(frames) if flags & 1 else None
