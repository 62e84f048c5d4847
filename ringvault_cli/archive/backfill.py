"""`ringvault backfill`: read a span of the call log once more, or for the first time."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringvault.core.errors import InvalidRequestError
from ringvault.core.listing.backfill import (
    Progress,
    add_backfill,
    open_backfills,
    require_backfill,
    stop_backfills,
)
from ringvault.core.listing.windows import ListingProgress
from ringvault_cli.archive.plan_rows import (
    DEFAULT_PAGES,
    Asked,
    PagesToRead,
    Planned,
    planned_for,
    utc_now,
)
from ringvault_cli.archive.plan_rows import show as show_plan
from ringvault_cli.archive.status import window_rows
from ringvault_cli.exit_status import ExitStatus
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.options import FromDay, ToDay, Yes, days_asked
from ringvault_cli.terminal.screen import Screen, ended, how_many, instant

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack


@on_stack
def backfill(
    place: Place,
    shown: Screen,
    *,
    from_: FromDay = None,
    to: ToDay = None,
    shows: Annotated[
        bool, typer.Option("--list", help="Show the backfills that are open, and change nothing.")
    ] = False,
    stops: Annotated[
        bool, typer.Option("--stop", help="Give up every open backfill; what it listed stays.")
    ] = False,
    requests: PagesToRead = DEFAULT_PAGES,
    yes: Yes = False,
) -> None:
    """Have days of the call log read once more.

    Says first how many recordings they have, how long fetching them takes, at what cost, and
    whether that beats the deletion; then it asks. Without a terminal, and with --json, nothing
    changes unless --yes is given.

    The lister reads the days besides what it reads by itself, within its share of the quota,
    oldest first, and goes on where it was killed. Days are UTC, by start of call, both included.
    Several backfills may be open.

    Ends with 1 when days were asked for and nothing was changed.
    """
    _require_one_of(shows=shows, stops=stops, adds=bool(from_ or to))
    now = utc_now()
    asked = days_asked(from_, to, today=now.date())
    deployed = place.open()

    from ringvault_cli.stack_parts import listing_progress_in

    progress = listing_progress_in(deployed)
    if asked is None:
        state = _stopped(progress, shown) if stops else progress.load()[0]
        _show(state, shown)
        return
    state = progress.load()[0]
    calls = Asked(
        asked.from_at, min(asked.to_at, now), now, state.retention, state.recordings_a_day
    )
    require_backfill(state, calls.from_at, calls.to_at)
    found = _planned(calls, deployed, requests, shown)
    does = shown.confirms("Have these days read?", yes=yes)
    if does:
        state = add_backfill(progress=progress, from_at=calls.from_at, to_at=calls.to_at)
        shown.say(f"added: {instant(calls.from_at)} to {instant(calls.to_at)}")
    else:
        shown.show_unchanged()
    _show(state, shown, plan=found and asdict(found), lost_before=calls.lost_before)
    ended(ExitStatus.OK if does else ExitStatus.WRONG)


def _require_one_of(*, shows: bool, stops: bool, adds: bool) -> None:
    if shows + stops + adds != 1:
        raise InvalidRequestError("give --from and --to, or --list, or --stop")


def _stopped(progress: Progress, shown: Screen) -> ListingProgress:
    given_up = len(open_backfills(progress.load()[0]))
    state = stop_backfills(progress=progress)
    shown.say(f"gave up {how_many(given_up, 'backfill')}; what was listed stays listed")
    return state


def _planned(
    calls: Asked, deployed: "DeployedStack", requests: int, shown: Screen
) -> Planned | None:
    """Show the plan for what RingCentral still has of the calls; None where it has nothing."""
    if calls.lost_before is not None:
        shown.say(f"lost already: what is older than {instant(calls.lost_before)}")
        if calls.to_at <= calls.lost_before:
            return None
        calls = replace(calls, from_at=calls.lost_before)

    from ringvault.adapters.ringcentral.connect import ringcentral

    with shown.bar("pages of the call log", unit="pages") as advance:
        found = planned_for(
            calls,
            deployed=deployed,
            outside=ringcentral(deployed.ringcentral, deployed, deployed.client("dynamodb")),
            requests=requests,
            advance=advance,
        )
    show_plan(found, shown=shown)
    return found


def _show(state: ListingProgress, shown: Screen, **told: object) -> None:
    found = open_backfills(state)
    shown.section("Open backfills", window_rows(found) if found else [("none", "")])
    shown.answer({"backfills": [_told(window.from_at, window.to_at) for window in found], **told})


def _told(from_at: datetime, to_at: datetime) -> dict[str, Any]:
    return {"from": from_at, "to": to_at}
