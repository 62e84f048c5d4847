"""One recording from its first byte to its verified last."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from ringvault.core.archiving.recording_stream import (
    MAX_STALLED_CONTINUATIONS,
    MIN_PART_BYTES,
    MIN_PROGRESS_BYTES,
    MediaResponse,
    RecordingStream,
)
from ringvault.core.errors import (
    BodyInterruptedError,
    ContentChangedError,
    NotAudioError,
    OutOfTimeError,
    RangeRefusedError,
)
from ringvault.core.quota.gate import Turn
from tests.support.audio_files import mp3, wav
from tests.support.fakes import START, Time

BODY = wav(30)
TURN = Turn("1", at=START, latest=START, closings=0)


@dataclass
class Source:
    """Answers with a body that breaks, or just ends, where it is planned."""

    body: bytes
    breaks_at: list[int] = field(default_factory=list)
    ends_at: list[int] = field(default_factory=list)
    ignores_range: bool = False
    tells_length: bool = True
    asked: list[int] = field(default_factory=list)

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        """Answer from `offset` on, and break where it is planned."""
        assert content_uri == "uri"
        assert turn == TURN
        self.asked.append(offset)
        start = 0 if self.ignores_range else offset
        return MediaResponse(
            offset=start,
            total_bytes=len(self.body) if self.tells_length else None,
            content_type="audio/wav",
            chunks=self._chunks(start, self.breaks_at.pop(0) if self.breaks_at else None),
        )

    def _chunks(self, start: int, breaks_at: int | None) -> Iterator[bytes]:
        whole = self.ends_at.pop(0) if self.ends_at else len(self.body)
        end = whole if breaks_at is None else breaks_at
        for at in range(start, end, 10_000):
            yield self.body[at : min(at + 10_000, end)]
        if breaks_at is not None:
            raise BodyInterruptedError("reset")


def stream_of(source: Source, time: Time | None = None) -> RecordingStream:
    """Open the stream of a source."""
    return RecordingStream(
        source=source,
        content_uri="uri",
        turn=TURN,
        reserve=lambda: TURN,
        clock=time or Time(),
        deadline=START + timedelta(minutes=5),
    )


def read(stream: RecordingStream) -> bytes:
    """Read to the end."""
    return b"".join(stream.chunks())


def test_a_whole_body_comes_out_unchanged_and_measured() -> None:
    """Size, digest and duration are those of the bytes."""
    stream = stream_of(Source(BODY))

    assert read(stream) == BODY
    assert stream.size_bytes == len(BODY)
    assert stream.sha256_hex == hashlib.sha256(BODY).hexdigest()
    assert stream.audio_duration_s == 30


@pytest.mark.parametrize("breaks_at", [[5], [100_000], [70_000, 70_000, 300_000]])
def test_a_body_that_breaks_is_continued_where_it_stopped(breaks_at: list[int]) -> None:
    """The rest is asked for, and the whole is as if it had come at once."""
    source = Source(BODY, breaks_at=breaks_at[:])
    stream = stream_of(source)

    assert read(stream) == BODY
    assert source.asked == [0, *breaks_at]
    assert stream.sha256_hex == hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize("breaks_at", [3, 65_536, 200_001])
def test_a_server_that_starts_again_is_read_past_what_is_known(breaks_at: int) -> None:
    """Where Range is ignored the known bytes are compared and left out."""
    source = Source(BODY, breaks_at=[breaks_at], ignores_range=True)

    assert read(stream_of(source)) == BODY


@pytest.mark.parametrize("ignores_range", [False, True])
def test_a_body_that_breaks_has_the_waveform_of_the_whole(*, ignores_range: bool) -> None:
    """Each byte is measured once, whether the server continues or starts again."""
    louder = BODY[:44] + bytes(at >> 11 if at % 2 else 0 for at in range(200_000))
    body = louder + BODY[len(louder) :]
    whole = stream_of(Source(body))
    broken = stream_of(Source(body, breaks_at=[70_001, 100_002], ignores_range=ignores_range))

    assert read(whole) == read(broken)
    assert len(set(whole.waveform or b"")) > 50
    assert broken.waveform == whole.waveform


def test_a_recording_that_changed_is_not_glued_together() -> None:
    """Two halves of different recordings never become one."""
    source = Source(BODY, breaks_at=[100_000], ignores_range=True)
    stream = stream_of(source)
    chunks = stream.chunks()
    next(chunks)
    source.body = wav(30, rate_hz=8001)[: len(BODY)]

    with pytest.raises(ContentChangedError):
        list(chunks)


def test_a_recording_that_changed_its_length_is_not_continued() -> None:
    """A new length is a new recording."""
    source = Source(BODY, breaks_at=[100_000])
    stream = stream_of(source)
    chunks = stream.chunks()
    next(chunks)
    source.body += b"more"

    with pytest.raises(ContentChangedError, match="length"):
        list(chunks)


def test_a_body_that_only_ends_early_is_continued_too() -> None:
    """A 206 that nobody asked for is a part, and so is a body short of its declared length."""
    source = Source(BODY, ends_at=[150_000])

    assert read(stream_of(source)) == BODY
    assert source.asked == [0, 150_000]


def test_a_wav_that_ends_before_its_header_says_is_whole_where_the_body_has_an_end() -> None:
    """The body's own end decides; the header may be wrong."""
    stream = stream_of(Source(BODY[:-1000], tells_length=False))

    assert read(stream) == BODY[:-1000]


def test_continuing_without_progress_has_an_end() -> None:
    """Each continuation costs a request of the quota."""
    source = Source(BODY, breaks_at=[100_000] * 20)

    with pytest.raises(BodyInterruptedError):
        read(stream_of(source))
    assert len(source.asked) == 1 + MAX_STALLED_CONTINUATIONS


def test_what_makes_progress_goes_on() -> None:
    """However often a body breaks, each continuation that brings enough is followed by another."""
    breaks_at = [at * MIN_PROGRESS_BYTES for at in range(1, len(BODY) // MIN_PROGRESS_BYTES + 1)]
    source = Source(BODY, breaks_at=breaks_at[:])

    assert read(stream_of(source)) == BODY
    assert len(source.asked) == 1 + len(breaks_at) > 1 + MAX_STALLED_CONTINUATIONS


@dataclass
class InParts(Source):
    """Answers in parts of its own choice; tells the whole length or not."""

    part_bytes: int = MIN_PART_BYTES

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        """Answer with one part."""
        self.asked.append(offset)
        if offset == len(self.body):
            raise RangeRefusedError("416", total_bytes=len(self.body))
        end = min(offset + self.part_bytes, len(self.body))
        return MediaResponse(
            offset=offset,
            total_bytes=len(self.body) if self.tells_length else None,
            content_type="audio/wav",
            chunks=iter([self.body[offset:end]]),
            has_end=self.tells_length,
            part_end=end,
        )


def test_parts_of_the_servers_own_choice_cost_a_request_each() -> None:
    """A part that comes whole is progress, and never a failure."""
    source = InParts(BODY)

    assert read(stream_of(source)) == BODY
    assert len(source.asked) == -(-len(BODY) // MIN_PART_BYTES)


def test_parts_of_next_to_nothing_are_given_up() -> None:
    """A server that serves single bytes does not use up the quota."""
    source = InParts(BODY, part_bytes=1)

    with pytest.raises(BodyInterruptedError):
        read(stream_of(source))
    assert len(source.asked) == 1 + MAX_STALLED_CONTINUATIONS


def test_a_part_of_an_unknown_whole_is_not_the_whole() -> None:
    """Only the answer that there is nothing more ends it."""
    source = InParts(BODY, part_bytes=200_000, tells_length=False)

    assert read(stream_of(source)) == BODY
    assert source.asked == [0, 200_000, 400_000, len(BODY)]


@dataclass
class Endless(Source):
    """Tells no length, marks no end and knows no ranges, as HTTP/1.0 does."""

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        """Answer with all of it until the connection ends."""
        self.asked.append(offset)
        end = self.ends_at.pop(0) if self.ends_at else len(self.body)
        return MediaResponse(0, None, "audio/wav", iter([self.body[:end]]), has_end=False)


@pytest.mark.parametrize("ends_at", [[], [200_000]])
def test_what_came_twice_alike_is_whole_where_nothing_else_tells(ends_at: list[int]) -> None:
    """A lost connection looks like the end: the second time it would be lost elsewhere."""
    source = Endless(BODY, ends_at=ends_at[:])

    assert read(stream_of(source)) == BODY
    assert len(source.asked) == 2 + len(ends_at)


def test_what_is_not_audio_is_refused_before_anything_is_stored() -> None:
    """Opening fails, so there is no chunk to store."""
    with pytest.raises(NotAudioError):
        stream_of(Source(b"<html>error</html>"))


def test_a_stream_stops_at_the_deadline() -> None:
    """The invocation keeps the time that it needs to say so."""
    time = Time()
    stream = stream_of(Source(BODY), time)
    chunks = stream.chunks()
    next(chunks)
    time.sleep(301)

    with pytest.raises(OutOfTimeError):
        list(chunks)


def test_an_mp3_is_streamed_like_a_wav() -> None:
    """The file type comes from the bytes even when the type says otherwise."""
    stream = stream_of(Source(mp3(500)))
    read(stream)

    assert stream.head.file_type == "mp3"
    assert stream.audio_duration_s == pytest.approx(500 * 417 / 16000)
