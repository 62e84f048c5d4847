"""The types of the simulator's options; each error says what is valid."""

import argparse
import re

from local.ringcentral.faults.chaos import even_weights
from local.ringcentral.faults.fault_kinds import KINDS
from local.ringcentral.media.wav_audio import HEADER_BYTES, MAX_BYTES


def count(text: str) -> int:
    """Return a whole number, 0 or more."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def positive(text: str) -> int:
    """Return a whole number, 1 or more."""
    if count(text) == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


def port(text: str) -> int:
    """Return a port, which may be 0."""
    if count(text) >= 2**16:
        raise argparse.ArgumentTypeError(f"{text} is not a port, 0 to 65535")
    return int(text)


def quota(text: str) -> tuple[int, int]:
    """Return limit and window of `10/60`."""
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not LIMIT/WINDOW_S, for example 10/60")
    return int(match[1]), int(match[2])


def retention_days(text: str) -> tuple[int, int]:
    """Return the days of automatic recordings and of those on demand of `90/30`."""
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not AUTOMATIC/ON_DEMAND, for example 90/30")
    return int(match[1]), int(match[2])


def probability(text: str) -> float:
    """Return a number from 0 to 1."""
    if not re.fullmatch(r"0(\.\d+)?|1(\.0+)?|\.\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a probability, 0 to 1")
    return float(text)


def latency_ms(text: str) -> tuple[float, float]:
    """Return the shortest and the longest of `5-400`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", text)
    if not match or float(match[1]) > float(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not MIN-MAX in ms, for example 5-400")
    return float(match[1]), float(match[2])


def weights(text: str) -> dict[str, float]:
    """Return the weight of each kind in `cut,reset=2`; `all` is every kind, 0 removes one."""
    chosen: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.partition("=")
        if name == "all":
            chosen |= even_weights()
        else:
            chosen[_kind(name)] = _weight(weight)
    return chosen


def wav_sizes(text: str) -> tuple[int, ...]:
    """Return sizes that a WAV file can have."""
    return tuple(_wav_bytes(size) for size in text.split(","))


def _kind(name: str) -> str:
    if name not in KINDS:
        raise argparse.ArgumentTypeError(f"{name!r} is no kind; there are {', '.join(KINDS)}")
    return name


def _weight(text: str) -> float:
    if not re.fullmatch(r"(\d+(\.\d+)?)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a weight, 0 or more")
    return float(text or 1)


def _wav_bytes(text: str) -> int:
    size_bytes = count(text)
    if size_bytes % 2 or not HEADER_BYTES + 2 <= size_bytes <= MAX_BYTES:
        raise argparse.ArgumentTypeError(
            f"must be even, {HEADER_BYTES + 2} or more and below 4 GiB, not {text}"
        )
    return size_bytes
