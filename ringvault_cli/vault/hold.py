"""`ringvault hold`: keep recordings from going, say which are kept, let them go."""

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
from ringvault_cli.failures import ExitStatus
from ringvault_cli.options import (
    DEFAULT_PORT,
    DEFAULT_STACK,
    FromDay,
    Json,
    Local,
    Place,
    Port,
    Profile,
    Region,
    StackName,
    ToDay,
    Yes,
)
from ringvault_cli.terminal.screen import Screen, ended, how_many, instant, screen
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
    help="Keep recordings from being erased: add, remove, list.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_TOLD = {
    HoldOutcome.HELD: "held",
    HoldOutcome.HELD_ALREADY: "held for this reason before; the date stays",
    HoldOutcome.HELD_OTHERWISE: "held for another reason, which stays: see hold list",
    HoldOutcome.ERASED: "erased, or being erased: too late",
    HoldOutcome.BEING_EXPIRED: "about to expire: S3 may delete it; run it again in 15 minutes",
    HoldOutcome.EXPIRED: "expired, S3 has deleted it: too late",
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
    "This vault has no Object Lock: erase refuses what is held, but whoever may delete from the"
    " bucket by hand still can."
)


@hold.command()
def add(
    *,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, such as a file number; no names.")
    ],
    recording: RecordingIds = None,
    call: Call = "",
    extension: Extension = "",
    first: FromDay = None,
    last: ToDay = None,
    by: By = None,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Hold recordings: nothing erases them, and none expires, until the hold is removed.

    Holds what the catalogue has now, archived or not. For an extension or a period that goes on,
    and for what was not archived yet, run it again: what is held stays as it is.
    Where the vault has Object Lock, S3 refuses to delete any version of them.
    What is about to expire is rescued for as long as S3 has not deleted it.

    Ends with 1 when one of them could not be held for this reason.
    """
    with screen(as_json=json) as shown:
        asked = checked_reason(reason)
        selection = selection_of(recording, call, extension, days=(first, last))
        deployed = Place(stack, profile, region, local, port).open()
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
def remove(
    *,
    recording: RecordingIds = None,
    call: Call = "",
    extension: Extension = "",
    first: FromDay = None,
    last: ToDay = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Only what is held for exactly this reason.")
    ] = "",
    yes: Yes = False,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Let held recordings be erased again; asks first.

    Without a terminal, and with --json, nothing changes unless --yes is given.
    """
    with screen(as_json=json) as shown:
        selection = selection_of(recording, call, extension, days=(first, last))
        deployed = Place(stack, profile, region, local, port).open()
        found = chosen_in(deployed, selection, shown)
        kept = [it for it in found if it.hold and it.hold.reason == (reason or it.hold.reason)]
        question = f"Remove the hold of {how_many(len(kept), 'recording')}?"
        if not kept:
            shown.say("nothing of it is held")
        does = bool(kept) and shown.confirms(question, yes=yes)
        if kept and not does:
            shown.say("nothing was changed; --yes does it without asking")

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
def show_held(
    *,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Say what is held, since when, why and by whom; reads the whole catalogue."""
    with screen(as_json=json) as shown:
        deployed = Place(stack, profile, region, local, port).open()
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
