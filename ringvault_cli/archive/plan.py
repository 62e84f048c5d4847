"""`ringvault plan`: what a takeover will take, before a byte is fetched."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from ringvault.core.listing.read_windows import retention_of
from ringvault_cli.archive.plan_rows import (
    DEFAULT_PAGES,
    MAX_WAIT,
    Asked,
    PagesToRead,
    planned_for,
    show,
    utc_now,
)
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
from ringvault_cli.terminal.screen import ended, screen

if TYPE_CHECKING:
    from ringvault.adapters.ringcentral.connect import RingCentral


def plan(
    *,
    requests: PagesToRead = DEFAULT_PAGES,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Say how long a takeover takes, and what it costs.

    Reads some pages of the call log, of all that RingCentral keeps, through the quota's gate: ten
    take about a minute. Fetches no recording and changes nothing.

    Ends with 1 when RingCentral would delete recordings before their turn.
    """
    with screen(as_json=json) as shown:
        deployed = Place(stack, profile, region, local, port).open()

        from ringvault.adapters.ringcentral.connect import connect

        outside = connect(deployed.ringcentral, deployed, deployed.client("dynamodb"))
        with shown.bar("pages of the call log", unit="pages") as advance:
            found = planned_for(
                _everything(outside),
                deployed=deployed,
                outside=outside,
                requests=requests,
                advance=advance,
            )
        show(found, shown=shown)
        shown.answer(asdict(found))
        ended(ExitStatus.WRONG if found.plan.lost else ExitStatus.OK)


def _everything(outside: "RingCentral") -> Asked:
    """Return all calls whose recordings RingCentral keeps, as the account's settings say."""
    from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind

    turn = outside.gates[RequestKind.SETTINGS].reserve(latest=utc_now() + MAX_WAIT)
    retention = retention_of(outside.client, turn)
    now = utc_now()
    return Asked(now - retention.period, now, now, retention)
