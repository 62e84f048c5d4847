"""How long an open backfill explains that a listed recording is not in the catalogue."""

from collections.abc import Mapping
from datetime import UTC, datetime

from ringvault.core.instants import format_instant
from ringvault.core.listing.windows import DAY, Kind, ListingProgress, Window

# A backfill of a million recordings is through within two days. One that is open for longer is
# stuck, or spends none of the quota.
EXCUSED_FOR = 7 * DAY
# What stands for the first run of a lister that has never run: it reaches back to any day.
_FIRST_RUN = Window(
    Kind.BACKFILL, datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
)


def open_since(
    listing: ListingProgress, *, before: Mapping[str, datetime], now: datetime
) -> Mapping[str, datetime]:
    """Return since when reconciliation has known each backfill that is open, by its end.

    A backfill keeps its end while it is read. `before` is what this returned last.
    """
    return {name: before.get(name, now) for name in map(_name, _open(listing))}


def excusing(
    listing: ListingProgress, *, since: Mapping[str, datetime], now: datetime
) -> tuple[Window, ...]:
    """Return what open backfills have still to read, without those that are open too long."""
    return tuple(
        window for window in _open(listing) if now - since.get(_name(window), now) < EXCUSED_FOR
    )


def _open(listing: ListingProgress) -> tuple[Window, ...]:
    if not listing.opened_to:
        return (_FIRST_RUN,)
    return tuple(window for window in listing.windows if window.kind is Kind.BACKFILL)


def _name(window: Window) -> str:
    return format_instant(window.to_at)
