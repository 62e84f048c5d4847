"""`ringvault erase`: remove recordings for good, and prove it."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.selection import Chosen, Selection
from ringvault.core.errors import InvalidRequestError
from ringvault.core.lifecycle.erase_recordings import REFUSED, EraseRecordings, ErasureOutcome
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
)
from ringvault_cli.terminal.screen import Screen, ended, how_many, instant, screen
from ringvault_cli.vault.selection import (
    By,
    Extension,
    RecordingIds,
    catalogue_in,
    chosen_in,
    id_of_person,
    selection_of,
    show_unreadable,
)

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

_TOLD = {
    ErasureOutcome.ERASED: "erased; the proofs lie in the vault under erasures/",
    ErasureOutcome.ERASED_ALREADY: "erased before, or expired",
    ErasureOutcome.HELD: "refused: held, see ringvault hold list",
    ErasureOutcome.FAILED: "failed, and stay as they are: run it again",
    ErasureOutcome.BEING_FETCHED: "refused: on their way into the vault, try again in 20 minutes",
}
# Enough to see what is wrong; the JSON has all.
_MAX_PROBLEMS_SHOWN = 20
_NOTHING_LEFT = {State.ERASED, State.EXPIRED}


def erase(
    *,
    number: Annotated[
        str, typer.Option(metavar="NUMBER", help="All calls that a phone number took part in.")
    ] = "",
    extension: Extension = "",
    recording: RecordingIds = None,
    first: FromDay = None,
    last: ToDay = None,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking for the count.")] = False,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Erase recordings for good.

    What goes is audio, call record, numbers and every version.

    Says first what it would erase and what it refuses, then asks for the count to be typed.
    Without a terminal, and with --json, nothing is erased unless --yes is given.
    What is held is refused. An id stays, so that it is never fetched again, and a proof in the
    vault. Without any option it finishes what an earlier run began.

    RingCentral's own copy is not touched: delete it there.

    Ends with 1 when something was refused or failed, or nothing was erased. One that fails keeps
    none of the others from being erased.
    """
    with screen(as_json=json) as shown:
        deployed = Place(stack, profile, region, local, port).open()
        asked = any((number, extension, recording, first, last))
        named: list[Chosen] = []
        if asked:
            selection = _selection(recording, extension, number, (first, last), deployed)
            named = chosen_in(deployed, selection, shown)
        catalogue = catalogue_in(deployed)
        chosen = _with_unfinished(named, catalogue.erasing())
        show_unreadable(catalogue.take_unreadable(), shown)
        plan(chosen, shown=shown)
        held = [it for it in chosen if it.hold]
        # What was erased before is looked at again where it is named: an object may have come back.
        free = [it for it in chosen if not it.hold] if recording else _free(chosen)
        does = bool(free) and (yes or types_the_count(len(free), as_json=json))
        if free and not does:
            shown.say("nothing was erased; --yes does it without asking")
        counts, ids, problems = _erased(free if does else (), deployed, by, shown)
        told = {outcome.value: counts[outcome] for outcome in ErasureOutcome}
        shown.answer(
            {
                "chosen": len(chosen),
                "held_before": len(held),
                **told,
                "erased_ids": ids,
                "problems": problems,
            }
        )
        refused = len(held) + sum(counts[outcome] for outcome in REFUSED)
        ended(ExitStatus.WRONG if refused or (free and not does) else ExitStatus.OK)


def plan(chosen: Sequence[Chosen], *, shown: Screen) -> None:
    """Print what would be erased, and what not."""
    if not chosen:
        shown.say("nothing to erase")
        return
    starts = sorted(it.started_at for it in chosen)
    size_bytes = sum(it.size_bytes for it in chosen)
    shown.say(f"{how_many(len(chosen), 'recording')}, {size_bytes:,} bytes of audio")
    shown.row("calls from", instant(starts[0]))
    shown.row("to", instant(starts[-1]))
    for state, number in Counter(it.state for it in chosen).items():
        shown.row(state.lower(), f"{number:,}")
    held = sum(it.hold is not None for it in chosen)
    shown.row("to be erased", f"{len(_free(chosen)):,}")
    if held:
        shown.row("refused, held", f"{held:,}: ringvault hold list says why")


def _selection(
    recording: list[str] | None,
    extension: str,
    number: str,
    days: tuple[str | None, str | None],
    deployed: "DeployedStack",
) -> Selection:
    """Return what the options name.

    Raises:
        InvalidRequestError: it makes no sense, or the number index may miss some of it.
    """
    from ringvault.adapters.numbering_plans import number_reader
    from ringvault_cli.stack_parts import number_index_upkeep_in

    read = number_reader(deployed.phone_region)
    selection = selection_of(recording, "", extension, number, days, read=read)
    if number and not number_index_upkeep_in(deployed).is_current():
        raise InvalidRequestError(
            "the number index has keys of an earlier release and would miss recordings:"
            " run ringvault rebuild-index before erase --number"
        )
    return selection


def _free(chosen: Sequence[Chosen]) -> Sequence[Chosen]:
    return [it for it in chosen if not it.hold and it.state not in _NOTHING_LEFT]


def _with_unfinished(named: Sequence[Chosen], unfinished: Iterable[Chosen]) -> list[Chosen]:
    return list({it.recording_id: it for it in (*named, *unfinished)}.values())


def types_the_count(number: int, *, as_json: bool) -> bool:
    """Ask for the number of recordings; False without a terminal, and where a machine asks."""
    if as_json or not sys.stdin.isatty():
        return False
    typed = typer.prompt(
        f"Nothing brings them back. Type {number} to erase them", default="", show_default=False
    )
    return bool(typed.strip() == str(number))


def _erased(
    chosen: Sequence[Chosen], deployed: "DeployedStack", by: str | None, shown: Screen
) -> tuple[Counter[ErasureOutcome], list[str], dict[str, str]]:
    counts: Counter[ErasureOutcome] = Counter()
    ids: list[str] = []
    if not chosen:
        return counts, ids, {}

    from ringvault.adapters.clock import now
    from ringvault.adapters.concurrency import at_once
    from ringvault_cli.stack_parts import number_index_in, vault_erasures_in

    erase_recordings = EraseRecordings(
        catalogue=catalogue_in(deployed),
        vault=vault_erasures_in(deployed),
        pointers=number_index_in(deployed),
        clock=now,
        by=id_of_person(by, deployed),
    )
    with shown.bar("erased", unit="recordings") as advance:
        for outcomes in erase_recordings(chosen, at_once=at_once):
            counts.update(outcome for _, outcome in outcomes)
            ids += [it for it, outcome in outcomes if outcome is ErasureOutcome.ERASED]
            advance(counts.total(), len(chosen))
    for outcome, number in counts.items():
        shown.row(f"{number:>7,}", _TOLD[outcome])
    problems = {it: str(error) for it, error in erase_recordings.problems.items()}
    for recording_id, problem in islice(problems.items(), _MAX_PROBLEMS_SHOWN):
        shown.row(recording_id, problem)
    return counts, ids, problems
