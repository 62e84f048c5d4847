"""`ringvault reconcile`: compare call log, catalogue and vault now."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from time import sleep
from typing import TYPE_CHECKING, Any

from ringvault.core.instants import parse_instant
from ringvault.core.reconciliation.complete import complete_reconciliation
from ringvault.core.reconciliation.finding import Verdict, unsettled
from ringvault.core.spans import DAY, Period
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.options import FromDay, ToDay, days_asked
from ringvault_cli.terminal.screen import Advance, Screen, ended

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

Answer = Mapping[str, Any]
# Shown always; the other lines of a report where they are not 0.
TOTALS = ("archived", "absent", "pending", "missing", "unexpected")
# Printed where the number is not 0.
_MEANINGS = {
    Verdict.ABSENT: "RingCentral no longer has them",
    Verdict.OVERDUE: "wait longer than any plan explains",
    Verdict.BACKFILLING: "an open backfill will list them",
    Verdict.NOT_SERVED: "in the call log, but RingCentral answers 404",
    Verdict.REFUSED: "in the call log, but RingCentral answers 403",
    Verdict.MISSING: "not in the vault and not on their way",
    Verdict.UNREADABLE: "damaged records or catalogue items",
    Verdict.UNEXPECTED: "objects in the vault that no recording explains",
}


@on_stack
def reconcile(
    place: Place,
    shown: Screen,
    *,
    from_: FromDay = None,
    to: ToDay = None,
) -> None:
    """Prove that nothing is missing, and write a report.

    Compares call log, catalogue and vault until the report is written. Without days it continues
    today's scheduled run, if one is due. It invokes the stack's function repeatedly; each
    invocation spends a tenth of the quota of 15 minutes, so archiving is slower meanwhile. Ctrl-C
    stops the command but not the run, which the same command or the schedule continues.

    The report counts recordings by line. "pending" and "queued" are on their way; "missing" are
    not in the vault and not on their way; "unexpected" are objects in the vault that no recording
    explains; "overdue" wait longer than any plan explains; "not served" and "refused" are in the
    call log, but RingCentral answers 404 or 403.

    Exits with 1 unless the report says that nothing is missing.
    """
    asked = days_asked(from_, to, today=datetime.now(UTC).date())
    deployed = place.open()
    with shown.bar("days reconciled", unit="days") as advance:
        answer = _completed(deployed, asked, _moving(advance, shown))
    show(answer, shown=shown)
    shown.answer(answer)
    found = unsettled(answer.get("totals", {}))
    ended(ExitStatus.WRONG if found else ExitStatus.OK)


def show(answer: Answer, *, shown: Screen) -> None:
    """Print what the last answer says, for a person."""
    if answer["outcome"] == "idle":
        shown.say("Today's run is complete. Give --from and --to to reconcile other days.")
        return
    shown.section(f"{answer['from']} to {answer['to']}", report_lines(answer["totals"]))
    shown.section("Report", [("page", answer["page"]), ("JSON", answer["report"])])


def report_lines(totals: Mapping[str, int]) -> Sequence[tuple[str, str]]:
    """Return the lines of a report, of this release or an earlier one, for a person."""
    shown = [it for it in Verdict if it in TOTALS or totals.get(it, 0)]
    return [(it.replace("_", " "), _counted(it, totals.get(it, 0))) for it in shown]


def _counted(verdict: Verdict, number: int) -> str:
    meaning = _MEANINGS.get(verdict)
    return f"{number:,}: {meaning}" if number and meaning else f"{number:,}"


def _completed(
    deployed: "DeployedStack", asked: Period | None, on_step: Callable[[Answer], None]
) -> Answer:
    from ringvault.adapters.aws.functions import InvokedFunction

    name = deployed.output("ReconcileArchiveFunctionName")
    return complete_reconciliation(
        asked=asked,
        invoke=InvokedFunction(name, deployed.invoking_client()),
        clock=lambda: datetime.now(UTC),
        sleep=sleep,
        on_step=on_step,
    )


def _moving(advance: Advance, shown: Screen) -> Callable[[Answer], None]:
    """Return what shows an invocation's answer: a bar where there is one, a line for a fault."""

    def move(answer: Answer) -> None:
        if answer["outcome"] == "failed":
            shown.say(f"an invocation failed and is retried: {answer['problem']}")
        elif answer["outcome"] == "overtaken":
            shown.say("another reconciliation is running: waiting for it")
        elif "reached_at" in answer:
            first, last = (date.fromisoformat(answer[name]) for name in ("from", "to"))
            period = Period(first, last)
            reached = (parse_instant(answer["reached_at"]) - period.from_at) / DAY
            advance(reached, (period.to_at - period.from_at) / DAY)

    return move
