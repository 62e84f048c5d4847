"""`ringvault plan`: what a takeover will take, before a byte is fetched."""

from dataclasses import asdict
from json import JSONDecodeError, loads
from pathlib import Path
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
from cli.planned import DEFAULT_PAGES, LONGEST_WAIT, Asked, PagesToRead, planned_for, show, utc_now
from cli.screen import ended, screen
from ringvault.core.errors import InvalidRequestError
from ringvault.core.listing import retention_of
from ringvault.core.prices import Prices, prices_from

if TYPE_CHECKING:
    from ringvault.adapters.ringcentral import RingCentral


def plan(
    *,
    requests: PagesToRead = DEFAULT_PAGES,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A JSON file of other prices than us-east-1's."),
    ] = None,
    stack: StackName = DEFAULT_STACK,
    profile: Profile = None,
    region: Region = None,
    local: Local = False,
    port: Port = DEFAULT_PORT,
    json: Json = False,
) -> None:
    """Say how long a takeover takes, and what it costs.

    Reads some pages of the call log, of all that RingCentral keeps, through the quota's gate: ten
    take about a minute. Fetches no recording and changes nothing.

    Ends with 1 when RingCentral would delete recordings before their turn.
    """
    with screen(as_json=json) as shown:
        priced = _prices(prices)
        deployed = Place(stack, profile, region, local, port).open()

        from ringvault.adapters.ringcentral import ringcentral

        outside = ringcentral(deployed.ringcentral, deployed, deployed.client("dynamodb"))
        with shown.bar("pages of the call log", unit="pages") as advance:
            found = planned_for(
                _everything(outside),
                deployed=deployed,
                outside=outside,
                requests=requests,
                prices=priced,
                advance=advance,
            )
        show(found, prices=priced, shown=shown)
        shown.answer(asdict(found))
        ended(ExitStatus.WRONG if found.plan.lost else ExitStatus.OK)


def _everything(outside: "RingCentral") -> Asked:
    """Return all calls whose recordings RingCentral keeps, as the account's settings say."""
    from ringvault.adapters.rate_limit_groups import RequestKind

    turn = outside.gates[RequestKind.SETTINGS].reserve(latest=utc_now() + LONGEST_WAIT)
    retention = retention_of(outside.client, turn)
    now = utc_now()
    return Asked(now - retention.period, now, now, retention)


def _prices(file: Path | None) -> Prices:
    if file is None:
        return Prices()
    try:
        document = loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequestError(f"{file} can't be read: {error.strerror}") from error
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{file} is no JSON") from error
    return prices_from(document)
