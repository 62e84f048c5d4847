"""`ringvault erase`: delete recordings permanently, and keep a proof."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.selection import Chosen, Selection
from ringvault.core.errors import InvalidRequestError
from ringvault.core.lifecycle.erase_recordings import REFUSED, EraseRecordings, ErasureOutcome
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.options import FromDay, ToDay
from ringvault_cli.terminal.screen import Screen, ended, how_many, instant
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
    ErasureOutcome.ERASED: "erased; the proofs are in the vault under erasures/",
    ErasureOutcome.ERASED_ALREADY: "already erased, or expired",
    ErasureOutcome.HELD: "refused: held, see ringvault hold list",
    ErasureOutcome.FAILED: "failed and not erased: run the same command again",
    ErasureOutcome.BEING_FETCHED: "refused: being archived now, try again in 20 minutes",
}
# Enough to see what is wrong; the JSON has all.
_MAX_PROBLEMS_SHOWN = 20
_NOTHING_LEFT = {State.ERASED, State.EXPIRED}


@on_stack
def erase(
    place: Place,
    shown: Screen,
    *,
    number: Annotated[
        str, typer.Option(metavar="NUMBER", help="All calls with this phone number.")
    ] = "",
    extension: Extension = "",
    recording: RecordingIds = None,
    first: FromDay = None,
    last: ToDay = None,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for the count.")] = False,
) -> None:
    """Erase recordings permanently.

    Deletes audio, call record and phone numbers, in every version.

    Shows first what will be erased and what is refused, then asks you to type the count. Without a
    terminal, and with --json, nothing is erased unless --yes is given. Held recordings are
    refused. The id is kept, so that it is never fetched again, and a proof in the vault. Without
    options it completes an earlier run that was interrupted.

    RingCentral's own copy is not deleted: delete it there.

    Exits with 1 when a recording was refused or failed, or nothing was erased. A recording that
    fails does not stop the others.
    """
    deployed = place.open()
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
    does = bool(free) and (yes or types_the_count(len(free), shown))
    if free and not does:
        shown.show_unchanged("nothing was erased")
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
            "--number: the number index was written by an earlier release and may miss recordings",
            hint="run ringvault rebuild-index, then the same command again",
        )
    return selection


def _free(chosen: Sequence[Chosen]) -> Sequence[Chosen]:
    return [it for it in chosen if not it.hold and it.state not in _NOTHING_LEFT]


def _with_unfinished(named: Sequence[Chosen], unfinished: Iterable[Chosen]) -> list[Chosen]:
    return list({it.recording_id: it for it in (*named, *unfinished)}.values())


def types_the_count(number: int, shown: Screen) -> bool:
    """Ask for the number of recordings; False without a terminal, and with --json."""
    if not shown.can_ask:
        return False
    typed = typer.prompt(
        f"This can't be undone. Type {number} to erase them", default="", show_default=False
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
