"""`ringvault doctor`: is everything in order, and what to do where it is not."""

from collections import Counter
from dataclasses import asdict

from ringvault.core.operations.doctor import Check, Level
from ringvault_cli.failures import ExitStatus
from ringvault_cli.options import (
    DEFAULT_PORT,
    DEFAULT_STACK,
    Json,
    Local,
    Place,
    Port,
    Profile,
    Region,
    StackName,
)
from ringvault_cli.terminal.screen import Screen, ended, screen


def doctor(
    *,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Check that all is in order, and say what to do.

    Changes nothing. Asks RingCentral three things for each service user, through the quota's gate,
    so that it may wait for its turn while a backlog is archived.

    Ends with 1 when something is FAIL; what is WARN can wait, or could not be checked.
    """
    with screen(as_json=json) as shown:
        deployed = Place(stack, profile, region, local, port).open()

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
