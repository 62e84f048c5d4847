"""`ringvault retention`: forecast of the recordings that expire."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ringvault.core.catalogue.item import State
from ringvault.core.lifecycle.forecast import Forecast, Share, cautions, forecast
from ringvault.core.spans import DAY
from ringvault_cli.on_stack import Place, on_stack
from ringvault_cli.terminal.screen import Row, Screen, how_many, instant

if TYPE_CHECKING:
    from ringvault.adapters.aws.stack import DeployedStack

MB = 1_000_000
# More days than this stand on the screen by month.
_MAX_DAYS = 31
_HEADING = f"{'recordings':>10}{'MB':>13}  {'calls':<24}{'held':>7}"
_NEVER = "Nothing expires: ExpireAfterDays is 0. To forecast another value:"
_FORECAST = "  ringvault retention --expire-after 365"
_STUCK = "no rule deletes them while ExpireAfterDays is 0"
_NEXT_ROUND = "tagged; S3 deletes them in its next daily run"


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything that the command tells; `forecast` is None where nothing expires.

    `deployed` is how long after archiving the stack lets recordings expire, 0 is never.
    """

    at: datetime
    deployed: timedelta
    forecast: Forecast | None
    expiring: int
    expired: int
    cautions: Sequence[str]


@on_stack
def retention(
    place: Place,
    shown: Screen,
    *,
    days: Annotated[
        int, typer.Option(metavar="N", min=1, max=366, help="Number of days to look ahead.")
    ] = 30,
    expire_after: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            min=1,
            max=36500,
            help="Forecast for another value of ExpireAfterDays.",
        ),
    ] = None,
) -> None:
    """Show what expires in the coming days.

    Shows for each day how many recordings expire, their size, the days of their calls, and how
    many are held and therefore kept. Recordings that are archived from now on are not included.
    It changes nothing, and reads the due part of the catalogue, 100 recordings per request.
    """
    deployed = place.open()
    found = _outlook(deployed, days, expire_after, shown)
    show(found, called=deployed.called, shown=shown)
    shown.answer(as_json(found))


def show(found: Outlook, *, called: str, shown: Screen) -> None:
    """Print the outlook for a person."""
    shown.say(f"{called}, {instant(found.at)}")
    if found.forecast is None:
        shown.say(_NEVER)
        shown.verbatim(_FORECAST)
    else:
        shown.say(_asked(found.forecast, deployed=found.deployed))
        shown.section(f"Expires by {found.forecast.until}", _expiring(found.forecast))
    shown.section("Past their time", _past(found))
    if found.cautions:
        shown.points("Warnings", found.cautions)


def as_json(found: Outlook) -> dict[str, Any]:
    """Return the outlook for a machine; what is due already stands under today."""
    told = found.forecast
    return {
        "at": found.at,
        "deployed_days": found.deployed // DAY,
        "expire_after_days": told.after // DAY if told else 0,
        "until": told and told.until,
        "days": [{"day": day} | _plain(share) for day, share in _days(told).items()],
        "total": _plain(told.total if told else Share()),
        "expiring": found.expiring,
        "expired": found.expired,
        "cautions": list(found.cautions),
    }


def _outlook(deployed: "DeployedStack", days: int, tried: int | None, shown: Screen) -> Outlook:
    from ringvault.adapters.dynamodb.counts import CatalogueCounts
    from ringvault_cli.stack_parts import listing_progress_in

    now = datetime.now(UTC)
    after = deployed.expire_after if tried is None else tried * DAY
    counts = CatalogueCounts(deployed.output("CatalogueTableName"), deployed.client("dynamodb"))
    known = cautions(
        after,
        kept_by_ringcentral=listing_progress_in(deployed).load()[0].kept_for,
        object_lock=deployed.object_lock,
    )
    return Outlook(
        at=now,
        deployed=deployed.expire_after,
        forecast=_forecast(deployed, after, days, now, shown) if after else None,
        expiring=counts.count(State.EXPIRING) or 0,
        expired=counts.count(State.EXPIRED) or 0,
        cautions=tuple(known) if after else (),
    )


def _forecast(
    deployed: "DeployedStack", after: timedelta, days: int, now: datetime, shown: Screen
) -> Forecast:
    from ringvault.adapters.dynamodb.counts import ArchivedInCatalogue

    table = deployed.output("CatalogueTableName")
    archived = ArchivedInCatalogue(table, deployed.client("dynamodb"))
    with shown.bar("checked", unit="recordings") as advance:
        return forecast(archived, after=after, days=days, now=now, on_read=advance)


def _asked(found: Forecast, *, deployed: timedelta) -> str:
    after = f"{how_many(found.after // DAY, 'day')} after archiving"
    if found.after == deployed:
        return f"recordings expire {after}"
    now = how_many(deployed // DAY, "day") if deployed else "never"
    return f"if recordings expired {after} (deployed is: {now})"


def _expiring(found: Forecast) -> Iterator[Row]:
    yield "", _HEADING
    shown: dict[str, Share] = defaultdict(Share)
    for day, share in found.days.items():
        shown[_name_of(day, found)] += share
    for name, share in shown.items():
        yield name, _told(share)
    yield "total", _told(found.total)


def _name_of(day: date, found: Forecast) -> str:
    today = found.at.date()
    if day == today:
        return "due by now"
    return f"{day:%Y-%m}" if found.until - today > _MAX_DAYS * DAY else f"{day}"


def _told(share: Share) -> str:
    calls = ""
    if share.first_at and share.last_at:
        calls = f"{share.first_at:%Y-%m-%d} to {share.last_at:%Y-%m-%d}"
    return f"{share.recordings:>10,}{share.size_bytes / MB:>13,.1f}  {calls:<24}{share.held:>7,}"


def _past(found: Outlook) -> Iterator[Row]:
    meaning = _NEXT_ROUND if found.deployed else _STUCK
    yield "expiring", f"{found.expiring:,}" + (f": {meaning}" if found.expiring else "")
    yield "expired", f"{found.expired:,}" + (": deleted" if found.expired else "")


def _days(found: Forecast | None) -> Mapping[date, Share]:
    return found.days if found else {}


def _plain(share: Share) -> dict[str, Any]:
    return {
        "recordings": share.recordings,
        "size_bytes": share.size_bytes,
        "calls_from": share.first_at,
        "calls_to": share.last_at,
        "held": share.held,
    }
