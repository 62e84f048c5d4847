"""The options that name recordings, and what they lead to."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ringvault.core.catalogue.item import GONE_STATES, State
from ringvault.core.catalogue.phone_number import ReadNumber, read_north_american
from ringvault.core.catalogue.selection import Chosen, Selection, choose
from ringvault.core.errors import InvalidRequestError, UnreadableItemError
from ringvault_cli.options import days_asked
from ringvault_cli.terminal.screen import Screen

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack
    from ringvault.adapters.dynamodb.lifecycle import CatalogueHolds

RecordingIds = Annotated[
    list[str] | None,
    typer.Option("--recording", metavar="ID", help="A recording; can be repeated."),
]
Call = Annotated[
    str, typer.Option("--call", metavar="ID", help="All of a call: its telephony session id.")
]
Extension = Annotated[
    str,
    typer.Option(
        "--extension", metavar="ID", help="All of an extension: RingCentral's id, not its number."
    ),
]
By = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Who requests this, as an id; default: your AWS user or role."),
]
_BY = re.compile(r"[0-9A-Za-z_-]{1,64}")


def selection_of(
    ids: list[str] | None,
    call: str = "",
    extension: str = "",
    number: str = "",
    days: tuple[str | None, str | None] = (None, None),
    *,
    read: ReadNumber = read_north_american,
) -> Selection:
    """Return what the options name; `read` reads the number.

    Raises:
        InvalidRequestError: it makes no sense.
    """
    period = days_asked(*days, today=datetime.now(UTC).date())
    return Selection(tuple(ids or ()), call, extension, number, period, read)


def catalogue_in(deployed: "DeployedStack") -> "CatalogueHolds":
    """Return the catalogue of a stack."""
    from ringvault.adapters.dynamodb.lifecycle import CatalogueHolds

    return CatalogueHolds(deployed.output("CatalogueTableName"), deployed.client("dynamodb"))


def chosen_in(deployed: "DeployedStack", selection: Selection, shown: Screen) -> list[Chosen]:
    """Return what the selection means, with a bar."""
    from ringvault.adapters.dynamodb.indexes import CatalogueIndexes

    indexes = CatalogueIndexes(
        deployed.client("dynamodb"),
        catalogue_table=deployed.output("CatalogueTableName"),
        number_index_table=deployed.output("NumberIndexTableName"),
        # A hold rescues it, and it may be erased before S3 has deleted it.
        hidden=GONE_STATES - {State.EXPIRING},
    )
    found = []
    with shown.bar("found", unit="recordings") as advance:
        for it in choose(selection, indexes=indexes, catalogue=catalogue_in(deployed)):
            found.append(it)
            advance(len(found), None)
    show_unreadable(indexes.take_unreadable(), shown)
    return found


def show_unreadable(unreadable: Sequence[UnreadableItemError], shown: Screen) -> None:
    """Name the catalogue items that a command passed over, for a person."""
    for error in unreadable:
        shown.say(f"skipped, because it can't be read: {error}")


def id_of_person(by: str | None, deployed: "DeployedStack") -> str:
    """Return who says so: what --by names, or what AWS knows.

    Raises:
        InvalidRequestError: --by is no id.
    """
    from ringvault.adapters.aws.caller import caller_id

    if by is None:
        return caller_id(deployed.client("sts"))
    if not _BY.fullmatch(by):
        raise InvalidRequestError("--by must be an id of letters, digits, - and _, not a name")
    return by
