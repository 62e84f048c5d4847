"""The waveform of a recording, measured while its bytes arrive."""

from typing import Protocol

from ringvault.core.audio.head import AudioHead, FileType
from ringvault.core.audio.mp3 import HEADER_BYTES, frame_level, layout_of
from ringvault.core.audio.peaks import Peaks
from ringvault.core.audio.wav import PIECE_FRAMES, Level, wav_level

# A tag may follow the last frame of an MP3; more than this is audio that can't be read.
_MAX_TAIL_BYTES = 4096


class _Measure(Protocol):
    """The measurement for one file type."""

    def update(self, audio: bytes) -> None:
        """Add the next bytes of the audio."""

    def peaks(self) -> bytes | None:
        """Return the peaks so far, None if the bytes were not audio of this kind."""


class Waveform:
    """At most 800 peaks, evenly spread over a recording of any length, in bounded memory.

    A peak is one byte, the level of its loudest moment: 0 is -48 dB or less, 255 the loudest
    possible, in even steps of decibels. How the bytes are cut into chunks makes no difference.
    """

    def __init__(self, head: AudioHead) -> None:
        self._measure = _measure_of(head)
        self._skip = head.audio_offset
        self._left = head.data_bytes

    def update(self, chunk: bytes) -> None:
        """Add the next bytes of the file, from the first on."""
        if self._measure is None:
            return
        audio = chunk[self._skip :]
        self._skip = max(0, self._skip - len(chunk))
        if self._left is not None:
            audio = audio[: self._left]
            self._left -= len(audio)
        self._measure.update(audio)

    @property
    def peaks(self) -> bytes | None:
        """The peaks so far; None if the audio is too short or can't be read."""
        return self._measure.peaks() if self._measure else None


def _measure_of(head: AudioHead) -> _Measure | None:
    if head.file_type is FileType.MP3:
        return _Mp3Measure()
    level = wav_level(head.wav_format) if head.wav_format else None
    if head.wav_format is None or level is None:
        return None
    return _WavMeasure(level, piece_bytes=PIECE_FRAMES * head.wav_format.frame_bytes)


class _WavMeasure:
    def __init__(self, level: Level, *, piece_bytes: int) -> None:
        self._level = level
        self._piece_bytes = piece_bytes
        self._peaks = Peaks()
        self._rest = b""
        # Both counted from the first piece of the rest.
        self._next = 0
        self._first = 0

    def update(self, audio: bytes) -> None:
        size, audio = self._piece_bytes, self._rest + audio
        end = self._first + len(audio) // size
        while self._next < end:
            at = (self._next - self._first) * size
            self._next = self._peaks.add(self._next, self._level(audio[at : at + size]))
        self._rest = audio[(end - self._first) * size :]
        self._first = end

    def peaks(self) -> bytes | None:
        return self._peaks.as_bytes() or None


class _Mp3Measure:
    def __init__(self) -> None:
        self._peaks = Peaks()
        self._rest = b""
        self._next = 0
        self._frame = 0
        self._tail_bytes = 0

    def update(self, audio: bytes) -> None:
        if self._tail_bytes:
            self._tail_bytes += len(audio)
            return
        audio, at = self._rest + audio, 0
        while (layout := layout_of(audio[at : at + HEADER_BYTES])) is not None:
            end = at + layout.size_bytes
            if end > len(audio):
                break
            if self._frame == self._next:
                self._next = self._peaks.add(self._frame, frame_level(layout, audio[at:end]))
            self._frame += 1
            at = end
        self._rest = audio[at:]
        if layout is None and len(self._rest) >= HEADER_BYTES:
            self._tail_bytes = len(self._rest)

    def peaks(self) -> bytes | None:
        if self._tail_bytes > _MAX_TAIL_BYTES:
            return None
        return self._peaks.as_bytes() or None
