"""`ringvault retry`: fetch failed and absent recordings again."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ringvault.core.catalogue.item import State
from ringvault.core.errors import InvalidRequestError
from ringvault.core.operations.retry_recordings import (
    ENDED,
    Choice,
    Ended,
    chosen,
    retry_recordings,
)
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.options import Yes, days_asked
from ringvault_cli.terminal.screen import Screen, ended, how_many

if TYPE_CHECKING:
    from ringvault.adapters.dynamodb.lifecycle import CatalogueRetries

# More reasons than a screen shows are told by their number.
_MAX_REASONS = 12


class EndedState(StrEnum):
    """What --state takes."""

    FAILED = "failed"
    ABSENT = "absent"


@on_stack
def retry(
    place: Place,
    shown: Screen,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", hidden=True)] = None,
    *,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Only those whose reason contains this text.")
    ] = "",
    day: Annotated[
        str | None, typer.Option(metavar="DAY", help="Only those whose call began on this UTC day.")
    ] = None,
    state: Annotated[EndedState | None, typer.Option(help="Only those in this state.")] = None,
    yes: Yes = False,
) -> None:
    """Retry failed and absent recordings.

    Sets FAILED and ABSENT recordings to PENDING, so that they are queued again. A recording is
    selected when it matches all that is given, ids and options. Shows what will be changed and
    asks for confirmation; without a terminal, and with --json, nothing is changed unless --yes is
    given. Each recording costs a request of the quota; one that RingCentral no longer has becomes
    ABSENT again.

    Exits with 1 when recordings were selected and nothing was changed.
    """
    choice = _choice(ids or (), reason, day, state)
    deployed = place.open()

    from ringvault.adapters.dynamodb.lifecycle import CatalogueRetries

    table = deployed.output("CatalogueTableName")
    catalogue = CatalogueRetries(table, deployed.client("dynamodb"))
    with shown.bar("checked", unit="recordings") as advance:
        found = chosen(choice, catalogue=catalogue, on_read=lambda it: advance(it, None))
    show(found, shown=shown)
    question = f"Retry {how_many(len(found), 'recording')}?"
    does = bool(found) and shown.confirms(question, yes=yes)
    changed = _changed(found, catalogue, shown) if does else 0
    if found and not does:
        shown.show_unchanged()
    shown.answer({"chosen": [_fields(it) for it in found], "changed": changed})
    ended(ExitStatus.WRONG if found and not changed else ExitStatus.OK)


def show(found: Sequence[Ended], *, shown: Screen) -> None:
    """Print how many were chosen, and why they were given up."""
    if not found:
        shown.say("nothing to retry")
        return
    shown.say(f"given up: {how_many(len(found), 'recording')}, by reason")
    reasons = Counter((it.state, it.reason) for it in found).most_common()
    for (state, reason), number in reasons[:_MAX_REASONS]:
        shown.row(f"{number:>7,} {state.lower()}", reason)
    if len(reasons) > _MAX_REASONS:
        shown.say(f"  and {how_many(len(reasons) - _MAX_REASONS, 'other reason')}")


def _choice(ids: Sequence[str], reason: str, day: str | None, state: EndedState | None) -> Choice:
    if not (ids or reason or day or state):
        raise InvalidRequestError(
            "no recordings are selected: give ids, --reason, --day or --state"
        )
    return Choice(
        states=(State(state.value.upper()),) if state else ENDED,
        recording_ids=tuple(ids),
        reason=reason,
        period=days_asked(day, day, today=datetime.now(UTC).date(), called=("--day", "--day")),
    )


def _changed(found: Sequence[Ended], catalogue: "CatalogueRetries", shown: Screen) -> int:
    with shown.bar("changed", unit="recordings") as advance:
        changed = retry_recordings(
            found, catalogue=catalogue, on_done=lambda it: advance(it, len(found))
        )
    shown.say(f"{how_many(changed, 'recording')} pending; the lister queues them in turn")
    return changed


def _fields(it: Ended) -> dict[str, object]:
    return {
        "recording_id": it.recording_id,
        "state": it.state,
        "started_at": it.started_at,
        "reason": it.reason,
    }
