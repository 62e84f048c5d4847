"""`ringvault verify`: compare recordings and reports with their checksums."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringvault.core.errors import InvalidRequestError
from ringvault.core.fixity.check import Condition, Damage
from ringvault.core.fixity.verification import Sample, Verification
from ringvault.core.fixity.verify_vault import verify_vault
from ringvault.core.reconciliation.chain import ChainFault, verify_chain
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Screen, ended, how_many

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """What this command read of a verification, which others may have begun."""

    verification: Verification
    read_bytes: int
    elapsed_s: float

    @property
    def bytes_a_second(self) -> int:
        """How fast, 0 where it took no time."""
        return round(self.read_bytes / self.elapsed_s) if self.elapsed_s > 0 else 0


@on_stack
def verify(
    place: Place,
    shown: Screen,
    *,
    sample: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Only N recordings, chosen by the seed."),
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Seed of the sample; by default the date."),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start again, even if the last one is unfinished.")
    ] = False,
    reports: Annotated[
        bool, typer.Option("--reports", help="Verify the chain of reports instead of recordings.")
    ] = False,
) -> None:
    """Read recordings and compare their SHA-256.

    Compares each archived recording and its sidecar (the JSON beside it) with the catalogue: all
    of them, oldest first, or a sample. It changes nothing. Ctrl-C stops the command; the same
    command continues, from any machine. AWS bills data that leaves its region: run it there.

    Recordings are counted as intact, altered, missing (no object) or unreadable.

    Exits with 1 when a recording or a report is not intact.
    """
    if seed is not None and sample is None:
        raise InvalidRequestError("--seed needs --sample")
    if reports and (sample is not None or restart):
        raise InvalidRequestError("--reports can't be combined with --sample or --restart")
    deployed = place.open()
    if reports:
        _verify_reports(deployed, shown)
        return
    read = _read(deployed, Sample(sample, seed), restart=restart, shown=shown)
    show(read, shown=shown)
    shown.answer(as_json(read))
    ended(ExitStatus.OK if read.verification.is_intact else ExitStatus.WRONG)


def show(read: Read, *, shown: Screen) -> None:
    """Print what the recordings are by now, for a person."""
    found = read.verification
    rate = f"{read.bytes_a_second / MB:,.1f} MB/s"
    shown.say(f"{found.selection}: {found.read_bytes / MB:,.1f} MB read back, {rate}")
    for verdict in Condition:
        shown.row(f"  {verdict}", f"{found.verdicts.get(verdict, 0):,}")
    for damage in found.damages:
        _show_damage(damage, shown)
    if found.unnamed:
        shown.say(f"and {how_many(found.unnamed, 'other')}, which are only counted")


def as_json(read: Read) -> dict[str, Any]:
    """Return the same for a machine."""
    found = read.verification
    return {
        "sample": found.selection.sample,
        "seed": found.selection.seed,
        "started_at": found.started_at,
        "finished_at": found.finished_at,
        "recordings": {verdict.value: found.verdicts.get(verdict, 0) for verdict in Condition},
        "read_bytes": found.read_bytes,
        "bytes_a_second": read.bytes_a_second,
        "damages": [asdict(damage) for damage in found.damages],
        "unnamed": found.unnamed,
    }


def show_faults(faults: Sequence[ChainFault], *, number: int, shown: Screen) -> None:
    """Print what is wrong with the chain of reports, for a person."""
    intact = "" if faults else ": the chain is complete up to the last report in the state table"
    shown.say(f"{how_many(number, 'object')} under reports/{intact}")
    for fault in faults:
        shown.verbatim(f"{fault.object_key}")
        shown.row("", fault.problem)
    if faults:
        shown.say("S3 keeps all versions: see docs/operations/restore.md.")


def _show_damage(damage: Damage, shown: Screen) -> None:
    shown.row(damage.recording_id, f"{damage.verdict}: {damage.problem}; {damage.advice}")
    shown.verbatim(f"  {damage.object_key}")
    if damage.command:
        shown.verbatim(f"  {damage.command}")


def _read(deployed: "DeployedStack", asked: Sample, *, restart: bool, shown: Screen) -> Read:
    began_s, steps = monotonic(), _steps(deployed, asked, restart=restart)
    first = found = next(steps)
    with shown.bar("read back", unit="MB") as advance:
        for found in steps:
            advance((found.read_bytes - first.read_bytes) / MB, _all_mb(found, first))
    return Read(found, found.read_bytes - first.read_bytes, monotonic() - began_s)


def _all_mb(found: Verification, first: Verification) -> float | None:
    """Return how much there is to read, by the mean of what was: no index tells sizes."""
    if found.done == 0:
        return None
    all_bytes = found.read_bytes * max(1, found.total / found.done)
    return (all_bytes - first.read_bytes) / MB


def _steps(deployed: "DeployedStack", asked: Sample, *, restart: bool) -> Iterator[Verification]:
    from ringvault.adapters.concurrency import at_once
    from ringvault.adapters.dynamodb.progress import VerificationProgressStore
    from ringvault_cli.stack_parts import catalogue_inventory_in, vault_inventory_in

    return verify_vault(
        asked=asked,
        restart=restart,
        catalogue=catalogue_inventory_in(deployed),
        vault=vault_inventory_in(deployed),
        progress=VerificationProgressStore(
            deployed.output("StateTableName"), deployed.client("dynamodb")
        ),
        at_once=at_once,
        clock=lambda: datetime.now(UTC),
    )


def _verify_reports(deployed: "DeployedStack", shown: Screen) -> None:
    from ringvault.adapters.concurrency import at_once
    from ringvault_cli.stack_parts import reconciliation_progress_in, vault_inventory_in

    vault = vault_inventory_in(deployed)
    keys = vault.report_keys()
    head = reconciliation_progress_in(deployed).load()[0].chain_head
    contents = dict(zip(keys, at_once(vault.read_report, keys), strict=True))
    faults = verify_chain(contents, head=head)
    show_faults(faults, number=len(contents), shown=shown)
    shown.answer({"reports": len(contents), "faults": [asdict(fault) for fault in faults]})
    ended(ExitStatus.WRONG if faults else ExitStatus.OK)
