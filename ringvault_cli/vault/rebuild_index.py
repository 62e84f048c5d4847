"""`ringvault rebuild-index`: rebuild the number index from the catalogue."""

from dataclasses import asdict
from time import sleep

from ringvault.core.fixity.rebuild_index import IndexRebuilt
from ringvault.core.fixity.rebuild_index import rebuild_index as rebuilding
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Screen, ended

# More than a person goes through; the others are counted.
MAX_NAMED = 100


@on_stack
def rebuild_index(
    place: Place,
    shown: Screen,
) -> None:
    """Rebuild the index of phone numbers.

    Adds entries that the index lacks and removes entries of no recording in the catalogue. Run it
    after an upgrade whose changelog asks for it, after a change of PhoneRegion, and after the
    catalogue or the index was restored. Archiving continues meanwhile. Ctrl-C stops the command;
    run the same command again.

    Exits with 1 when a catalogue item can't be read, or when entries are left for another run.
    """
    deployed = place.open()
    from ringvault_cli.stack_parts import catalogue_records_in, number_index_upkeep_in

    catalogue = catalogue_records_in(deployed)
    expected = catalogue.expected_items()
    steps = rebuilding(
        catalogue=catalogue,
        index=number_index_upkeep_in(deployed),
        wait=lambda time: sleep(time.total_seconds()),
    )
    with shown.bar("read", unit="items and entries") as advance:
        for done in steps:
            read = done.items + done.entries
            advance(read, max(expected, read))
    show(done, shown=shown)
    shown.answer(asdict(done))
    is_whole = not done.unreadable and not done.left
    ended(ExitStatus.OK if is_whole else ExitStatus.WRONG)


def show(done: IndexRebuilt, *, shown: Screen) -> None:
    """Print what became of the index, for a person."""
    shown.say("index of phone numbers")
    shown.row("  recordings", f"{done.items:,}")
    shown.row("  entries added", f"{done.added:,}")
    shown.row("  entries removed", f"{done.removed:,}")
    if done.left:
        shown.row("  entries left", f"{done.left:,}: run it again")
    if done.unreadable:
        shown.row("  unreadable items", f"{len(done.unreadable):,}: their entries stay")
    for recording_id in done.unreadable[:MAX_NAMED]:
        shown.row(recording_id, "its catalogue item is damaged")
