"""What one hears: valid files, computed at any offset, nowhere the same."""

import io
import itertools
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.ringcentral.media.audio import Audio
from local.ringcentral.media.mp3_audio import FRAME_BYTES, mp3_audio
from local.ringcentral.media.wav_audio import wav_audio

WAV = wav_audio("111", size_bytes=44 + 16_000 * 35 + 300)
MP3 = mp3_audio("222", duration_s=35)


def _bytes(audio: Audio) -> bytes:
    return b"".join(audio.whole())


def test_wav_opens() -> None:
    """The standard library reads a WAV of ours: 8 kHz, 16 bit, mono, as long as it says."""
    with wave.open(io.BytesIO(_bytes(WAV))) as file:
        assert file.getparams()[:3] == (1, 2, 8_000)
        assert file.getnframes() == 8_000 * 35 + 150
        assert len(file.readframes(file.getnframes())) == WAV.size_bytes - 44


@pytest.mark.parametrize("size_bytes", [46, 1_000, 16_044, 1_000_000])
def test_wav_has_the_size_asked_for(size_bytes: int) -> None:
    """Any even size can be had, to the byte."""
    assert len(_bytes(wav_audio("1", size_bytes=size_bytes))) == size_bytes


def test_mp3_is_a_chain_of_frames() -> None:
    """After the ID3 tag frame follows frame to the end: MPEG 2.5, 8 kbit/s, 8 kHz, mono."""
    whole = _bytes(MP3)
    assert whole[:3] == b"ID3"
    tag_bytes = 10 + int.from_bytes(whole[6:10], "big")  # a short tag: seven bits are enough
    frames = [whole[at : at + FRAME_BYTES] for at in range(tag_bytes, len(whole), FRAME_BYTES)]
    # Everything but the private bit, which marks the place.
    headers = {(frame[0], frame[1], frame[2] & 0xFE, frame[3]) for frame in frames}
    assert len(headers) == 1
    sync, version, rate, mode = headers.pop()
    assert (sync, version & 0xFE) == (0xFF, 0xE2)
    assert (rate >> 4, rate >> 2 & 3, mode >> 6) == (1, 2, 3)
    assert len(frames[-1]) == FRAME_BYTES
    assert 35 <= len(frames) * 0.072 < 35.072


def test_mp3_loop_begins_with_a_frame_that_borrows_nothing() -> None:
    """Each repetition starts where a decoder needs no earlier frame: main_data_begin is 0."""
    block = MP3.block(3)
    assert len(block) == MP3.block_bytes
    assert block[4] == 0


@pytest.mark.parametrize("audio", [WAV, MP3], ids=["wav", "mp3"])
def test_sizes_agree(audio: Audio) -> None:
    """What comes is as long as declared."""
    assert len(_bytes(audio)) == audio.size_bytes


@settings(max_examples=50)
@given(st.data())
def test_any_slice_is_a_slice_of_the_whole(data: st.DataObject) -> None:
    """Bytes are the same from whichever offset one starts."""
    audio = data.draw(st.sampled_from([WAV, MP3]))
    start = data.draw(st.integers(0, audio.size_bytes))
    stop = data.draw(st.integers(start, audio.size_bytes + 100))
    assert b"".join(audio.slice(start, stop)) == _bytes(audio)[start:stop]


@pytest.mark.parametrize(("audio", "stretch"), [(WAV, 128), (MP3, 36 * FRAME_BYTES)])
def test_no_two_places_are_alike(audio: Audio, stretch: int) -> None:
    """A stretch of 128 bytes of WAV, or 36 frames of MP3, occurs once."""
    whole = _bytes(audio)
    step = 2 if audio is WAV else FRAME_BYTES
    starts = range(len(audio.head), len(whole) - stretch, step)
    assert len({whole[at : at + stretch] for at in starts}) == len(starts)


def test_no_two_recordings_are_alike() -> None:
    """Recordings of one length differ in every second of WAV and every block of MP3."""
    for one, other in (
        (WAV, wav_audio("112", size_bytes=WAV.size_bytes)),
        (MP3, mp3_audio("223", duration_s=35)),
    ):
        blocks = itertools.product((one, other), range(4))
        assert len({audio.block(index) for audio, index in blocks}) == 8
