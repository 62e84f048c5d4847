"""Audio is known by its bytes, and so is how long it plays."""

import struct

import pytest

from ringvault.core.audio.head import (
    UNRECOGNISED,
    WAV_HEADER_PROMISES_OTHER_LENGTH,
    FileType,
    read_head,
)
from ringvault.core.errors import NotAudioError
from tests.support.audio_files import mp3, wav


def id3(size: int) -> bytes:
    """Return an ID3v2 tag of that many bytes behind its header."""
    packed = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + packed + bytes(size)


def test_a_wav_tells_its_duration_and_length() -> None:
    """The data chunk's size counts, not the file's."""
    body = wav(2.5)
    head = read_head(body[:1000])

    assert head.file_type is FileType.WAV
    assert head.duration_of(len(body)) == 2.5
    assert head.notes_of(len(body)) == ()


def with_sizes(body: bytes, *, data: int, riff: int | None = None) -> bytes:
    """Return a WAV whose header names other sizes."""
    riff_size = body[4:8] if riff is None else struct.pack("<I", riff)
    return body[:4] + riff_size + body[8:40] + struct.pack("<I", data) + body[44:]


@pytest.mark.parametrize(
    ("data", "riff"),
    [
        (0x7FFFF000, 0x7FFFF024),  # SoX, into a pipe
        (0xFFFFFFFF - 36, 0xFFFFFFFF),
        (0x80000000, 0x80000024),
        (40_001, 40_037),  # one byte too many
        (100, 136),
    ],
)
def test_a_header_that_promises_another_length_is_noted_and_not_believed(
    data: int, riff: int
) -> None:
    """How long it plays is told by what is there, as players have it."""
    body = with_sizes(wav(2.5), data=data, riff=riff)
    head = read_head(body[:1000])

    assert head.duration_of(len(body)) == 2.5
    assert head.notes_of(len(body)) == (WAV_HEADER_PROMISES_OTHER_LENGTH,)


def test_a_chunk_behind_the_audio_is_no_part_of_it() -> None:
    """A header that is right about the whole file is believed about the audio."""
    audio = wav(2.5)
    body = with_sizes(audio, data=40_000, riff=len(audio)) + b"LIST" + bytes(4)
    head = read_head(body[:1000])

    assert head.duration_of(len(body)) == 2.5
    assert head.notes_of(len(body)) == ()


@pytest.mark.parametrize("mark", [b"RF64", b"BW64"])
def test_a_wav_with_sizes_of_64_bits_is_a_wav(mark: bytes) -> None:
    """Its own fields hold no size; what is there tells the duration."""
    body = wav(2.5)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, len(body), 40_000, 20_000, 0)
    chunks = body[12:40] + b"\xff\xff\xff\xff" + body[44:]
    large = mark + b"\xff\xff\xff\xffWAVE" + ds64 + chunks
    head = read_head(large)

    assert head.file_type is FileType.WAV
    assert head.duration_of(len(large)) == 2.5
    assert head.notes_of(len(large)) == ()


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_wav_written_while_it_was_recorded_is_measured_by_its_size(size: int) -> None:
    """Its header holds no length, so none is missed."""
    body = with_sizes(wav(2.5), data=size, riff=size)
    head = read_head(body[:1000])

    assert head.notes_of(len(body)) == ()
    assert head.duration_of(len(body)) == 2.5


def test_chunks_before_the_data_are_passed_over() -> None:
    """Telephone systems write LIST and fact chunks first; an odd one is padded."""
    body = wav(1)
    listed = body[:12] + b"LIST" + struct.pack("<I", 5) + bytes(6) + body[12:]

    assert read_head(listed).duration_of(len(listed)) == 1


@pytest.mark.parametrize("tag", [b"", id3(0), id3(300)])
def test_an_mp3_tells_its_duration_by_bitrate(tag: bytes) -> None:
    """A constant bitrate and the size behind the tag give the time."""
    body = tag + mp3(100)
    head = read_head(body)

    assert head.file_type is FileType.MP3
    assert head.duration_of(len(body)) == pytest.approx(100 * 417 / 16000)


def test_an_mp3_of_variable_bitrate_tells_its_frames() -> None:
    """A Xing header counts them."""
    first = bytearray(mp3(1))
    first[21:33] = b"Xing" + struct.pack(">II", 1, 1000)
    head = read_head(bytes(first) + mp3(5))

    assert head.duration_of(12345) == pytest.approx(1000 * 1152 / 44100)


def test_an_mp3_whose_tag_hides_the_first_frame_is_still_an_mp3() -> None:
    """A cover picture does not make it anything else; its duration stays unknown."""
    head = read_head(id3(70_000)[:65536])

    assert head.file_type is FileType.MP3
    assert head.duration_of(80_000) is None


@pytest.mark.parametrize("zeros", [1, 417, 4000])
def test_zero_bytes_before_the_first_frame_are_passed_over(zeros: int) -> None:
    """Players do so too."""
    body = bytes(zeros) + mp3(20)
    head = read_head(body)

    assert head.file_type is FileType.MP3
    assert head.duration_of(len(body)) == pytest.approx(20 * 417 / 16000)


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html>",
        b"\n <html>\x00\x01",
        b"\xef\xbb\xbf<?xml version='1.0'?>",
        b'{"errorCode":"CMN-201"}',
        "Sitzung abgelaufen: bitte später".encode(),
        "Sitzung abgelaufen: bitte später".encode("latin-1"),
        "<html>".encode("utf-16"),
        b"",
    ],
)
def test_text_is_never_taken_for_audio(body: bytes) -> None:
    """An error page with status 200 must not become a recording, whatever type it claims."""
    with pytest.raises(NotAudioError):
        read_head(body)


@pytest.mark.parametrize(
    "body",
    [
        b"OggS\x00\x02" + bytes(100),
        b"#!AMR\n\x3c\x08",
        b"RIFF\x00\x00\x00\x00AVI ",
        bytes(100),
        bytes(9) + b"\xff\xfb\x90\xc0" + b"\x01" * 1000,
        mp3(2, header=b"\xff\xff\x90\xc0"),
        mp3(2, header=b"\xff\xfb\xf0\xc0"),
        mp3(2, header=b"\xff\xfb\x9c\xc0"),
    ],
)
def test_binary_content_of_no_known_type_is_unrecognised(body: bytes) -> None:
    """It is neither called audio nor refused; how long it plays is not known."""
    head = read_head(body)

    assert head.file_type is FileType.UNRECOGNISED
    assert head.file_type.content_type == "application/octet-stream"
    assert head.duration_of(len(body)) is None
    assert head.notes_of(len(body)) == (UNRECOGNISED,)


def test_the_error_has_nothing_of_the_body() -> None:
    """A body may hold anything."""
    with pytest.raises(NotAudioError) as caught:
        read_head(b"<p>Call of Jane Doe")

    assert str(caught.value) == "the answer is text, HTML, XML or JSON, not audio"
