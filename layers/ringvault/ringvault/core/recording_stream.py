"""One recording's bytes from RingCentral: continued when they break, verified as a whole."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Protocol

from ringvault.core.audio import AudioHead, read_first, read_head
from ringvault.core.errors import (
    BodyInterruptedError,
    ContentChangedError,
    OutOfTimeError,
    RangeRefusedError,
)
from ringvault.core.quota_gate import Clock, Turn
from ringvault.core.waveform import Waveform

# How often one invocation continues a body that broke; each time costs one request of the quota.
MOST_CONTINUATIONS = 5


@dataclass(frozen=True, slots=True)
class MediaResponse:
    """An answer with content: `chunks` are the bytes from `offset` on.

    `total_bytes` is the length of the whole recording, None where the answer does not tell it.
    Then `has_end` says whether the body marks its own end, as a chunked one does; otherwise a
    lost connection looks like the end.
    Reading `chunks` raises BodyInterruptedError where the body breaks.
    """

    offset: int
    total_bytes: int | None
    content_type: str
    chunks: Iterator[bytes]
    has_end: bool = True


class RecordingSource(Protocol):
    """RingCentral's media server."""

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        """Return the content from `offset` on, or from 0 where the server can't continue.

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
        """Open the recording and read as much as tells that it is audio.

        `turn` pays for the first request, `reserve` for each continuation.

        Raises:
            NotAudioError: what comes is something else; nothing has to be undone.
        """
        self._source = source
        self._content_uri = content_uri
        self._reserve = reserve
        self._clock = clock
        self._deadline = deadline
        self._sha256 = hashlib.sha256()
        self._content_type = ""
        self.size_bytes = 0
        self.continuations = 0
        self._pieces = self._read(turn)
        self._first = read_first(self._pieces)
        self.head: AudioHead = read_head(self._first, content_type=self._content_type)
        self._waveform = Waveform(self.head)

    @property
    def sha256_hex(self) -> str:
        """The SHA-256 of what has been read so far."""
        return self._sha256.hexdigest()

    @property
    def audio_duration_s(self) -> float | None:
        """How long what has been read plays; None where the audio does not tell."""
        return self.head.duration_of(self.size_bytes)

    @property
    def waveform(self) -> bytes | None:
        """The peaks of what has been yielded; None where the audio can't be measured."""
        return self._waveform.peaks

    def chunks(self) -> Iterator[bytes]:
        """Yield the content to its verified end.

        Raises:
            BodyInterruptedError: it broke too often, or is shorter than it says.
            OutOfTimeError: the deadline has passed.
        """
        for chunk in chain((self._first,), self._pieces):
            self._waveform.update(chunk)
            yield chunk
        self.head.check_whole(self.size_bytes)

    def _read(self, turn: Turn) -> Iterator[bytes]:
        response = self._source.open(self._content_uri, offset=0, turn=turn)
        if response.offset != 0:
            raise ContentChangedError(f"the answer begins at byte {response.offset}, not at 0")
        self._content_type = response.content_type
        while True:
            try:
                yield from self._whole(response)
            except BodyInterruptedError:
                if self.continuations >= MOST_CONTINUATIONS:
                    raise
                self.continuations += 1
                response = self._continued(response)
            else:
                return

    def _whole(self, response: MediaResponse) -> Iterator[bytes]:
        for chunk in response.chunks:
            if self._clock() >= self._deadline:
                raise OutOfTimeError(f"the invocation ends; {self.size_bytes} bytes had come")
            self._sha256.update(chunk)
            self.size_bytes += len(chunk)
            yield chunk
        if response.total_bytes not in {None, self.size_bytes}:
            raise BodyInterruptedError(f"{self.size_bytes} bytes of {response.total_bytes} came")
        if not response.has_end:
            raise BodyInterruptedError(f"{self.size_bytes} bytes came, of nobody knows how many")

    def _continued(self, broken: MediaResponse) -> MediaResponse:
        """Return the answer that carries the rest, which may turn out to be nothing."""
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
            raise ContentChangedError(f"the answer begins at byte {response.offset}, unasked")
        return replace(
            response, offset=self.size_bytes, chunks=self._without_known(response.chunks)
        )

    def _opened(self, offset: int) -> MediaResponse:
        return self._source.open(self._content_uri, offset=offset, turn=self._reserve())

    def _without_known(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield what lies behind the bytes that came before; those have to be the same."""
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
