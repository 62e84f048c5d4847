"""`ringvault doctor`: check the stack and the account, with a remedy for each problem."""

from collections import Counter
from dataclasses import asdict

from ringvault.core.operations.doctor import Check, Level
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Screen, ended


@on_stack
def doctor(
    place: Place,
    shown: Screen,
) -> None:
    """Check the stack and the RingCentral account.

    Changes nothing. Sends three requests to RingCentral for each service user within the quota,
    so it may wait for its turn while a backlog is archived.

    Exits with 1 when a check is FAIL. A check that is WARN can wait, or could not be done.
    """
    deployed = place.open()

    from ringvault_cli.setup.ringcentral_checks import ringcentral_findings
    from ringvault_cli.setup.stack_checks import stack_findings

    found: list[Check] = []
    for checks in (ringcentral_findings, stack_findings):
        for finding in checks(deployed):
            show(finding, shown)
            found.append(finding)
    counts = Counter(finding.level for finding in found)
    shown.say(", ".join(f"{counts[level]} {level}" for level in Level))
    shown.answer({"checks": [asdict(finding) for finding in found]})
    ended(ExitStatus.WRONG if counts[Level.FAIL] else ExitStatus.OK)


def show(finding: Check, shown: Screen) -> None:
    """Print a finding, and below it what to do."""
    shown.row(finding.level, f"{finding.subject}: {finding.message}", indent=5)
    if finding.remedy:
        shown.row("     ->", finding.remedy, indent=8)
