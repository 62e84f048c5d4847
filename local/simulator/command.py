"""`python -m local simulator`: the simulator alone, until Ctrl-C or SIGTERM."""

import argparse
import re
import signal
import sys
import threading

from local.simulator.connection import LOOPBACK
from local.simulator.options import Options, Quota, quotas_with
from local.simulator.server import Simulator
from local.simulator.wav_audio import HEADER_BYTES, LARGEST_BYTES

_DEFAULT = Options()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the simulator on `parser`."""
    add = parser.add_argument
    add("--port", type=_port, default=0, help="port on 127.0.0.1; 0 takes a free one (default)")
    add("--recordings", type=_count, default=_DEFAULT.recordings, help="how many (default 200)")
    add("--days", type=_positive, default=_DEFAULT.days, help="spread over so many (default 90)")
    add("--seed", type=int, default=_DEFAULT.seed, help="another seed, another account")
    add(
        "--quota",
        type=_quota,
        default=(10, 60),
        metavar="LIMIT/WINDOW_S",
        help="Heavy requests in a sliding window (default 10/60)",
    )
    add("--penalty", type=_count, default=60, metavar="S", help="after a 429 (default 60)")
    add("--record-lag", type=_count, default=0, metavar="S", help="call's end to its record")
    add("--recording-lag", type=_count, default=0, metavar="S", help="record to recording")
    add("--bytes-per-second", type=_positive, metavar="B", help="slow each recording's body down")
    add(
        "--add-wav-bytes",
        type=_wav_sizes,
        default=(),
        metavar="N[,N...]",
        help="a WAV more of each size, in bytes exactly",
    )
    add("--verbose", action="store_true", help="one line a request on stderr")


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to end; return the exit code."""
    try:
        simulator = Simulator(_options(arguments))
    except OSError as error:
        print(f"simulator: can't listen on {LOOPBACK}:{arguments.port}: {error}", file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with simulator:
        _introduce(simulator)
        ended.wait()
    return 0


def _options(arguments: argparse.Namespace) -> Options:
    limit, window_s = arguments.quota
    return Options(
        port=arguments.port,
        recordings=arguments.recordings,
        days=arguments.days,
        seed=arguments.seed,
        quotas=quotas_with(heavy=Quota(limit, window_s, arguments.penalty)),
        record_lag_s=arguments.record_lag,
        recording_lag_s=arguments.recording_lag,
        bytes_per_second=arguments.bytes_per_second,
        add_wav_bytes=arguments.add_wav_bytes,
        verbose=arguments.verbose,
    )


def _introduce(simulator: Simulator) -> None:
    options = simulator.options
    lines = (
        f"RingCentral simulator: {simulator.base_url}",
        f"{len(simulator.account.recordings)} recordings in account {simulator.account.id}",
        f"RINGCENTRAL_CLIENT_ID={options.client_id}",
        f"RINGCENTRAL_CLIENT_SECRET={options.client_secret}",
        f"RINGCENTRAL_JWT={options.jwts[0]}",
        "Ctrl-C ends it.",
    )
    print("\n".join(lines), flush=True)


def _quota(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not LIMIT/WINDOW_S, for example 10/60")
    return int(match[1]), int(match[2])


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def _positive(text: str) -> int:
    if _count(text) == 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return int(text)


def _port(text: str) -> int:
    if _count(text) >= 2**16:
        raise argparse.ArgumentTypeError(f"{text} is not a port, 0 to 65535")
    return int(text)


def _wav_sizes(text: str) -> tuple[int, ...]:
    return tuple(_wav_bytes(size) for size in text.split(","))


def _wav_bytes(text: str) -> int:
    size_bytes = _count(text)
    if size_bytes % 2 or not HEADER_BYTES + 2 <= size_bytes <= LARGEST_BYTES:
        raise argparse.ArgumentTypeError(
            f"must be even, {HEADER_BYTES + 2} or more and below 4 GiB, not {text}"
        )
    return size_bytes
