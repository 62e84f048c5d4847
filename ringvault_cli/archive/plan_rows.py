"""Duration and cost of fetching the recordings of a period, computed and printed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ringvault.core.operations.estimate import CallLogSample, Estimate
from ringvault.core.operations.plan import Plan, Situation, planned
from ringvault.core.operations.prices import PRICES, Cost, cost_of
from ringvault.core.operations.status import Count, archived_between
from ringvault.core.quota.window import Quota
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import DAY
from ringvault_cli.terminal.screen import Advance, Row, Screen, how_many

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack
    from ringvault.adapters.ringcentral.connect import RingCentral

# While a backlog is archived, turns come late.
MAX_WAIT = timedelta(minutes=5)
# MP3 of 32 kbit/s, of a call of three minutes where no call was seen.
ASSUMED_BYTES_A_SECOND = 4_000
ASSUMED_DURATION_S = 180.0

PagesToRead = Annotated[
    int,
    typer.Option("--requests", metavar="N", min=3, max=1000, help="Read at most N pages."),
]
DEFAULT_PAGES = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """The calls that a plan is for; `recordings_a_day` None is taken from their own number."""

    from_at: datetime
    to_at: datetime
    now: datetime
    retention: Retention
    recordings_a_day: float | None = None

    @property
    def lost_before(self) -> datetime | None:
        """The start of calls before which RingCentral has deleted all; None if all are younger."""
        kept_from_at = self.now - self.retention.kept_for(self.recordings_a_day)
        return kept_from_at if self.from_at < kept_from_at else None

    def beginning(self, first_at: datetime | None) -> "Asked":
        """Return what is asked from the first call on: a young account has no calls before it."""
        if first_at is None:
            return self
        return replace(self, from_at=max(self.from_at, min(first_at, self.to_at - DAY)))


@dataclass(frozen=True, slots=True)
class Planned:
    """Everything that is told."""

    estimate: Estimate
    archived: Count
    situation: Situation
    plan: Plan
    mean_bytes: float
    is_measured: bool
    cost: Cost | None
    deleted_from_at: datetime
    deleted_to_at: datetime


def planned_for(
    asked: Asked,
    *,
    deployed: "DeployedStack",
    outside: "RingCentral",
    requests: int,
    advance: Advance,
) -> Planned:
    """Return the plan for those calls, from so many pages of the call log at most.

    Raises:
        RingvaultError: RingCentral or AWS does not let itself be asked.
    """
    from ringvault.adapters.dynamodb.counts import CatalogueCounts, mean_size_bytes

    dynamodb, table = deployed.client("dynamodb"), deployed.output("CatalogueTableName")
    estimate = _estimate(outside, asked, requests, advance)
    catalogue = CatalogueCounts(table, dynamodb)
    archived = archived_between(catalogue, asked.from_at, asked.to_at)
    asked = asked.beginning(estimate.first_at)
    situation = _situation(asked, estimate, archived, deployed=deployed, outside=outside)
    made = planned(situation)
    measured = mean_size_bytes(table, dynamodb)
    assumed = (estimate.mean_duration_s or ASSUMED_DURATION_S) * ASSUMED_BYTES_A_SECOND
    mean_bytes = assumed if measured is None else measured
    cost = None
    if made.lasts is not None:
        cost = cost_of(
            situation.recordings,
            mean_bytes=mean_bytes,
            lasts=made.lasts,
            archivers=deployed.archivers,
        )
    kept = asked.retention.deletion_after(situation.recordings_a_day)
    return Planned(
        estimate=estimate,
        archived=archived,
        situation=situation,
        plan=made,
        mean_bytes=mean_bytes,
        is_measured=measured is not None,
        cost=cost,
        deleted_from_at=max(asked.now, asked.from_at + kept),
        deleted_to_at=max(asked.now, asked.to_at + kept),
    )


def show(found: Planned, *, shown: Screen) -> None:
    """Print the plan for a person."""
    shown.section("Recordings", _recordings(found))
    shown.section("Requests", _requests(found))
    shown.section("Time", _time(found))
    shown.section(f"Cost ({PRICES.called})", _cost(found))


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def _situation(
    asked: Asked,
    estimate: Estimate,
    archived: Count,
    *,
    deployed: "DeployedStack",
    outside: "RingCentral",
) -> Situation:
    from ringvault.adapters.ringcentral.client import PER_PAGE

    period = asked.to_at - asked.from_at
    return Situation(
        recordings=max(0, estimate.recordings - archived.number),
        listed=estimate.recordings,
        period=period,
        ended_ago=asked.now - asked.to_at,
        recordings_a_day=asked.recordings_a_day or estimate.recordings / (period / DAY),
        quota=_quota(outside),
        users=len(outside.access_tokens),
        look_backs=deployed.look_backs,
        retention=asked.retention,
        per_page=PER_PAGE,
    )


def _estimate(outside: "RingCentral", asked: Asked, requests: int, advance: Advance) -> Estimate:
    from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind

    return CallLogSample(
        call_log=outside.client,
        quota=outside.gates[RequestKind.CALL_LOG],
        clock=utc_now,
        wait=MAX_WAIT,
        from_at=asked.from_at,
        to_at=asked.to_at,
        max_requests=requests,
        on_read=lambda sent: advance(sent, requests),
    ).estimate()


def _quota(outside: "RingCentral") -> Quota:
    """Return the quota of one service user in the group that recordings are counted in."""
    from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind

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
        yield "uncertainty", f"{estimate.low:,} to {estimate.high:,}"
    about = "" if found.archived.is_exact else "about "
    yield "already archived", f"{about}{found.archived.number:,}"
    yield "per day", f"{found.situation.recordings_a_day:,.0f}"


def _requests(found: Planned) -> Iterator[Row]:
    plan, users = found.plan, found.situation.users
    yield "for the backlog", f"{plan.requests:,}"
    yield "besides, per day", f"{plan.requests_a_day:,.0f}: new calls, look-backs, reconciliation"
    permitted = f"{plan.permitted_a_day:,.0f} with {how_many(users, 'service user')}"
    yield "permitted per day", permitted


def _time(found: Planned) -> Iterator[Row]:
    plan, kept = found.plan, found.situation.retention
    yield (
        "duration",
        "never finishes: new calls need more than the quota allows"
        if plan.lasts is None
        else _days(plan.lasts),
    )
    yield "RingCentral keeps", str(kept)
    yield "deletes these", f"{found.deleted_from_at:%Y-%m-%d} to {found.deleted_to_at:%Y-%m-%d}"
    if not plan.lost:
        yield "in time", "yes"
        return
    yield "in time", f"no: about {plan.lost:,} would be deleted before they are fetched"
    needed = plan.users_needed
    yield (
        "remedy",
        "ask RingCentral for more quota"
        if needed is None
        else (f"{needed} service users are enough: ringvault configure --user NAME"),
    )


def _cost(found: Planned) -> Iterator[Row]:
    how = "mean of the archived ones" if found.is_measured else "assumed from the duration of calls"
    yield "per recording", f"{found.mean_bytes / 1e6:,.2f} MB, {how}"
    if found.cost is None:
        return
    for service, dollars in found.cost.once.items():
        yield service, f"${dollars:,.2f}" + (" at most" if service == "Lambda" else "")
    yield "total", f"${sum(found.cost.once.values()):,.2f} once"
    fixed = f"${found.cost.fixed_a_month:,.2f} for key and secret"
    yield "per month", f"${found.cost.a_month:,.2f} to store these; {fixed}"


def _days(lasts: timedelta) -> str:
    if lasts >= 2 * DAY:
        return f"{lasts / DAY:,.1f} days"
    if lasts < timedelta(hours=1):
        return "less than an hour"
    return f"{lasts / timedelta(hours=1):,.1f} hours"
