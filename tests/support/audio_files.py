"""Small files of audio."""

import io
import wave


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
