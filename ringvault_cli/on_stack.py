"""The options that name a stack, and what every command that takes them has in common."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringvault.core.errors import InvalidRequestError
from ringvault_cli.terminal.screen import screen

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

# Where `python -m local up` describes each local stack, in a file named after its page's port.
LOCAL_STACKS = Path(__file__).resolve().parent.parent / ".local" / "stacks"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the archive is that a command is about."""

    stack: str
    profile: str | None
    region: str | None
    local: bool
    port: int

    def open(self) -> "DeployedStack":
        """Return the stack.

        Raises:
            RingvaultError: there is none, or it can't be reached.
        """
        # Imported here, as in every command: boto3 takes longer than all else of --help.
        from ringvault.adapters.aws.stack import stack_on_aws, stack_on_this_machine

        if self.local:
            return stack_on_this_machine(LOCAL_STACKS / f"{self.port}.json")
        return stack_on_aws(self.stack, profile=self.profile, region=self.region)


def on_stack(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the options that name a stack, and with --json.

    The command takes first the place that they name, which it opens itself, and the screen that it
    prints on; then its own options by name. What it raises is printed with the next step, and ends
    it with an exit status.
    """
    own = list(signature(command, eval_str=True).parameters.values())[2:]
    shared = list(signature(_shared_options, eval_str=True).parameters.values())

    @wraps(command)
    def run(**options: Any) -> None:  # noqa: ANN401 - typer calls it with what it has parsed
        context = options.pop("context")
        place = Place(*(options.pop(name) for name in Place.__slots__))
        with screen(as_json=options.pop("json"), command=context.command_path) as shown:
            _require_one_place(context, place)
            command(place, shown, **options)

    run.__signature__ = signature(run).replace(parameters=[*own, *shared])  # type: ignore[attr-defined] # inspect's own
    run.__annotations__ = {it.name: it.annotation for it in (*own, *shared)}
    return run


def _shared_options(
    *,
    context: typer.Context,
    stack: Annotated[
        str, typer.Option(metavar="NAME", envvar="RINGVAULT_STACK", help="CloudFormation stack.")
    ] = "ringvault",
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="AWS profile, as in AWS_PROFILE.")
    ] = None,
    region: Annotated[
        # boto3 itself knows only AWS_DEFAULT_REGION.
        str | None,
        typer.Option(metavar="NAME", envvar="AWS_REGION", help="AWS region of the stack."),
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Use the stack on this machine (make run), not AWS.")
    ] = False,
    port: Annotated[
        int,
        typer.Option(metavar="PORT", min=1, max=65535, help="With --local: port of its page."),
    ] = 8080,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Declare the options of every command, in the order of --help."""


def _require_one_place(context: typer.Context, place: Place) -> None:
    """Refuse options that the other ones would make ineffective.

    A variable of the environment that names a stack or a region is no request of this command.
    """
    elsewhere = ("stack", "profile", "region") if place.local else ("port",)
    given = [name for name in elsewhere if _is_on_command_line(context, name)]
    if given and place.local:
        raise InvalidRequestError(
            f"--{given[0]} has no effect with --local", hint="give only one of the two"
        )
    if given:
        raise InvalidRequestError(
            "--port has no effect without --local", hint="give both or neither"
        )


def _is_on_command_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
