"""`python -m local`: ringvault on one machine, without an AWS account."""

import argparse
import errno
import signal
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.cloudformation.provision.parameters import given_parameters
from local.errors import LocalError, SetupError
from local.oidc.server import DEFAULT_ISSUER_PORT
from local.oidc.tokens import issue_token, issuer_of
from local.oidc.users import USERS
from local.places import DEFAULT_PORT
from local.ringcentral import argument_types as types
from local.ringcentral import command as simulator_command
from ringvault_cli.terminal.visible import visible

_INTERRUPTED = 130
_PORTS = 2**16
_PORT_TAKEN = """another program took a port while the stack started: start it again, or choose
other ports with --port, --aws-port and --issuer-port""".replace("\n", " ")


def main() -> int:
    """Run the command in the arguments; return the exit status."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except LocalError as error:
        print(visible(f"local: {error}"), file=sys.stderr)
        return error.exit_status
    except (BotoCoreError, ClientError) as error:
        said = visible(str(error))
        print(f"local: AWS on this machine: {said}; see aws.log in .local/logs", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(f"local: {_PORT_TAKEN}", file=sys.stderr)
        return SetupError.exit_status
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_up(commands.add_parser("up", help="run the whole stack", description=_UP))
    _add_token(commands.add_parser("token", help="print a token that a running stack accepts"))
    simulator = commands.add_parser("simulator", help="run the RingCentral simulator alone")
    simulator_command.add_arguments(simulator)
    simulator.set_defaults(run=simulator_command.run)
    return parser


_UP = """Start AWS (moto), RingCentral (a simulator) and ringvault's functions as template.yaml has
them, archive every recording, prove each byte for byte, then serve the page until Ctrl-C."""


def _add_up(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--once", action="store_true", help="end when nothing is pending; 1 if anything is missing")
    add("--json", action="store_true", help="print only the summary, as one line of JSON")
    add("--port", type=_port, default=DEFAULT_PORT, help="port of page and API (default 8080)")
    add("--aws-port", type=_port, default=5000, metavar="PORT", help="port of AWS (default 5000)")
    add("--issuer-port", type=_port, metavar="PORT", help=_ISSUER_PORT)
    add("--embedding-origin", action="append", default=[], metavar="ORIGIN", help=_EMBEDDING)
    add("--every", type=_seconds, metavar="SECONDS", help="listing interval (default: template)")
    add("--archivers", type=types.positive, metavar="N", help="archivers at a time (template: 2)")
    add("--parameter", action="append", default=[], metavar="NAME=VALUE", help=_PARAMETER)
    add("--data", type=Path, metavar="DIR", help="write archived objects to this folder as well")
    add("--enforce-iam", action=argparse.BooleanOptionalAction, default=True, help=_ENFORCE_IAM)
    add("--iam-log", type=Path, metavar="FILE", help="log the AWS requests of roles to this file")
    add("--ringcentral", metavar="URL", help=_RINGCENTRAL)
    simulated = parser.add_argument_group("the simulated account")
    add = simulated.add_argument
    add("--recordings", default="40", metavar="N", help="number of recordings (default 40)")
    add("--users", type=types.positive, default=1, metavar="N", help="service users (default 1)")
    add("--quota", default="100/10", metavar="LIMIT/WINDOW_S", help="requests (default 100/10)")
    add("--bytes-per-second", metavar="B", help="limit the speed of each recording's body")
    add("--add-wav-bytes", metavar="N[,N...]", help="add a WAV of each size, in exact bytes")
    add("--chaos", metavar="P", help="probability of a fault for each request (default 0)")
    add("--chaos-seed", metavar="N", help="seed of the faults (default 1)")
    add("--chaos-kinds", default=_HEALING, metavar="KIND[=WEIGHT],...", help=f"default {_HEALING}")
    parser.set_defaults(run=_up)


# A lost permission ends the run: a person has to restore it.
_HEALING = "all,scope-missing=0,role-missing=0,forbidden-forever=0"
_ISSUER_PORT = f"port of the sign-in (default {DEFAULT_ISSUER_PORT}, or a free one if taken)"
_EMBEDDING = "a site that may embed the player, such as http://localhost:9000; may be repeated"
_PARAMETER = "template parameter, such as ExpireAfterDays=90; may be repeated"
_ENFORCE_IAM = "limit each function to the permissions of its role (the default)"
_RINGCENTRAL = """use a RingCentral that runs elsewhere, https://platform.ringcentral.com or another
simulator; credentials from RINGCENTRAL_CLIENT_ID, RINGCENTRAL_CLIENT_SECRET and
RINGCENTRAL_JWT, in the environment or in .env"""


def _add_token(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--user", choices=USERS, default="listener", help="user of the token (default listener)")
    add("--port", type=_port, default=DEFAULT_PORT, help="port of the running stack (default 8080)")
    parser.set_defaults(run=_token)


def _up(arguments: argparse.Namespace) -> int:
    # It takes a second to import, which the other commands and a mistyped option do not need.
    from local.up.run import UpOptions, up  # noqa: PLC0415

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    options = UpOptions(
        once=arguments.once,
        json=arguments.json,
        port=arguments.port,
        aws_port=arguments.aws_port,
        issuer_port=arguments.issuer_port,
        embedding_origins=tuple(arguments.embedding_origin),
        ringcentral=arguments.ringcentral,
        users=arguments.users,
        simulator=_simulator_arguments(arguments),
        archivers=arguments.archivers,
        every_s=arguments.every,
        parameters=given_parameters(arguments.parameter),
        data=arguments.data,
        enforces_iam=arguments.enforce_iam,
        iam_log=arguments.iam_log,
    )
    return up(options)


def _token(arguments: argparse.Namespace) -> int:
    issuer = issuer_of(f"http://localhost:{arguments.port}/")
    print(issue_token(user=arguments.user, issuer=issuer))
    return 0


def _simulator_arguments(arguments: argparse.Namespace) -> tuple[str, ...]:
    given = {
        "--recordings": arguments.recordings,
        "--quota": arguments.quota,
        "--bytes-per-second": arguments.bytes_per_second,
        "--add-wav-bytes": arguments.add_wav_bytes,
        "--chaos": arguments.chaos,
        "--chaos-seed": arguments.chaos_seed,
        "--chaos-kinds": arguments.chaos_kinds,
        # Well within the reach of a first run, which reads the windows of so many days.
        "--days": "30",
    }
    command = [f"{name}={value}" for name, value in given.items() if value is not None]
    # The simulator's own parser checks them, before anything starts.
    parser = argparse.ArgumentParser(prog="python -m local up", add_help=False)
    simulator_command.add_arguments(parser)
    parser.parse_args(command)
    return tuple(command)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < _PORTS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 1 to {_PORTS - 1}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
