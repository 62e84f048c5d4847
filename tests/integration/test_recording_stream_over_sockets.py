"""Whole recordings through sockets that break, repeat themselves, or bring something else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from local.ringcentral.account.calls import RecordingFile
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.core.archiving.recording_stream import MAX_STALLED_CONTINUATIONS, RecordingStream
from ringvault.core.audio.head import FileType
from ringvault.core.errors import (
    BodyInterruptedError,
    ContentChangedError,
    NotAudioError,
    RingvaultError,
    TransientError,
)
from tests.support.cloud import Cloud
from tests.support.line import Line, line_to
from tests.support.moving_time import MovingTime
from tests.support.tiny_server import Reply, Seen, TinyServer, in_turn

MIB = 1024 * 1024
# MPEG-2 layer III, 8 kbit/s at 16 kHz: frames of 36 bytes, so audio starts anew at each.
FRAME = bytes.fromhex("fff318c4") + bytes(32)
MP3 = b"".join(FRAME[:-2] + number.to_bytes(2, "big") for number in range(60_000))
# Bytes come in pieces of 1 MiB, and a piece that breaks is lost: more than one has to arrive.
BROKEN_AFTER = MIB + 300_000
AUDIO = {"Content-Type": "audio/mpeg"}


@pytest.fixture
def simulator(simulate: Callable[[Options], Simulator]) -> Simulator:
    """Return an account with one MP3 and one WAV recording of 3 MiB."""
    quotas = quotas_with(heavy=Quota(1_000, 60, 60))
    return simulate(Options(recordings=1, days=2, quotas=quotas, add_wav_bytes=(3 * MIB,)))


@pytest.fixture
def wav(simulator: Simulator) -> RecordingFile:
    """Return the WAV recording."""
    (recording,) = (
        it for it in simulator.account.recordings.values() if it.audio.content_type == "audio/wav"
    )
    return recording


@pytest.fixture
def line(cloud: Cloud, time: MovingTime, simulator: Simulator) -> Line:
    """Return a line to the simulator."""
    return line_to(simulator.base_url, cloud=cloud, time=time)


def stream_of(line: Line, content_uri: str) -> RecordingStream:
    """Return the stream of a recording, with an hour for it."""
    return RecordingStream(
        source=line.client,
        content_uri=content_uri,
        turn=line.turn(),
        reserve=line.turn,
        clock=line.time,
        deadline=line.time() + timedelta(hours=1),
    )


def of_simulator(line: Line, recording: RecordingFile) -> RecordingStream:
    """Return the stream of a simulated recording."""
    account = f"{line.server_url}/restapi/v1.0/account/~"
    return stream_of(line, f"{account}/recording/{recording.id}/content")


def read(
    cloud: Cloud, time: MovingTime, answer: Callable[[Seen], Reply]
) -> tuple[RecordingStream, bytes, list[Seen]]:
    """Read a recording from a server of our own; return what came, and what was asked."""
    with TinyServer(answer) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        stream = stream_of(line, f"{server.url}/content")
        content = b"".join(stream.chunks())
    return stream, content, server.seen


def broken_after(size_bytes: int) -> Reply:
    """Return an answer that promises the whole and breaks off."""
    return Reply(200, {**AUDIO, "Content-Length": str(len(MP3))}, MP3[:size_bytes])


def part(first: int, last: int) -> Reply:
    """Return the answer 206 with the bytes `first` to `last`."""
    headers = {**AUDIO, "Content-Range": f"bytes {first}-{last}/{len(MP3)}"}
    return Reply(206, headers, MP3[first : last + 1])


def chunked(content: bytes) -> Reply:
    """Return an answer that does not tell its length."""
    pieces = b"%x\r\n%s\r\n" % (len(content), content) if content else b""
    return Reply(200, {**AUDIO, "Transfer-Encoding": "chunked"}, pieces + b"0\r\n\r\n")


def test_recordings_come_as_they_were_served(simulator: Simulator, line: Line) -> None:
    """MP3 and WAV arrive byte for byte, with checksum, size and duration of the whole."""
    books: Any = simulator.books()
    expected = {it["id"]: it for it in books["recordings"]}
    for recording in simulator.account.recordings.values():
        stream = of_simulator(line, recording)
        content = b"".join(stream.chunks())
        told = expected[recording.id]
        assert (stream.sha256_hex, stream.size_bytes) == (told["sha256"], told["size"])
        assert len(content) == told["size"]
        assert stream.head.file_type.content_type == told["contentType"]
        assert stream.audio_duration_s == pytest.approx(told["duration"], abs=1)
        assert stream.continuations == 0


@pytest.mark.parametrize("cut_after", [0, 1, 1000, MIB, MIB + 1, 3 * MIB - 1])
def test_a_body_cut_short_goes_on(
    simulator: Simulator, line: Line, wav: RecordingFile, cut_after: int
) -> None:
    """Wherever a body is cut, the rest is fetched by one more request and the whole is the same."""
    simulator.inject(Fault(path="*/content", cut_after_bytes=cut_after, times=1))
    stream = of_simulator(line, wav)
    content = b"".join(stream.chunks())
    assert content == b"".join(wav.audio.whole())
    assert stream.continuations == 1
    books: Any = simulator.books(sha256=False)
    assert books["requests"]["heavy"] == 2


def test_what_has_come_is_not_fetched_again(
    simulator: Simulator, line: Line, wav: RecordingFile
) -> None:
    """A body that is cut three times is served little more than once."""
    simulator.inject(Fault(path="*/content", cut_after_bytes=MIB + 1000, times=2))
    stream = of_simulator(line, wav)
    assert b"".join(stream.chunks()) == b"".join(wav.audio.whole())
    books: Any = simulator.books(sha256=False)
    assert books["contentBytesServed"] < 3 * MIB + 3 * 1000
    assert stream.continuations == 2


def test_a_body_that_breaks_too_often_is_given_up(
    simulator: Simulator, line: Line, wav: RecordingFile
) -> None:
    """Each continuation costs a request of the quota, so there is an end to them."""
    simulator.inject(Fault(path="*/content", cut_after_bytes=1000))
    with pytest.raises(BodyInterruptedError):
        of_simulator(line, wav)
    books: Any = simulator.books(sha256=False)
    assert books["requests"]["heavy"] == 1 + MAX_STALLED_CONTINUATIONS


def test_a_server_without_ranges(cloud: Cloud, time: MovingTime) -> None:
    """Where the rest can't be had alone the whole is read again, and compared."""
    answers = in_turn(broken_after(BROKEN_AFTER), Reply(200, AUDIO, MP3))
    stream, content, seen = read(cloud, time, answers)
    assert content == MP3
    assert stream.head.file_type is FileType.MP3
    assert seen[1].headers["range"] == f"bytes={BROKEN_AFTER}-"


@pytest.mark.parametrize(
    "second",
    [
        Reply(200, AUDIO, MP3[:1000] + b"X" + MP3[1001:]),
        Reply(200, AUDIO, MP3 + FRAME),
        Reply(206, {**AUDIO, "Content-Range": "bytes 36-71/99"}, FRAME),
        Reply(416, {"Content-Range": "bytes */9"}),
    ],
    ids=["other bytes", "longer", "other part of another", "shorter"],
)
def test_a_recording_that_changed_is_not_put_together(
    cloud: Cloud, time: MovingTime, second: Reply
) -> None:
    """Two different recordings never become one."""
    with pytest.raises(ContentChangedError):
        read(cloud, time, in_turn(broken_after(BROKEN_AFTER), second))


def test_a_part_that_nobody_asked_for_is_not_the_whole(cloud: Cloud, time: MovingTime) -> None:
    """An unasked 206 with the beginning is continued to the end."""
    size = len(MP3)
    stream, content, seen = read(cloud, time, in_turn(part(0, 99_999), part(100_000, size - 1)))
    assert content == MP3
    assert stream.continuations == 1
    assert seen[1].headers["range"] == "bytes=100000-"


def test_a_part_from_the_middle_is_not_the_beginning(cloud: Cloud, time: MovingTime) -> None:
    """An unasked 206 that does not start at 0 is never stored as the start of a recording."""
    middle, size = len(MP3) // 2, len(MP3)
    rest = part(middle, size - 1)
    with pytest.raises(TransientError):
        read(cloud, time, in_turn(rest, rest))


def test_a_repetition_that_is_shorter_is_not_the_whole(cloud: Cloud, time: MovingTime) -> None:
    """A second answer, of unknown length, that ends before what had come is another recording."""
    pieces = b"%x\r\n%s\r\n" % (BROKEN_AFTER, MP3[:BROKEN_AFTER])
    broken = Reply(200, {**AUDIO, "Transfer-Encoding": "chunked"}, pieces)
    with pytest.raises(RingvaultError):
        read(cloud, time, in_turn(broken, chunked(MP3[:36_000])))


@pytest.mark.parametrize(
    "content_type",
    ["binary/octet-stream", "application/binary", "application/json", "text/html", "x", ""],
)
def test_audio_is_audio_whatever_its_type_says(
    cloud: Cloud, time: MovingTime, content_type: str
) -> None:
    """Storage serves what was stored without a type as binary/octet-stream; the bytes decide."""
    reply = Reply(200, {"Content-Type": content_type} if content_type else {}, MP3)
    stream, content, _ = read(cloud, time, in_turn(reply))
    assert content == MP3
    assert stream.head.file_type is FileType.MP3


def test_parts_of_the_servers_own_choice(cloud: Cloud, time: MovingTime) -> None:
    """Each unasked 206 is continued at once, with exactly as many requests as parts."""
    size, step = len(MP3), len(MP3) // 12 + 1
    parts = [part(at, min(at + step, size) - 1) for at in range(0, size, step)]
    stream, content, seen = read(cloud, time, in_turn(*parts))
    assert content == MP3
    assert len(seen) == len(parts) == 12
    assert stream.continuations == 11


def test_an_encoding_that_nobody_asked_for_is_no_content(cloud: Cloud, time: MovingTime) -> None:
    """Compressed bytes are never stored as the recording."""
    reply = Reply(200, {**AUDIO, "Content-Encoding": "gzip"}, b"\x1f\x8b" + MP3)
    with pytest.raises(TransientError, match="encoding"):
        read(cloud, time, in_turn(reply))


def test_a_length_that_nobody_tells(cloud: Cloud, time: MovingTime) -> None:
    """A body without a length is whole when it ends as it should."""
    _, content, seen = read(cloud, time, in_turn(chunked(MP3)))
    assert content == MP3
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, {"Content-Type": "text/html"}, b"<html>sign in</html>"), "text, HTML"),
        (Reply(200, AUDIO, b"<html>sign in</html>"), "text, HTML"),
        (Reply(200, AUDIO, b'{"errorCode": "CMN-201"}'), "text, HTML"),
        (Reply(200, AUDIO, b""), "no content"),
        (Reply(204), "204"),
    ],
)
def test_what_is_no_audio_is_refused(
    cloud: Cloud, time: MovingTime, reply: Reply, said: str
) -> None:
    """A 200 with a page, or with nothing, is refused before a byte could be stored."""
    with TinyServer(in_turn(reply)) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(RingvaultError, match=said) as told:
            stream_of(line, f"{server.url}/content")
    assert isinstance(told.value, NotAudioError) is (reply.status == 200)
    assert len(server.seen) == 1
