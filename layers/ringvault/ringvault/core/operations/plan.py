"""Plans the import: requests, days, and whether it finishes before RingCentral deletes."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from ringvault.core.listing.windows import MAX_STRIDE, LookBacks
from ringvault.core.quota.window import Quota
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import DAY

# No archive needs more service users than this; beyond it the import counts as impossible.
_MAX_USERS = 100


@dataclass(frozen=True, slots=True)
class Situation:
    """The basis of a plan: `recordings` of the `listed` ones are still to be fetched.

    They are of calls within `period`, which ended `ended_ago`; `recordings_a_day` are new ones.
    `quota` is that of one service user, of which there are `users`.
    """

    recordings: int
    listed: int
    period: timedelta
    ended_ago: timedelta
    recordings_a_day: float
    quota: Quota
    users: int
    look_backs: LookBacks
    retention: Retention
    per_page: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The import's cost; `lasts` None means that new calls need the whole quota.

    `requests` list and fetch the backlog, `requests_a_day` go to new calls, look-backs and
    reconciliation meanwhile. `lost` are deleted before their turn, as an estimate.
    `users_needed` is how many service users lose none, None if no number is enough.
    """

    requests: int
    requests_a_day: float
    permitted_a_day: float
    lasts: timedelta | None
    lost: int
    users_needed: int | None


def planned(situation: Situation) -> Plan:
    """Return requests and duration of the import at the present quota."""
    requests = situation.recordings + _pages(situation)
    permitted, daily = _permitted(situation, situation.users), _daily(situation)
    spare = permitted - daily
    return Plan(
        requests=requests,
        requests_a_day=daily,
        permitted_a_day=permitted,
        lasts=DAY * (requests / spare) if spare > 0 else None,
        lost=_lost(situation, situation.users),
        users_needed=next(
            (users for users in range(1, _MAX_USERS + 1) if not _lost(situation, users)), None
        ),
    )


def _permitted(situation: Situation, users: int) -> float:
    """Return the requests a day: a turn comes back a guard later than RingCentral's window."""
    quota = situation.quota
    return users * quota.limit * (DAY / (quota.window + quota.guard))


def _daily(situation: Situation) -> float:
    """Return the daily requests for new calls, look-backs and reconciliation."""
    a_day, per_page = situation.recordings_a_day, situation.per_page
    look_backs = situation.look_backs.requests_a_day(a_day, per_page=per_page)
    kept = situation.retention.period + 10 * DAY
    reconciliation = max(ceil(kept / MAX_STRIDE), ceil(a_day * (kept / DAY) / per_page))
    return a_day + look_backs + reconciliation


def _pages(situation: Situation) -> int:
    """Return the requests for listing: full pages, and one for each stride of a sparse account."""
    strides = ceil(situation.period / MAX_STRIDE)
    return max(strides, ceil(situation.listed / situation.per_page))


def _lost(situation: Situation, users: int) -> int:
    """Return how many are deleted before their turn.

    The oldest come first, evenly spread: so it is the number that the quota can't fetch until the
    newest of them are deleted.
    """
    kept = situation.retention.deletion_after(situation.recordings_a_day)
    left = max(0.0, (kept - situation.ended_ago) / DAY)
    pages = 1 + 1 / situation.per_page
    fetched_a_day = max(0.0, _permitted(situation, users) - _daily(situation)) / pages
    return max(0, round(situation.recordings - fetched_a_day * left))
