"""Recognises audio, and its duration, by the bytes and not by the content type."""

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringvault.core.audio.mp3 import HEADER_BYTES, Mp3Frame, frame_of
from ringvault.core.audio.wav import WavFormat, read_wav_format
from ringvault.core.errors import NotAudioError

# Enough for any header with the duration, including an ID3 tag of a few kilobytes before it.
HEAD_BYTES = 64 * 1024
# The codes that `notes_of` returns.
WAV_HEADER_PROMISES_OTHER_LENGTH = "wav_header_promises_other_length"
UNRECOGNISED = "unrecognised"

_ID3_HEADER_BYTES = 10
_WAV_HEADER_BYTES = 12
_CHUNK_HEADER_BYTES = 8
# RIFF's size counts what follows its first eight bytes.
_RIFF_SIZE_FROM = 8
# RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) are RIFF with 64-bit sizes in a chunk of their own.
_WAV_MARKS = frozenset({b"RIFF", b"RF64", b"BW64"})
# A WAV that is written while it is recorded keeps these values as its sizes.
_UNKNOWN_WAV_SIZES = frozenset({0, 0x7FFFFFFF, 0xFFFFFFFF})
# The bytes that occur in no text of a single-byte encoding or UTF-8 (WHATWG MIME Sniffing, 3:
# binary data byte).
_BINARY_BYTES = bytes([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])
# At most a quarter of a single-byte text is beyond ASCII; an unknown binary file has more.
_ASCII = bytes(range(0x80))
_ASCII_SHARE = 4
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MARKUP = (b"<!doctype", b"<html", b"<?xml")


class FileType(StrEnum):
    """The two types that RingCentral serves, and any other; the value is the key's extension."""

    MP3 = "mp3"
    WAV = "wav"
    UNRECOGNISED = "bin"

    @property
    def content_type(self) -> str:
        """The content type for playing or, if unrecognised, for downloading."""
        types = {"mp3": "audio/mpeg", "wav": "audio/wav", "bin": "application/octet-stream"}
        return types[self.value]


@dataclass(frozen=True, slots=True)
class AudioHead:
    """The properties of a recording that its first bytes show.

    At most one of the two sources of the duration is set: `bytes_per_s` of audio after
    `audio_offset`, or `duration_s` itself. `data_bytes` is the audio length that a WAV header
    declares, `file_bytes` that of the whole file; None if it declares none. `wav_format` is None
    if it is unknown, and for other types.
    """

    file_type: FileType
    audio_offset: int = 0
    bytes_per_s: float | None = None
    duration_s: float | None = None
    data_bytes: int | None = None
    file_bytes: int | None = None
    wav_format: WavFormat | None = None

    def duration_of(self, size_bytes: int) -> float | None:
        """Return the playing time of a file of this size in seconds, None if it is unknown.

        A header whose length differs from the file's is ignored.
        """
        if self.duration_s is not None:
            return self.duration_s
        if not self.bytes_per_s:
            return None
        if self.data_bytes is not None and self._keeps_its_promises(size_bytes):
            return self.data_bytes / self.bytes_per_s
        return max(0, size_bytes - self.audio_offset) / self.bytes_per_s

    def notes_of(self, size_bytes: int) -> tuple[str, ...]:
        """Return the codes of the irregularities of a file of this size."""
        if self.file_type is FileType.UNRECOGNISED:
            return (UNRECOGNISED,)
        if not self._keeps_its_promises(size_bytes):
            return (WAV_HEADER_PROMISES_OTHER_LENGTH,)
        return ()

    def _keeps_its_promises(self, size_bytes: int) -> bool:
        # Many writers leave the padding of an odd chunk out, or out of the size.
        is_file = self.file_bytes is None or abs(self.file_bytes - size_bytes) <= 1
        is_data = self.data_bytes is None or self.audio_offset + self.data_bytes <= size_bytes
        return is_file and is_data


def read_first(chunks: Iterator[bytes]) -> bytes:
    """Return HEAD_BYTES of what `chunks` yield, or a little more, or all there is."""
    first = b""
    while len(first) < HEAD_BYTES and (chunk := next(chunks, b"")):
        first += chunk
    return first


def read_head(head: bytes) -> AudioHead:
    """Return the properties that `head`, the first bytes (HEAD_BYTES or all), shows.

    Only the bytes decide: a content type may be wrong in both directions. Binary content of an
    unknown type is UNRECOGNISED.

    Raises:
        NotAudioError: the body is empty or text, for example an error page with status 200.
    """
    if head[:4] in _WAV_MARKS and head[8:12] == b"WAVE":
        return _read_wav(head)
    mp3 = _read_mp3(head)
    if mp3 is not None:
        return mp3
    if not head:
        raise NotAudioError("the answer has no content")
    if _is_text(head):
        raise NotAudioError("the answer is text, HTML, XML or JSON, not audio")
    return AudioHead(FileType.UNRECOGNISED)


def _is_text(head: bytes) -> bool:
    if head.startswith(_UTF_16_MARKS) or head.lstrip()[:9].lower().startswith(_MARKUP):
        return True
    if len(head.translate(None, _BINARY_BYTES)) < len(head):
        return False
    return _is_utf_8(head) or len(head.translate(None, _ASCII)) * _ASCII_SHARE <= len(head)


def _is_utf_8(head: bytes) -> bool:
    """Whether the bytes are valid UTF-8; the last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _read_wav(head: bytes) -> AudioHead:
    (riff_bytes,) = struct.unpack_from("<I", head, 4)
    is_64_bit = head[:4] != b"RIFF"
    is_told = not is_64_bit and riff_bytes not in _UNKNOWN_WAV_SIZES
    file_bytes = riff_bytes + _RIFF_SIZE_FROM if is_told else None
    wav_format: WavFormat | None = None
    offset = _WAV_HEADER_BYTES
    while offset + _CHUNK_HEADER_BYTES <= len(head):
        name, size = struct.unpack_from("<4sI", head, offset)
        offset += _CHUNK_HEADER_BYTES
        if name == b"fmt ":
            wav_format = read_wav_format(head[offset : offset + size])
        if name == b"data":
            return AudioHead(
                FileType.WAV,
                audio_offset=offset,
                bytes_per_s=wav_format.bytes_per_s if wav_format else None,
                data_bytes=None if size in _UNKNOWN_WAV_SIZES else size,
                file_bytes=file_bytes,
                wav_format=wav_format,
            )
        offset += size + size % 2
    return AudioHead(FileType.WAV, file_bytes=file_bytes)


def _read_mp3(head: bytes) -> AudioHead | None:
    start = _id3_bytes(head)
    if start >= len(head):
        # The tag alone is longer than the head: the frame after it is not read.
        return AudioHead(FileType.MP3, audio_offset=start) if start else None
    first = start
    start += len(head) - first - len(head[first:].lstrip(b"\0"))
    frame = frame_of(head[start : start + HEADER_BYTES])
    if frame is None or (start > first and not _is_followed(head, start, frame)):
        return None
    frames = _xing_frames(head, start, frame)
    if frames is not None:
        duration_s = frames * frame.samples / frame.sample_rate_hz
        return AudioHead(FileType.MP3, audio_offset=start, duration_s=duration_s)
    return AudioHead(FileType.MP3, audio_offset=start, bytes_per_s=frame.bitrate_kbps * 125)


def _is_followed(head: bytes, start: int, frame: Mp3Frame) -> bool:
    """Whether another frame follows the first one, as far as the head reaches.

    Players pass over leading zero bytes too, but there any two bytes could be taken for a frame.
    """
    after = head[start + frame.size_bytes :][:HEADER_BYTES]
    return len(after) < HEADER_BYTES or frame_of(after) is not None


def _id3_bytes(head: bytes) -> int:
    """Return the length of leading ID3v2 tags, whose size is four times seven bits."""
    start = 0
    while head[start : start + 3] == b"ID3" and len(head) >= start + _ID3_HEADER_BYTES:
        size = 0
        for byte in head[start + 6 : start + 10]:
            size = size << 7 | byte & 0x7F
        has_footer = head[start + 5] & 0x10
        start += size + _ID3_HEADER_BYTES * (2 if has_footer else 1)
    return start


def _xing_frames(head: bytes, start: int, frame: Mp3Frame) -> int | None:
    """Return the number of frames that a Xing or Info header in the first frame counts."""
    at = start + frame.side_info_at + frame.side_info_bytes
    if head[at : at + 4] not in {b"Xing", b"Info"} or len(head) < at + 12:
        return None
    flags, frames = struct.unpack_from(">II", head, at + 4)
    return int(frames) if flags & 1 else None
