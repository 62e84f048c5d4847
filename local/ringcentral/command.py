"""`python -m local simulator`: the simulator alone, until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
import textwrap
import threading

from local.ringcentral import argument_types as types
from local.ringcentral.account.options import Options, Quota, numbered_jwts, quotas_with
from local.ringcentral.faults.chaos import Chaos, even_weights
from local.ringcentral.faults.fault_kinds import KINDS
from local.ringcentral.http.connection import LOOPBACK
from local.ringcentral.http.server import Simulator

_DEFAULT = Options()


class _WholeNames(argparse.HelpFormatter):
    """Breaks no line within the name of a kind, so that it can be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return textwrap.fill(
            text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the simulator on `parser`."""
    parser.formatter_class = _WholeNames
    add = parser.add_argument
    add(
        "--port", type=types.port, default=0, help="port on 127.0.0.1; 0 takes a free one (default)"
    )
    add("--recordings", type=types.count, default=_DEFAULT.recordings, help="default 200")
    add("--days", type=types.positive, default=_DEFAULT.days, help="age of the oldest (default 90)")
    add("--seed", type=int, default=_DEFAULT.seed, help="seed of the account's calls")
    add("--users", type=types.positive, default=1, metavar="N", help="service users (default 1)")
    add(
        "--quota",
        type=types.quota,
        default=(10, 60),
        metavar="LIMIT/WINDOW_S",
        help="Heavy requests in a sliding window (default 10/60)",
    )
    add("--penalty", type=types.count, default=60, metavar="S", help="after a 429 (default 60)")
    add("--record-lag", type=types.count, default=0, metavar="S", help="call's end to its record")
    add("--recording-lag", type=types.count, default=0, metavar="S", help="record to recording")
    add("--bytes-per-second", type=types.positive, metavar="B", help="limit each body's speed")
    add(
        "--add-wav-bytes",
        type=types.wav_sizes,
        default=(),
        metavar="N[,N...]",
        help="add a WAV of each size, in exact bytes",
    )
    add("--verbose", action="store_true", help="print a line for each request to stderr")
    _add_faults(parser.add_argument_group("faults", f"Kinds: {', '.join(KINDS)}."))


def run(arguments: argparse.Namespace) -> int:
    """Serve until it is stopped; return the exit code."""
    try:
        simulator = Simulator(_options(arguments))
    except OSError as error:
        print(f"simulator: can't listen on {LOOPBACK}:{arguments.port}: {error}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with simulator:
        _introduce(simulator)
        ended.wait()
    return 0


def _add_faults(group: "argparse._ArgumentGroup") -> None:
    add = group.add_argument
    add("--gone", type=types.count, default=0, metavar="N", help="recordings that are always 404")
    add("--forbidden", type=types.count, default=0, metavar="N", help="that are always 403")
    add(
        "--moved",
        type=types.count,
        default=0,
        metavar="N",
        help="calls whose start is rewritten to the day before, after an hour",
    )
    add(
        "--retention",
        type=types.retention_days,
        metavar="AUTOMATIC/ON_DEMAND",
        help="days until each kind of recording is deleted; default never, reported as 90",
    )
    add("--partner-media", action="store_true", help="content is on a foreign host")
    add(
        "--latency",
        type=types.latency_ms,
        metavar="MIN-MAX",
        help="ms that a request travels before it is counted; the same for its answer",
    )
    add(
        "--chaos",
        type=types.probability,
        metavar="P",
        help="of a fault, for each request for content, call log or token",
    )
    add("--chaos-seed", type=int, default=1, metavar="N", help="seed of the faults")
    add(
        "--chaos-kinds",
        type=types.weights,
        default=even_weights(),
        metavar="KIND[=WEIGHT],...",
        help="cut,reset=2 or all,silent=0; default all",
    )
    add("--chaos-most", type=types.count, default=4, metavar="N", help="for each recording")


def _options(arguments: argparse.Namespace) -> Options:
    limit, window_s = arguments.quota
    return Options(
        port=arguments.port,
        jwts=numbered_jwts(arguments.users),
        recordings=arguments.recordings,
        days=arguments.days,
        seed=arguments.seed,
        quotas=quotas_with(heavy=Quota(limit, window_s, arguments.penalty)),
        record_lag_s=arguments.record_lag,
        recording_lag_s=arguments.recording_lag,
        bytes_per_second=arguments.bytes_per_second,
        add_wav_bytes=arguments.add_wav_bytes,
        gone=arguments.gone,
        forbidden=arguments.forbidden,
        moved=arguments.moved,
        retention_days=arguments.retention,
        partner_media=arguments.partner_media,
        chaos=_chaos(arguments),
        latency_ms=arguments.latency,
        verbose=arguments.verbose,
    )


def _chaos(arguments: argparse.Namespace) -> Chaos | None:
    if not arguments.chaos:
        return None
    return Chaos(
        probability=arguments.chaos,
        seed=arguments.chaos_seed,
        kinds=arguments.chaos_kinds,
        max_per_recording=arguments.chaos_most,
    )


def _introduce(simulator: Simulator) -> None:
    options = simulator.options
    lines = (
        f"RingCentral simulator: {simulator.base_url}",
        f"{len(simulator.account.recordings)} recordings in account {simulator.account.id}",
        f"RINGCENTRAL_CLIENT_ID={options.client_id}",
        f"RINGCENTRAL_CLIENT_SECRET={options.client_secret}",
        f"RINGCENTRAL_JWT={options.jwts[0]}",
        *(f"JWT of service user {number}: {jwt}" for number, jwt in _further_users(options)),
        "Ctrl-C ends it.",
    )
    print("\n".join(lines), flush=True)


def _further_users(options: Options) -> list[tuple[int, str]]:
    return list(enumerate(options.jwts, start=1))[1:]
