"""The options that several commands share: days, and a yes beforehand."""

from datetime import date
from typing import Annotated

import typer

from ringvault.core.errors import InvalidRequestError
from ringvault.core.reconciliation.run import checked_period, day_of
from ringvault.core.spans import Period

FromDay = Annotated[
    str | None, typer.Option("--from", metavar="DAY", help="First UTC day, such as 2026-10-01.")
]
ToDay = Annotated[
    str | None, typer.Option("--to", metavar="DAY", help="Last UTC day, which is included.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def days_asked(
    first: str | None,
    last: str | None,
    *,
    today: date,
    called: tuple[str, str] = ("--from", "--to"),
) -> Period | None:
    """Return the days that two options name, None where neither is given.

    Raises:
        InvalidRequestError: one is missing, is not a day, or is in the future; or they are in the
            wrong order. `called` has the names of the options.
    """
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise InvalidRequestError(f"{called[0]} and {called[1]} belong together", hint="give both")
    from_on, to_on = (
        day_of(day, called=f"{option} {day}")
        for option, day in zip(called, (first, last), strict=True)
    )
    return checked_period(from_on, to_on, today=today, called=called)
