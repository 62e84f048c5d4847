"""`ringvault rebuild-catalogue`: rebuild the catalogue from the bucket."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ringvault.core.fixity.rebuild_catalogue import ADVICE, Rebuilt, Unrestored
from ringvault.core.fixity.rebuild_catalogue import rebuild_catalogue as rebuilding
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Screen, ended, how_many

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

# More than a person goes through: the rest is told by its number, and found by running it again.
MAX_NAMED = 1000


@on_stack
def rebuild_catalogue(
    place: Place,
    shown: Screen,
) -> None:
    """Rebuild the catalogue from the bucket.

    Restores each archived recording that the catalogue lacks from its sidecar (the JSON beside
    it), if the audio matches by size and CRC-32. Items in the catalogue are not changed. Disable
    the lister's schedule first (see docs/operations/restore.md). It reads no audio, and sends two
    requests to S3 and two to DynamoDB for each recording. Ctrl-C stops the command; the same
    command continues.

    Exits with 1 when a recording in the bucket could not be restored.
    """
    deployed = place.open()
    found: list[Unrestored] = []
    with shown.bar("rebuilt", unit="days") as advance:
        for rebuilt in _steps(deployed):
            found += rebuilt.found[: MAX_NAMED - len(found)]
            advance(rebuilt.days_done, rebuilt.days)
    show(rebuilt, found, shown=shown)
    shown.answer(as_json(rebuilt, found))
    ended(ExitStatus.WRONG if rebuilt.unrestored else ExitStatus.OK)


def show(rebuilt: Rebuilt, found: Sequence[Unrestored], *, shown: Screen) -> None:
    """Print what became of the recordings in the bucket, for a person."""
    shown.say(f"{how_many(rebuilt.days, 'day')} of recordings in the bucket")
    shown.row("  restored", f"{rebuilt.restored:,}")
    shown.row("  already there", f"{rebuilt.known:,}")
    shown.row("  not restored", f"{rebuilt.unrestored:,}")
    for it in found:
        detail = f" ({it.detail})" if it.detail else ""
        shown.row(it.recording_id, f"{it.fault.replace('_', ' ')}{detail}: {ADVICE[it.fault]}")
        shown.verbatim(f"  {it.object_key}")
    if rebuilt.unrestored > len(found):
        shown.say(f"and {how_many(rebuilt.unrestored - len(found), 'other')}")


def as_json(rebuilt: Rebuilt, found: Sequence[Unrestored]) -> dict[str, Any]:
    """Return the same for a machine."""
    return {
        "days": rebuilt.days,
        "restored": rebuilt.restored,
        "known": rebuilt.known,
        "unrestored": rebuilt.unrestored,
        "found": [asdict(it) | {"advice": ADVICE[it.fault]} for it in found],
    }


def _steps(deployed: "DeployedStack") -> Iterator[Rebuilt]:
    from ringvault.adapters.concurrency import at_once
    from ringvault_cli.stack_parts import catalogue_inventory_in, vault_inventory_in

    return rebuilding(
        vault=vault_inventory_in(deployed),
        catalogue=catalogue_inventory_in(deployed),
        at_once=at_once,
    )
