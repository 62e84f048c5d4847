"""`ringvault hold`: protect recordings from erasure and expiry, list them, release them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ringvault.core.catalogue.item import CatalogueItem, Hold
from ringvault.core.lifecycle.hold_recordings import (
    HoldOutcome,
    checked_reason,
    hold_recordings,
    release_recordings,
)
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.options import FromDay, ToDay, Yes
from ringvault_cli.terminal.screen import Screen, ended, how_many, instant
from ringvault_cli.vault.selection import (
    By,
    Call,
    Extension,
    RecordingIds,
    catalogue_in,
    chosen_in,
    id_of_person,
    selection_of,
    show_unreadable,
)

hold = typer.Typer(
    help="Add, remove and list legal holds.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_TOLD = {
    HoldOutcome.HELD: "held",
    HoldOutcome.HELD_ALREADY: "already held for this reason",
    HoldOutcome.HELD_OTHERWISE: "held for another reason, which is kept: see ringvault hold list",
    HoldOutcome.ERASED: "not held: erased, or being erased",
    HoldOutcome.BEING_EXPIRED: "not held: S3 is about to delete them; run this again in 15 minutes",
    HoldOutcome.EXPIRED: "not held: expired and deleted by S3",
    HoldOutcome.RELEASED: "no longer held",
    HoldOutcome.NOT_HELD: "not held",
}
_NOT_HELD_SO = (
    HoldOutcome.HELD_OTHERWISE,
    HoldOutcome.ERASED,
    HoldOutcome.BEING_EXPIRED,
    HoldOutcome.EXPIRED,
)
_NO_LOCK = (
    "This vault has no Object Lock: erase refuses held recordings, but S3 does not stop a user with"
    " permission to delete objects."
)


@hold.command()
@on_stack
def add(
    place: Place,
    shown: Screen,
    *,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Reason, such as a file number; no names.")
    ],
    recording: RecordingIds = None,
    call: Call = "",
    extension: Extension = "",
    first: FromDay = None,
    last: ToDay = None,
    by: By = None,
) -> None:
    """Protect recordings from erasure and expiry.

    Holds recordings that are in the catalogue now, archived or not, until the hold is removed. Run
    it again for later recordings of an extension or a period, and for recordings that were not
    archived yet; existing holds are kept. Where the vault has Object Lock, S3 refuses to delete
    any version of them. A recording that is due to expire is kept if S3 has not deleted it yet.

    Exits with 1 when a recording could not be held for this reason.
    """
    asked = checked_reason(reason)
    selection = selection_of(recording, call, extension, days=(first, last))
    deployed = place.open()
    asked_by = id_of_person(by, deployed)
    chosen = chosen_in(deployed, selection, shown)

    from ringvault.adapters.concurrency import at_once
    from ringvault_cli.stack_parts import vault_holds_in

    vault = vault_holds_in(deployed)
    outcomes = hold_recordings(
        chosen,
        Hold(asked, since=datetime.now(UTC), by=asked_by),
        catalogue=catalogue_in(deployed),
        vault=vault,
        at_once=at_once,
    )
    counts = _counted(outcomes, of=len(chosen), shown=shown)
    if not vault.has_object_lock:
        shown.say(_NO_LOCK)
    shown.answer({**_plain(counts), "object_lock": vault.has_object_lock})
    ended(ExitStatus.WRONG if any(counts[it] for it in _NOT_HELD_SO) else ExitStatus.OK)


@hold.command()
@on_stack
def remove(
    place: Place,
    shown: Screen,
    *,
    recording: RecordingIds = None,
    call: Call = "",
    extension: Extension = "",
    first: FromDay = None,
    last: ToDay = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Only those held for exactly this reason.")
    ] = "",
    yes: Yes = False,
) -> None:
    """Release held recordings.

    Asks for confirmation. Without a terminal, and with --json, nothing is changed unless --yes is
    given.
    """
    selection = selection_of(recording, call, extension, days=(first, last))
    deployed = place.open()
    found = chosen_in(deployed, selection, shown)
    kept = [it for it in found if it.hold and it.hold.reason == (reason or it.hold.reason)]
    question = f"Remove the hold of {how_many(len(kept), 'recording')}?"
    if not kept:
        shown.say("none of these recordings is held")
    does = bool(kept) and shown.confirms(question, yes=yes)
    if kept and not does:
        shown.show_unchanged()

    from ringvault.adapters.concurrency import at_once
    from ringvault_cli.stack_parts import vault_holds_in

    outcomes = release_recordings(
        kept if does else (),
        catalogue=catalogue_in(deployed),
        vault=vault_holds_in(deployed),
        at_once=at_once,
    )
    counts = _counted(outcomes, of=len(kept), shown=shown)
    shown.answer({"chosen": len(kept), **_plain(counts)})
    ended(ExitStatus.WRONG if kept and not does else ExitStatus.OK)


@hold.command("list")
@on_stack
def show_held(
    place: Place,
    shown: Screen,
) -> None:
    """List held recordings, with reason and date.

    Reads the whole catalogue.
    """
    deployed = place.open()
    with shown.bar("reading"):
        catalogue = catalogue_in(deployed)
        held = sorted(catalogue.held(), key=_since)
    show_unreadable(catalogue.take_unreadable(), shown)
    shown.say(f"{how_many(len(held), 'recording')} held")
    for item in held:
        shown.row(item.recording.recording_id, _why(item))
    shown.answer({"held": [_fields(item) for item in held]})


def _counted(
    outcomes: Iterable[Sequence[HoldOutcome]], *, of: int, shown: Screen
) -> Counter[HoldOutcome]:
    counts: Counter[HoldOutcome] = Counter()
    with shown.bar("done", unit="recordings") as advance:
        for some in outcomes:
            counts.update(some)
            advance(counts.total(), of)
    for outcome, number in counts.items():
        shown.row(f"{number:>7,}", _TOLD[outcome])
    return counts


def _plain(counts: Counter[HoldOutcome]) -> dict[str, Any]:
    return {outcome.value: number for outcome, number in counts.items()}


def _since(item: CatalogueItem) -> tuple[datetime, str]:
    since = item.hold.since if item.hold else item.listed_at
    return since, item.recording.recording_id


def _why(item: CatalogueItem) -> str:
    kept = item.hold
    return "" if kept is None else f"since {instant(kept.since)}, by {kept.by}: {kept.reason}"


def _fields(item: CatalogueItem) -> dict[str, Any]:
    kept = item.hold
    return {
        "recording_id": item.recording.recording_id,
        "state": item.state,
        "started_at": item.recording.started_at,
        "since": kept and kept.since,
        "by": kept and kept.by,
        "reason": kept and kept.reason,
    }
