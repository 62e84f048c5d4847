"""`ringvault backfill`: read days of the call log again, or for the first time."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringvault.core.errors import InvalidRequestError
from ringvault.core.listing.backfill import (
    add_backfill,
    open_backfills,
    require_backfill,
    stop_backfills,
)
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.versioned import Versioned
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
        bool, typer.Option("--list", help="List the open backfills and change nothing.")
    ] = False,
    stops: Annotated[
        bool,
        typer.Option("--stop", help="Cancel all open backfills; what they listed is kept."),
    ] = False,
    requests: PagesToRead = DEFAULT_PAGES,
    yes: Yes = False,
) -> None:
    """Re-read days of the call log.

    Shows first how many recordings the days have, how long fetching them takes, what it costs,
    and whether it finishes before RingCentral deletes them; then asks for confirmation. Without a
    terminal, and with --json, nothing is changed unless --yes is given.

    The lister reads the days in addition to its own windows, oldest first, within its share of
    the quota. Days are UTC days of the start of the call. Several backfills may be open. Days
    whose recordings RingCentral has already deleted are refused.

    Exits with 1 when days were given and nothing was changed.
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
    _require_some_left(calls)
    found = _planned(calls, deployed, requests, shown)
    does = shown.confirms("Re-read these days?", yes=yes)
    if does:
        state = add_backfill(progress=progress, from_at=calls.from_at, to_at=calls.to_at)
        shown.say(f"added: {instant(calls.from_at)} to {instant(calls.to_at)}")
    else:
        shown.show_unchanged()
    _show(state, shown, plan=asdict(found), lost_before=calls.lost_before)
    ended(ExitStatus.OK if does else ExitStatus.WRONG)


def _require_one_of(*, shows: bool, stops: bool, adds: bool) -> None:
    if shows + stops + adds != 1:
        raise InvalidRequestError("give --from and --to, or --list, or --stop")


def _stopped(progress: Versioned[ListingProgress], shown: Screen) -> ListingProgress:
    given_up = len(open_backfills(progress.load()[0]))
    state = stop_backfills(progress=progress)
    shown.say(f"cancelled {how_many(given_up, 'backfill')}; what they have listed is kept")
    return state


def _require_some_left(calls: Asked) -> None:
    if calls.lost_before is not None and calls.to_at <= calls.lost_before:
        raise InvalidRequestError(
            "RingCentral has deleted all recordings of these days: it keeps none of calls before"
            f" {instant(calls.lost_before)}",
            hint="give later days with --from and --to",
        )


def _planned(calls: Asked, deployed: "DeployedStack", requests: int, shown: Screen) -> Planned:
    """Show the plan for the calls whose recordings RingCentral still has."""
    if calls.lost_before is not None:
        shown.say(f"deleted by RingCentral: recordings from before {instant(calls.lost_before)}")
        calls = replace(calls, from_at=calls.lost_before)

    from ringvault.adapters.ringcentral.connect import connect

    with shown.bar("pages of the call log", unit="pages") as advance:
        found = planned_for(
            calls,
            deployed=deployed,
            outside=connect(deployed.ringcentral, deployed, deployed.client("dynamodb")),
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
