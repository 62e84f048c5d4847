"""The waveform: what is seen of a recording without playing it, in bounded memory."""

import math
import struct
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random
from statistics import correlation, fmean

import lameenc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringvault.core.audio.head import HEAD_BYTES, read_head
from ringvault.core.audio.peaks import MAX_PEAKS, Peaks, level_of
from ringvault.core.audio.waveform import Waveform

PCM, A_LAW, MU_LAW = 1, 6, 7
RATE_HZ = 8000
SECOND = range(RATE_HZ)
# Each way to write a sample of -1.0 to 1.0; the codes of G.711 by their definition.
FORMATS = [(PCM, 8), (PCM, 16), (PCM, 24), (A_LAW, 8), (MU_LAW, 8)]

Samples = list[float]


def written(samples: Samples, encoding: int, bits: int) -> bytes:
    """Return samples as a WAV file has them."""
    if encoding != PCM:
        encode = _a_law if encoding == A_LAW else _mu_law
        return bytes(encode(sample) for sample in samples)
    if bits == 8:
        return bytes(round(sample * 127) + 128 for sample in samples)
    largest = 2 ** (bits - 1) - 1
    size = bits // 8
    return b"".join(round(s * largest).to_bytes(size, "little", signed=True) for s in samples)


def _mu_law(sample: float) -> int:
    biased = min(8158, round(abs(sample) * 8159)) + 33
    exponent = biased.bit_length() - 6
    code = exponent << 4 | biased >> (exponent + 1) & 15 | (0x80 if sample < 0 else 0)
    return ~code & 0xFF


def _a_law(sample: float) -> int:
    size = min(4095, round(abs(sample) * 4096))
    exponent = max(0, size.bit_length() - 5)
    code = exponent << 4 | size >> max(1, exponent) & 15
    return (code | (0 if sample < 0 else 0x80)) ^ 0x55


def wav(data: bytes, encoding: int = PCM, bits: int = 16, *, channels: int = 1) -> bytes:
    """Return a WAV file of 8 kHz."""
    frame = channels * bits // 8
    fmt = struct.pack("<HHIIHH", encoding, channels, RATE_HZ, RATE_HZ * frame, frame, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tone(amplitude: float, seconds: float = 1) -> Samples:
    """Return 440 Hz."""
    step = 2 * math.pi * 440 / RATE_HZ
    return [amplitude * math.sin(step * at) for at in range(int(RATE_HZ * seconds))]


def peaks_of(body: bytes, sizes: Iterator[int] | None = None) -> bytes | None:
    """Return the peaks of a file that comes in chunks of these sizes, or at once."""
    waveform = Waveform(read_head(body[:HEAD_BYTES]))
    at = 0
    while at < len(body):
        size = next(sizes) if sizes else len(body)
        waveform.update(body[at : at + size])
        at += size
    return waveform.peaks


def shape_of(body: bytes) -> bytes:
    """Return the peaks of a file that has some."""
    peaks = peaks_of(body)
    assert peaks is not None
    return peaks


def cut_by(sizes: list[int]) -> Iterator[int]:
    """Repeat sizes for ever."""
    while True:
        yield from sizes


def mp3_frame(gain: int, *, bits: int = 100, pairs: int = 10, table: int = 1) -> bytes:
    """Return a frame of MPEG-2.5, 8 kHz, 8 kbit/s, mono: 72 bytes, 72 ms; nothing decodes it."""
    tables = table << 17 | table << 12 | table << 7
    granule = bits << 51 | pairs << 42 | gain << 34 | tables << 2
    return b"\xff\xe3\x18\xc4" + granule.to_bytes(9) + bytes(59)


def encoded(samples: Samples, *, rate_hz: int, bitrate_kbps: int) -> bytes:
    """Return what LAME makes of samples."""
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(rate_hz)
    encoder.set_out_sample_rate(rate_hz)
    encoder.set_bit_rate(bitrate_kbps)
    pcm = array("h", (round(sample * 32767) for sample in samples))
    return bytes(encoder.encode(pcm.tobytes()) + encoder.flush())


@pytest.mark.parametrize(("encoding", "bits"), FORMATS)
@pytest.mark.parametrize("amplitude", [0.9, 0.25, 0.03])
def test_a_tone_is_as_loud_throughout_as_it_was_written(
    encoding: int, bits: int, amplitude: float
) -> None:
    """Each format tells the amplitude, as exactly as its quantiser allows."""
    peaks = shape_of(wav(written(tone(amplitude), encoding, bits), encoding, bits))

    assert len(peaks) == RATE_HZ // 256
    assert list(peaks) == pytest.approx([level_of(amplitude)] * len(peaks), abs=11)


@pytest.mark.parametrize(("encoding", "bits"), FORMATS)
def test_silence_is_nought(encoding: int, bits: int) -> None:
    """The code for silence is another in each format."""
    assert not any(shape_of(wav(written([0.0] * RATE_HZ, encoding, bits), encoding, bits)))


@pytest.mark.parametrize(("encoding", "bits"), FORMATS)
def test_what_grows_louder_rises(encoding: int, bits: int) -> None:
    """A ramp from silence to the loudest is seen as one, from end to end."""
    ramp = [sample * at / 4 / RATE_HZ for at, sample in enumerate(tone(1, seconds=4))]
    peaks = shape_of(wav(written(ramp, encoding, bits), encoding, bits))

    assert (peaks[0] < 40, peaks[-1] > 250) == (True, True)
    assert all(later >= earlier - 6 for earlier, later in pairwise(peaks))


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_the_louder_of_two_channels_counts(bits: int) -> None:
    """Who speaks stands on one channel, who is silent on the other."""
    one = written(tone(0.5), PCM, bits)
    size = bits // 8
    silence = written([0.0], PCM, bits)
    stereo = b"".join(silence + one[at : at + size] for at in range(0, len(one), size))

    assert shape_of(wav(stereo, PCM, bits, channels=2)) == shape_of(wav(one, PCM, bits))


def test_a_long_recording_has_800_peaks_evenly_spread() -> None:
    """Of ten minutes with the seventh loud, one tenth of the peaks is loud, at its place."""
    minute = written(tone(0.5), MU_LAW, 8) * 60
    quiet = written([0.0], MU_LAW, 8) * RATE_HZ * 60
    peaks = shape_of(wav(quiet * 6 + minute + quiet * 3, MU_LAW, 8))

    assert len(peaks) == MAX_PEAKS
    loud = [at for at, peak in enumerate(peaks) if peak]
    assert loud[0] in {479, 480}
    assert loud[-1] in {559, 560}
    assert loud == list(range(loud[0], loud[-1] + 1))


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 300_000), loud=st.lists(st.integers(0, 299_999), max_size=9))
def test_peaks_stay_bounded_and_in_place(count: int, loud: list[int]) -> None:
    """However many pieces come, memory and the number of peaks do not grow with them."""
    peaks, piece, expected = Peaks(), 0, set()
    while piece < count:
        following = peaks.add(piece, 0)
        for at in loud:
            if piece <= at < following and at < count:
                peaks.add(piece, 200)
                expected.add(piece)
        piece = following

    result = peaks.as_bytes()
    assert len(result) == min(count, MAX_PEAKS) or MAX_PEAKS // 2 < len(result) <= MAX_PEAKS
    assert len(peaks._buckets) <= 8 * MAX_PEAKS
    for at in expected:
        near = at * len(result) // count
        assert 200 in result[max(0, near - 1) : near + 2]


@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("kind", ["wav", "mu-law", "stereo", "mp3"])
def test_chunks_of_any_size_give_the_same_peaks(kind: str, sizes: list[int]) -> None:
    """The network cuts where it likes."""
    body = BODIES[kind]()

    assert peaks_of(body, cut_by(sizes)) == shape_of(body)


BODIES: dict[str, Callable[[], bytes]] = {
    "wav": lambda: wav(array("h", (at * 37 % 3001 - 1500 for at in SECOND)).tobytes()),
    "mu-law": lambda: wav(bytes(at * 37 % 256 for at in SECOND), MU_LAW, 8),
    "stereo": lambda: wav(bytes(at * 37 % 251 for at in range(48_000)), PCM, 24, channels=2),
    "mp3": lambda: id3(300) + b"".join(mp3_frame(160 + at % 40) for at in range(300)),
}


def id3(size: int) -> bytes:
    """Return an ID3v2 tag of that many bytes behind its header, that look like frames."""
    packed = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + packed + (mp3_frame(255) * (size // 72 + 1))[:size]


def test_an_mp3_frame_is_as_loud_as_its_quantiser_allows() -> None:
    """The step rises by 6 dB every four units of gain, that is by 32 levels; no bits, no sound."""
    gains = [200, 196, 192]
    silence = mp3_frame(255, bits=0)
    peaks = shape_of(b"".join(mp3_frame(gain) for gain in gains) + silence)

    assert peaks[3] == 0
    assert peaks[0] - peaks[1] == pytest.approx(32, abs=1)
    assert peaks[1] - peaks[2] == pytest.approx(32, abs=1)


def test_larger_values_are_louder() -> None:
    """Table 24 writes up to 30 where table 1 writes up to 1, and more lines hold more energy."""
    few, large, many = shape_of(
        mp3_frame(190) + mp3_frame(180, table=24) + mp3_frame(190, pairs=250)
    )
    assert few < large
    assert few < many


@pytest.mark.parametrize("size", [300, 200_000])
def test_a_tag_is_no_audio(size: int) -> None:
    """Nor is one that is longer than the head that was looked at."""
    frames = mp3_frame(200) * 50

    assert shape_of(id3(size) + frames) == shape_of(frames)


@pytest.mark.parametrize(
    ("rate_hz", "bitrate_kbps"), [(8000, 32), (8000, 64), (16000, 32), (22050, 64)]
)
def test_an_mp3_looks_like_the_speech_it_was_made_of(rate_hz: int, bitrate_kbps: int) -> None:
    """Each syllable is as loud as in the WAV within 8 dB, and they rise and fall together."""
    speech = list(syllables(rate_hz))
    heard = quarters(shape_of(encoded(speech, rate_hz=rate_hz, bitrate_kbps=bitrate_kbps)))
    meant = quarters(shape_of(wav(written(speech, PCM, 16))))

    error = math.sqrt(fmean((one - other) ** 2 for one, other in zip(heard, meant, strict=True)))
    assert error < level_of(10 ** (-40 / 20))
    assert correlation(heard, meant) > 0.85


def syllables(rate_hz: int) -> Iterator[float]:
    """Yield ten seconds that resemble speech: voiced and hissed, loud and soft, with pauses."""
    chance = Random(rate_hz)  # noqa: S311 - a seed, so that each run is the same
    for _ in range(40):
        loudest, hisses = 10 ** chance.uniform(-1.7, -0.1), chance.random() < 0.3
        pitch_hz, formant_hz = chance.uniform(90, 220), chance.uniform(300, 2500)
        paused = chance.random() < 0.25
        turn, damped = 2 * math.cos(2 * math.pi * formant_hz / rate_hz), 0.96
        before, last, largest, sound = 0.0, 0.0, 0.01, []
        for at in range(rate_hz // 4):
            pulse = at * pitch_hz % rate_hz < pitch_hz
            push = chance.gauss(0, 1) if hisses else pulse
            before, last = last, push + damped * turn * last - damped * damped * before
            sound.append(last * math.sin(4 * math.pi * at / rate_hz))
            largest = max(largest, abs(sound[-1]))
        for sample in sound:
            yield (0 if paused else loudest * sample / largest) + chance.uniform(-1e-3, 1e-3)


def quarters(peaks: bytes) -> list[int]:
    """Return what the middle of each of forty parts reaches."""
    part = len(peaks) / 40
    return [max(peaks[round((at + 0.25) * part) : round((at + 0.75) * part)]) for at in range(40)]


@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), bytes(700), b"\xff"])
def test_what_stands_behind_the_last_frame_is_no_audio(tail: bytes) -> None:
    """A tag, or padding."""
    frames = mp3_frame(200) * 50

    assert shape_of(frames + tail) == shape_of(frames)


def test_chunks_behind_the_data_of_a_wav_are_no_audio() -> None:
    """Their bytes would look like noise."""
    body = wav(bytes(2 * RATE_HZ))

    assert shape_of(body + b"LIST" + b"\x7f" * 5000) == shape_of(body)


@pytest.mark.parametrize(
    "body",
    [
        mp3_frame(200) * 50 + bytes(range(256)) * 100,
        wav(bytes(8000), 2, 4),
        wav(bytes(8000), 3, 32),
        wav(bytes(8000), PCM, 16, channels=0),
        wav(bytes(8000), PCM, 12),
        wav(b""),
        b"RIFF\x00\x00\x00\x00WAVE" + bytes(3000),
        b"RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x00\x01\x00data\x00\x00\x00\x00" + bytes(3000),
    ],
)
def test_what_can_not_be_measured_has_no_waveform(body: bytes) -> None:
    """Damage, other encodings, contradictions: absent, and nothing fails."""
    assert peaks_of(body) is None


@given(body=st.binary(max_size=5000))
def test_no_bytes_behind_a_header_fail(body: bytes) -> None:
    """Whatever comes, archiving goes on."""
    peaks_of(mp3_frame(200) + body)
    peaks_of(wav(body, MU_LAW, 8) + body)
    peaks_of(b"RIFF\x00\x00\x00\x00WAVE" + body)
