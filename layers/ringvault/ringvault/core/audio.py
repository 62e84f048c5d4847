"""Tells audio from what only claims to be, and how long it plays, from the bytes themselves."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringvault.core.errors import BodyInterruptedError, NotAudioError
from ringvault.core.mp3_frame import HEADER_BYTES, Mp3Frame, frame_of
from ringvault.core.wav_format import WavFormat, read_wav_format

# Enough for any header that tells the duration, an ID3 tag of a few kilobytes before it included.
HEAD_BYTES = 64 * 1024

_ID3_HEADER_BYTES = 10
# What comes in place of audio, and the types that audio comes as.
_KNOWN_TYPES = {
    "",
    "application/json",
    "application/octet-stream",
    "application/problem+json",
    "application/xml",
    "audio/mpeg",
    "audio/wav",
    "audio/x-wav",
    "text/html",
    "text/plain",
    "text/xml",
}
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
    promises for the whole file. `wav_format` is None where it is not told, and for MP3.
    """

    file_type: FileType
    audio_offset: int = 0
    bytes_per_s: float | None = None
    duration_s: float | None = None
    declared_bytes: int | None = None
    wav_format: WavFormat | None = None

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


def read_first(chunks: Iterator[bytes]) -> bytes:
    """Return HEAD_BYTES of what `chunks` yield, or a little more, or all there is."""
    first = b""
    while len(first) < HEAD_BYTES and (chunk := next(chunks, b"")):
        first += chunk
    return first


def read_head(head: bytes, *, content_type: str) -> AudioHead:
    """Return what `head`, the first bytes of a body (HEAD_BYTES or all of it), tell.

    The bytes decide; the content type may only be audio or unspecific.

    Raises:
        NotAudioError: the body is something else, for example an error page with status 200.
    """
    if not _may_be_audio(content_type):
        raise NotAudioError(f"the answer is {_told(content_type)}, not audio")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _read_wav(head)
    mp3 = _read_mp3(head)
    if mp3 is None:
        raise NotAudioError(f"the body ({_told(content_type)}) starts as neither MP3 nor WAV")
    return mp3


def _bare(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _told(content_type: str) -> str:
    """Return a type that is known; another server's words go into no reason."""
    bare = _bare(content_type)
    return repr(bare) if bare in _KNOWN_TYPES else "of another type"


def _may_be_audio(content_type: str) -> bool:
    bare = _bare(content_type)
    return bare.startswith("audio/") or bare in {"", "application/octet-stream"}


def _read_wav(head: bytes) -> AudioHead:
    wav_format: WavFormat | None = None
    offset = 12
    while offset + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, offset)
        if name == b"fmt ":
            wav_format = read_wav_format(head[offset + 8 : offset + 8 + size])
        if name == b"data":
            return _wav_with_data(wav_format, offset + 8, size)
        offset += 8 + size + size % 2
    return AudioHead(FileType.WAV)


def _wav_with_data(wav_format: WavFormat | None, audio_offset: int, size: int) -> AudioHead:
    bytes_per_s = wav_format.bytes_per_s if wav_format else None
    if size in _UNKNOWN_WAV_SIZES:
        return AudioHead(
            FileType.WAV, audio_offset=audio_offset, bytes_per_s=bytes_per_s, wav_format=wav_format
        )
    return AudioHead(
        FileType.WAV,
        audio_offset=audio_offset,
        duration_s=size / bytes_per_s if bytes_per_s else None,
        declared_bytes=audio_offset + size,
        wav_format=wav_format,
    )


def _read_mp3(head: bytes) -> AudioHead | None:
    start = _id3_bytes(head)
    if start >= len(head):
        # The tag alone is longer than what we look at: the frame behind it stays unseen.
        return AudioHead(FileType.MP3, audio_offset=start) if start else None
    frame = frame_of(head[start : start + HEADER_BYTES])
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


def _xing_frames(head: bytes, start: int, frame: Mp3Frame) -> int | None:
    """Return the number of frames that a Xing or Info header in the first frame counts."""
    at = start + frame.side_info_at + frame.side_info_bytes
    if head[at : at + 4] not in {b"Xing", b"Info"} or len(head) < at + 12:
        return None
    flags, frames = struct.unpack_from(">II", head, at + 4)
    return int(frames) if flags & 1 else None
