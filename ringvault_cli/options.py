"""The options that every command takes, and the stack that they name."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ringvault.core.errors import InvalidRequestError
from ringvault.core.reconciliation.run import day_of, period_of
from ringvault.core.spans import Period

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

# Where `python -m local up` says how it is reached; the page's port tells several apart.
LOCAL_STACKS = Path(__file__).resolve().parent.parent / ".local" / "stacks"

StackName = Annotated[
    str,
    typer.Option(
        "--stack", envvar="RINGVAULT_STACK", metavar="NAME", help="The CloudFormation stack."
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Your AWS profile; AWS_PROFILE says the same."),
]
Region = Annotated[
    str | None,
    # boto3 itself knows only AWS_DEFAULT_REGION.
    typer.Option(metavar="NAME", envvar="AWS_REGION", help="The stack's AWS region."),
]
Local = Annotated[
    bool,
    typer.Option("--local", help="Ask the stack that runs on this machine (make run), not AWS."),
]
Port = Annotated[
    int,
    typer.Option(metavar="PORT", min=1, max=65535, help="With --local: the port of its page."),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object and nothing else."),
]
FromDay = Annotated[
    str | None, typer.Option("--from", metavar="DAY", help="The first UTC day, 2026-10-01.")
]
ToDay = Annotated[
    str | None, typer.Option("--to", metavar="DAY", help="The last UTC day, itself included.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]
DEFAULT_STACK = "ringvault"
DEFAULT_PORT = 8080


def days_asked(first: str | None, last: str | None, *, today: date) -> Period | None:
    """Return the days that two options name, None where neither is given.

    Raises:
        InvalidRequestError: one lacks the other, is no day, or has not come yet.
    """
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise InvalidRequestError("--from and --to belong together: give both")
    for day in (first, last):
        day_of(day, called=day)
    return period_of({"from": first, "to": last}, today=today)


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
