"""`ringvault backfill`: read a span of the call log once more, or for the first time."""

from datetime import UTC, datetime
from math import ceil
from typing import Annotated, Any

import typer

from cli.options import (
    DEFAULT_PORT,
    DEFAULT_STACK,
    FromDay,
    Json,
    Local,
    Place,
    Port,
    Profile,
    Region,
    StackName,
    ToDay,
    days_asked,
)
from cli.screen import Screen, how_many, instant, screen
from cli.status import window_rows
from ringvault.core.backfill import Progress, add_backfill, open_backfills, stop_backfills
from ringvault.core.errors import InvalidRequestError
from ringvault.core.windows import DAY, ListingProgress


def backfill(
    *,
    from_: FromDay = None,
    to: ToDay = None,
    shows: Annotated[
        bool, typer.Option("--list", help="Show the backfills that are open, and change nothing.")
    ] = False,
    stops: Annotated[
        bool, typer.Option("--stop", help="Give up every open backfill; what it listed stays.")
    ] = False,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Have days of the call log read once more.

    The lister reads them besides what it reads by itself, within its share of the quota, oldest
    first, and goes on where it was killed. Days are UTC, by start of call, both included. Several
    backfills may be open.
    """
    with screen(as_json=json) as shown:
        _require_one_of(shows=shows, stops=stops, adds=bool(from_ or to))
        now = datetime.now(UTC)
        asked = days_asked(from_, to, today=now.date())
        deployed = Place(stack, profile, region, local, port).open()

        from cli.parts import listing_progress_in
        from ringvault.adapters.ringcentral_client import PER_PAGE

        progress = listing_progress_in(deployed)
        if asked is not None:
            from_at, to_at = asked.from_at, min(asked.to_at, now)
            state = add_backfill(progress=progress, from_at=from_at, to_at=to_at)
            _show_plan(state, from_at, to_at, now=now, per_page=PER_PAGE, shown=shown)
        else:
            state = _stopped(progress, shown) if stops else progress.load()[0]
        _show(state, shown)


def _require_one_of(*, shows: bool, stops: bool, adds: bool) -> None:
    if shows + stops + adds != 1:
        raise InvalidRequestError("give --from and --to, or --list, or --stop")


def _stopped(progress: Progress, shown: Screen) -> ListingProgress:
    given_up = len(open_backfills(progress.load()[0]))
    state = stop_backfills(progress=progress)
    shown.say(f"gave up {how_many(given_up, 'backfill')}; what was listed stays listed")
    return state


def _show_plan(
    state: ListingProgress,
    from_at: datetime,
    to_at: datetime,
    *,
    now: datetime,
    per_page: int,
    shown: Screen,
) -> None:
    shown.say(f"added: {instant(from_at)} to {instant(to_at)}")
    if state.recordings_a_day is not None:
        recordings = ceil(state.recordings_a_day * ((to_at - from_at) / DAY))
        requests = max(1, ceil(recordings / per_page))
        shown.say(
            f"if those days were like the last ones: about {how_many(recordings, 'recording')},"
            f" at least {how_many(requests, 'request')} to list them"
        )
    kept_from_at = now - state.deletion_after
    if from_at < kept_from_at:
        shown.say(f"RingCentral has deleted what is older than {instant(kept_from_at)}")


def _show(state: ListingProgress, shown: Screen) -> None:
    found = open_backfills(state)
    shown.section("Open backfills", window_rows(found) if found else [("none", "")])
    shown.answer({"backfills": [_told(window.from_at, window.to_at) for window in found]})


def _told(from_at: datetime, to_at: datetime) -> dict[str, Any]:
    return {"from": from_at, "to": to_at}
