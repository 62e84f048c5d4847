"""`ringvault plan`: what a takeover will take, before a byte is fetched."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.failures import ExitStatus
from cli.options import (
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
from cli.screen import Advance, Row, Screen, ended, how_many, screen
from ringvault.core.archive_status import MOST_PAGES_OF_ARCHIVED
from ringvault.core.call_log_sample import Estimate, Sample
from ringvault.core.catalogue import State
from ringvault.core.listing import retention_of
from ringvault.core.plan import Plan, Situation, planned
from ringvault.core.prices import PRICES_OF, Cost, cost_of
from ringvault.core.quota import Quota
from ringvault.core.retention import Retention
from ringvault.core.windows import DAY

if TYPE_CHECKING:
    from ringvault.adapters.deployed_stack import DeployedStack
    from ringvault.adapters.ringcentral import RingCentral

# While a backlog is archived, turns come late.
LONGEST_WAIT = timedelta(minutes=5)
# MP3 of 32 kbit/s, of a call of three minutes where no call was seen.
ASSUMED_BYTES_A_SECOND = 4_000
ASSUMED_DURATION_S = 180.0


@dataclass(frozen=True, slots=True)
class Planned:
    """Everything that the command tells."""

    estimate: Estimate
    archived: int
    situation: Situation
    plan: Plan
    mean_bytes: float
    is_measured: bool
    cost: Cost | None


def plan(
    *,
    requests: Annotated[
        int, typer.Option(metavar="N", min=3, max=1000, help="How many pages to read for it.")
    ] = 12,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Say how long a takeover takes, at what cost, if in time.

    Reads some pages of the call log, spread over what RingCentral keeps, through the quota's gate:
    ten take about a minute. Fetches no recording and changes nothing. More pages, less
    uncertainty.

    Ends with 1 when RingCentral would delete recordings before their turn.
    """
    with screen(as_json=json) as shown:
        deployed = Place(stack, profile, region, local, port).open()
        with shown.bar("pages of the call log", unit="pages") as advance:
            found = _found(deployed, requests, advance)
        show(found, shown)
        shown.answer(asdict(found))
        ended(ExitStatus.WRONG if found.plan.lost else ExitStatus.OK)


def show(found: Planned, shown: Screen) -> None:
    """Print the plan for a person."""
    shown.section("Recordings", _recordings(found))
    shown.section("Requests", _requests(found))
    shown.section("Time", _time(found))
    shown.section(f"Cost ({PRICES_OF})", _cost(found))


def _found(deployed: "DeployedStack", requests: int, advance: Advance) -> Planned:
    from ringvault.adapters.catalogue_counts import CatalogueCounts
    from ringvault.adapters.recording_sizes import mean_size_bytes
    from ringvault.adapters.ringcentral import ringcentral
    from ringvault.adapters.ringcentral_client import PER_PAGE

    dynamodb, table = deployed.client("dynamodb"), deployed.output("CatalogueTableName")
    outside = ringcentral(deployed.ringcentral, deployed, dynamodb)
    retention = _retention(outside)
    estimate = _estimate(outside, retention, requests, advance)
    counts = CatalogueCounts(table, dynamodb)
    archived = counts.count(State.ARCHIVED, most_pages=MOST_PAGES_OF_ARCHIVED)
    archived = counts.items_about() if archived is None else archived
    situation = Situation(
        recordings=max(0, estimate.recordings - archived),
        recordings_a_day=estimate.recordings / (retention.period / DAY),
        quota=_quota(outside),
        users=len(outside.access_tokens),
        look_backs=deployed.look_backs,
        retention=retention,
        per_page=PER_PAGE,
    )
    made = planned(situation)
    measured = mean_size_bytes(table, dynamodb)
    assumed = (estimate.mean_duration_s or ASSUMED_DURATION_S) * ASSUMED_BYTES_A_SECOND
    mean_bytes = assumed if measured is None else measured
    cost = made.lasts and cost_of(
        situation.recordings,
        mean_bytes=mean_bytes,
        lasts=made.lasts,
        archivers=deployed.archivers,
    )
    return Planned(
        estimate, archived, situation, made, mean_bytes, measured is not None, cost or None
    )


def _retention(outside: "RingCentral") -> Retention:
    from ringvault.adapters.rate_limit_groups import RequestKind

    turn = outside.gates[RequestKind.SETTINGS].reserve(latest=_now() + LONGEST_WAIT)
    return retention_of(outside.client, turn)


def _estimate(
    outside: "RingCentral", retention: Retention, requests: int, advance: Advance
) -> Estimate:
    from ringvault.adapters.rate_limit_groups import RequestKind
    from ringvault.adapters.ringcentral_client import PER_PAGE

    now = _now()
    return Sample(
        call_log=outside.client,
        quota=outside.gates[RequestKind.CALL_LOG],
        clock=_now,
        wait=LONGEST_WAIT,
        from_at=now - retention.period,
        to_at=now,
        most_requests=requests,
        per_page=PER_PAGE,
        on_read=lambda sent: advance(sent, requests),
    ).estimate()


def _quota(outside: "RingCentral") -> Quota:
    """Return the quota of one service user in the group that recordings are counted in."""
    from ringvault.adapters.rate_limit_groups import RequestKind

    window = Quota().window
    permitted = outside.gates[RequestKind.MEDIA].requests_in(window)
    return Quota(limit=max(1, round(permitted / len(outside.access_tokens))))


def _recordings(found: Planned) -> Iterator[Row]:
    estimate = found.estimate
    read = how_many(estimate.requests, "page")
    if estimate.low == estimate.high:
        yield "at RingCentral", f"{estimate.recordings:,}, counted in {read}"
    else:
        yield "at RingCentral", f"about {estimate.recordings:,}, by {read} of the call log"
        yield "uncertainty", f"{estimate.low:,} to {estimate.high:,} (95 %)"
    yield "archived already", f"{found.archived:,}"
    yield "a day", f"{found.situation.recordings_a_day:,.0f}"


def _requests(found: Planned) -> Iterator[Row]:
    plan, users = found.plan, found.situation.users
    yield "for the backlog", f"{plan.requests:,}"
    yield "a day besides", f"{plan.requests_a_day:,.0f}: new calls, look-backs, reconciliation"
    permitted = f"{plan.permitted_a_day:,.0f} with {how_many(users, 'service user')}"
    yield "permitted a day", permitted


def _time(found: Planned) -> Iterator[Row]:
    plan, kept = found.plan, found.situation.retention
    yield (
        "takes",
        "for ever: the quota does not suffice" if plan.lasts is None else _days(plan.lasts),
    )
    yield "RingCentral keeps", f"{kept.period // DAY} days, {kept.most_recordings:,} recordings"
    if not plan.lost:
        yield "in time", "yes"
        return
    yield "in time", f"no: about {plan.lost:,} would be deleted before their turn"
    needed = plan.users_needed
    yield (
        "remedy",
        "ask RingCentral for more quota"
        if needed is None
        else (f"{needed} service users save all: ringvault configure --user NAME"),
    )


def _cost(found: Planned) -> Iterator[Row]:
    how = "as archived until now" if found.is_measured else "assumed, from the calls' duration"
    yield "a recording", f"{found.mean_bytes / 1e6:,.2f} MB, {how}"
    if found.cost is None:
        return
    for service, dollars in found.cost.once.items():
        yield service, f"${dollars:,.2f}" + (" at most" if service == "Lambda" else "")
    yield "together", f"${sum(found.cost.once.values()):,.2f} once"
    yield "storage", f"${found.cost.a_month:,.2f} a month for these"


def _days(lasts: timedelta) -> str:
    if lasts >= 2 * DAY:
        return f"{lasts / DAY:,.1f} days"
    if lasts < timedelta(hours=1):
        return "less than an hour"
    return f"{lasts / timedelta(hours=1):,.1f} hours"


def _now() -> datetime:
    return datetime.now(UTC)
