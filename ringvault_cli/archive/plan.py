"""`ringvault plan`: duration and cost of the import, before anything is fetched."""

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
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Screen, ended

if TYPE_CHECKING:
    from ringvault.adapters.ringcentral.connect import RingCentral


@on_stack
def plan(
    place: Place,
    shown: Screen,
    *,
    requests: PagesToRead = DEFAULT_PAGES,
) -> None:
    """Estimate duration and cost of the import.

    The import fetches all recordings that RingCentral keeps. The estimate reads some pages of the
    call log within the quota: ten pages take about a minute. It fetches no recording and changes
    nothing.

    Exits with 1 when RingCentral would delete recordings before they are fetched.
    """
    deployed = place.open()

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
