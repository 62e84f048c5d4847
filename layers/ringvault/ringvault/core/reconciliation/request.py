"""What period a reconciliation is asked for."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from ringvault.core.errors import InvalidRequestError
from ringvault.core.reconciliation.run import Period

EXAMPLE = '{"from": "2026-10-01", "to": "2026-10-31"}'

_NAMES = frozenset({"from", "to"})
# The scheduler sends nothing at all, or the envelope of an event of its own.
_SCHEDULED = "Scheduled Event"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def period_of(event: Any, *, today: date) -> Period | None:  # noqa: ANN401 - whatever somebody sends
    """Return the days that an event asks for, None for the daily run of the schedule.

    Raises:
        InvalidRequestError: it asks for anything else; nothing was changed.
    """
    if not isinstance(event, Mapping):
        raise InvalidRequestError(f"an event is an object: {EXAMPLE}")
    if not event or event.get("detail-type") == _SCHEDULED:
        return None
    if event.keys() != _NAMES:
        raise InvalidRequestError(f"an event has from and to and nothing else: {EXAMPLE}")
    from_on, to_on = (day_of(event[name], called=name) for name in ("from", "to"))
    return checked_period(from_on, to_on, today=today)


def checked_period(
    from_on: date, to_on: date, *, today: date, called: tuple[str, str] = ("from", "to")
) -> Period:
    """Return the days from the first to the last, both included.

    Raises:
        InvalidRequestError: they are in the wrong order, or in the future; `called` names the two.
    """
    first, last = called
    if from_on > to_on:
        raise InvalidRequestError(f"{first} {from_on} is later than {last} {to_on}")
    if to_on > today:
        raise InvalidRequestError(f"{last} {to_on} is in the future: today is {today} (UTC)")
    return Period(from_on, to_on)


def day_of(value: object, *, called: str) -> date:
    """Return the day that a text names.

    Raises:
        InvalidRequestError: it names none; `called` is what the error calls it.
    """
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidRequestError(f"{called} is not a UTC day such as 2026-10-01")
