"""One recording's bytes from RingCentral: resumed after an interruption, verified as a whole."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Protocol

from ringvault.core.audio.head import AudioHead, read_first, read_head
from ringvault.core.audio.waveform import Waveform
from ringvault.core.errors import (
    BodyInterruptedError,
    ContentChangedError,
    OutOfTimeError,
    RangeRefusedError,
)
from ringvault.core.instants import Clock
from ringvault.core.quota.gate import Turn

# How many continuations in a row may bring almost nothing; each costs one request of the quota.
MAX_STALLED_CONTINUATIONS = 5
# The bytes that count as progress. A complete part of a server that chooses its own part size
# may be smaller.
MIN_PROGRESS_BYTES = 64 * 1024
MIN_PART_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class MediaResponse:
    """An answer with content: `chunks` are the bytes from `offset` on.

    `content_type` is the server's; it decides nothing.
    `total_bytes` is the length of the whole recording, None if the answer does not say.
    In that case `has_end` says whether the body marks its own end, as a chunked one does; if not, a
    lost connection looks like the end. `part_end` is where the bytes of this answer end where it
    is declared as a part, counted from the start of the recording. `is_repeated` says that bytes
    that arrived before were sent again from the start, and were the same.
    Reading `chunks` raises BodyInterruptedError when the body breaks off.
    """

    offset: int
    total_bytes: int | None
    content_type: str
    chunks: Iterator[bytes]
    has_end: bool = True
    part_end: int | None = None
    is_repeated: bool = False


class RecordingSource(Protocol):
    """RingCentral's media server."""

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        """Return the content from `offset` on, or from 0 if the server can't continue.

        Raises:
            RangeRefusedError: there is nothing at `offset`.
        """


class RecordingStream:
    """The content of one recording, to be read once through `chunks`.

    After the last chunk, `size_bytes`, `sha256_hex`, `audio_duration_s` and `waveform` are those of
    the whole.
    """

    def __init__(
        self,
        *,
        source: RecordingSource,
        content_uri: str,
        turn: Turn,
        reserve: Callable[[], Turn],
        clock: Clock,
        deadline: datetime,
    ) -> None:
        """Open the recording and read enough to know that it is audio.

        `turn` pays for the first request, `reserve` for each continuation.

        Raises:
            NotAudioError: the answer is text or empty; nothing has to be undone.
        """
        self._source = source
        self._content_uri = content_uri
        self._reserve = reserve
        self._clock = clock
        self._deadline = deadline
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0
        self.continuations = 0
        self._pieces = self._read(turn)
        self._first = read_first(self._pieces)
        self.head: AudioHead = read_head(self._first)
        self._waveform = Waveform(self.head)

    @property
    def sha256_hex(self) -> str:
        """The SHA-256 of the bytes read so far."""
        return self._sha256.hexdigest()

    @property
    def audio_duration_s(self) -> float | None:
        """The playing time of the bytes read so far; None if the audio does not say."""
        return self.head.duration_of(self.size_bytes)

    @property
    def waveform(self) -> bytes | None:
        """The peaks of the bytes yielded so far; None if the audio can't be measured."""
        return self._waveform.peaks

    def chunks(self) -> Iterator[bytes]:
        """Yield the content to its verified end.

        Raises:
            BodyInterruptedError: it broke off repeatedly without progress.
            OutOfTimeError: the deadline has passed.
        """
        for chunk in chain((self._first,), self._pieces):
            self._waveform.update(chunk)
            yield chunk

    def _read(self, turn: Turn) -> Iterator[bytes]:
        response = self._source.open(self._content_uri, offset=0, turn=turn)
        if response.offset != 0:
            raise ContentChangedError(f"the answer begins at byte {response.offset}, not at 0")
        stalled = 0
        while True:
            began_at = self.size_bytes
            try:
                yield from self._whole(response)
            except BodyInterruptedError:
                if self.continuations and not self._has_progressed(response, began_at):
                    stalled += 1
                    if stalled >= MAX_STALLED_CONTINUATIONS:
                        raise
                else:
                    stalled = 0
                self.continuations += 1
                response = self._continued(response)
            else:
                return

    def _has_progressed(self, response: MediaResponse, began_at: int) -> bool:
        """Whether the answer brought enough to continue any number of times."""
        is_whole_part = self.size_bytes == response.part_end
        least = MIN_PART_BYTES if is_whole_part else MIN_PROGRESS_BYTES
        return self.size_bytes - began_at >= least

    def _whole(self, response: MediaResponse) -> Iterator[bytes]:
        """Yield the body to its end; raises BodyInterruptedError if that is not the whole's end."""
        began_at = self.size_bytes
        for chunk in response.chunks:
            if self._clock() >= self._deadline:
                raise OutOfTimeError(f"the invocation ends; {self.size_bytes} bytes had arrived")
            self._sha256.update(chunk)
            self.size_bytes += len(chunk)
            yield chunk
        if response.total_bytes not in {None, self.size_bytes}:
            raise BodyInterruptedError(f"{self.size_bytes} bytes of {response.total_bytes} came")
        came_twice = (
            response.is_repeated and response.part_end is None and self.size_bytes == began_at
        )
        if not response.has_end and not came_twice:
            raise BodyInterruptedError(f"{self.size_bytes} bytes arrived of an unknown length")

    def _continued(self, broken: MediaResponse) -> MediaResponse:
        """Return the answer with the rest, which may be empty."""
        try:
            response = self._opened(self.size_bytes)
        except RangeRefusedError as error:
            if error.total_bytes == self.size_bytes:
                return replace(broken, total_bytes=self.size_bytes, chunks=iter(()), has_end=True)
            if error.total_bytes is not None:
                raise ContentChangedError("the recording is shorter than it was") from error
            response = self._opened(0)
        lengths = {broken.total_bytes, response.total_bytes} - {None}
        if len(lengths) > 1:
            raise ContentChangedError("the recording changed its length while it was read")
        if response.offset == self.size_bytes:
            return response
        if response.offset != 0:
            raise ContentChangedError(f"the answer begins at byte {response.offset}, not requested")
        return replace(
            response,
            offset=self.size_bytes,
            chunks=self._without_known(response.chunks),
            is_repeated=True,
        )

    def _opened(self, offset: int) -> MediaResponse:
        return self._source.open(self._content_uri, offset=offset, turn=self._reserve())

    def _without_known(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the bytes after those that arrived before; the repeated ones must be the same."""
        skip, expected, sha256 = self.size_bytes, self._sha256.digest(), hashlib.sha256()
        for chunk in chunks:
            if skip == 0:
                yield chunk
                continue
            known, new = chunk[:skip], chunk[skip:]
            sha256.update(known)
            skip -= len(known)
            if skip == 0 and sha256.digest() != expected:
                raise ContentChangedError("the recording changed while it was read")
            if new:
                yield new
        if skip > 0:
            raise ContentChangedError("the recording is shorter than it was")
