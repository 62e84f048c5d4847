"""Audio is known by its bytes, and so is how long it plays."""

import io
import struct
import wave

import pytest

from ringvault.core.audio import FileType, read_head
from ringvault.core.errors import BodyInterruptedError, NotAudioError


def wav(seconds: float, *, rate_hz: int = 8000) -> bytes:
    """Return a mono 16-bit WAV of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(bytes(int(seconds * rate_hz) * 2))
    return file.getvalue()


def mp3(frames: int, *, header: bytes = b"\xff\xfb\x90\xc0") -> bytes:
    """Return MPEG-1 layer III frames of 128 kbit/s, 44.1 kHz, mono: 417 bytes, 26.1 ms each."""
    return (header + bytes(413)) * frames


def id3(size: int) -> bytes:
    """Return an ID3v2 tag of that many bytes behind its header."""
    packed = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + packed + bytes(size)


def test_a_wav_tells_its_duration_and_length() -> None:
    """The data chunk's size counts, not the file's."""
    body = wav(2.5)
    head = read_head(body[:1000], content_type="audio/wav")

    assert head.file_type is FileType.WAV
    assert head.duration_of(len(body)) == 2.5
    head.check_whole(len(body))


def test_a_wav_shorter_than_its_header_says_is_not_whole() -> None:
    """A body that ends early is found out even where its length was not declared."""
    body = wav(2.5)
    head = read_head(body[:1000], content_type="audio/wav")

    with pytest.raises(BodyInterruptedError, match=f"promises {len(body)} bytes"):
        head.check_whole(len(body) - 1)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_written_while_it_was_recorded_is_measured_by_its_size(size: int) -> None:
    """Its header holds no length, so none is missed."""
    body = bytearray(wav(2.5))
    body[40:44] = struct.pack("<I", size)
    head = read_head(bytes(body[:1000]), content_type="audio/x-wav")
    head.check_whole(100)

    assert head.duration_of(len(body)) == 2.5


def test_chunks_before_the_data_are_passed_over() -> None:
    """Telephone systems write LIST and fact chunks first; an odd one is padded."""
    body = wav(1)
    listed = body[:12] + b"LIST" + struct.pack("<I", 5) + bytes(6) + body[12:]

    assert read_head(listed, content_type="audio/wav").duration_of(len(listed)) == 1


@pytest.mark.parametrize("tag", [b"", id3(0), id3(300)])
def test_an_mp3_tells_its_duration_by_bitrate(tag: bytes) -> None:
    """A constant bitrate and the size behind the tag give the time."""
    body = tag + mp3(100)
    head = read_head(body, content_type="audio/mpeg; charset=binary")

    assert head.file_type is FileType.MP3
    assert head.duration_of(len(body)) == pytest.approx(100 * 417 / 16000)


def test_an_mp3_of_variable_bitrate_tells_its_frames() -> None:
    """A Xing header counts them."""
    first = bytearray(mp3(1))
    first[21:33] = b"Xing" + struct.pack(">II", 1, 1000)
    head = read_head(bytes(first) + mp3(5), content_type="audio/mpeg")

    assert head.duration_of(12345) == pytest.approx(1000 * 1152 / 44100)


def test_an_mp3_whose_tag_hides_the_first_frame_is_still_an_mp3() -> None:
    """A cover picture does not make it anything else; its duration stays unknown."""
    head = read_head(id3(70_000)[:65536], content_type="audio/mpeg")

    assert head.file_type is FileType.MP3
    assert head.duration_of(80_000) is None


@pytest.mark.parametrize("content_type", ["application/octet-stream", "", "audio/mp3"])
def test_unspecific_types_are_judged_by_the_bytes(content_type: str) -> None:
    """The content type decides nothing that the bytes can decide."""
    assert read_head(wav(1), content_type=content_type).file_type is FileType.WAV


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<!DOCTYPE html><html>", "text/html; charset=utf-8"),
        (b'{"errorCode":"CMN-201"}', "application/json"),
        (wav(1), "text/html"),
        (b'{"errorCode":"CMN-201"}', "application/octet-stream"),
        (b"<html>", "audio/mpeg"),
        (b"", "audio/mpeg"),
        (b"RIFF\x00\x00\x00\x00AVI ", "audio/wav"),
        (mp3(2, header=b"\xff\xff\x90\xc0"), "audio/mpeg"),
        (mp3(2, header=b"\xff\xfb\xf0\xc0"), "audio/mpeg"),
        (mp3(2, header=b"\xff\xfb\x9c\xc0"), "audio/mpeg"),
    ],
)
def test_what_is_not_audio_is_never_taken_for_it(body: bytes, content_type: str) -> None:
    """An error page with status 200 must not become a recording."""
    with pytest.raises(NotAudioError):
        read_head(body, content_type=content_type)


def test_the_error_names_the_type_and_nothing_of_the_body() -> None:
    """A body may hold anything."""
    with pytest.raises(NotAudioError) as caught:
        read_head(b"<p>Call of Jane Doe", content_type="text/html")

    assert str(caught.value) == "the answer is 'text/html', not audio"
