"""`ringvault plan` over sockets: what it tells, what it costs RingCentral, when it warns."""

import json
from collections.abc import Iterator

import pytest

from local.simulator.options import Options, Quota, quotas_with
from tests.integration.cli.account import (
    CLIENT_ID,
    CLIENT_SECRET,
    JWT,
    Account,
    running_account,
)
from tests.integration.cloud import Cloud

SECRET = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "jwt": JWT}
RECORDINGS = 300


@pytest.fixture
def account(cloud: Cloud) -> Iterator[Account]:
    """Run an account that nobody has archived."""
    options = Options(recordings=RECORDINGS, quotas=quotas_with(heavy=Quota(20, 60, 60)))
    with running_account(cloud, options, secret=SECRET) as running:
        yield running


def test_the_plan_counts_what_few_pages_hold(account: Account) -> None:
    """All are found within the stated requests, and none is fetched."""
    result = account.ringvault("plan", "--requests", "9", "--json")

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["estimate"]["recordings"] == pytest.approx(RECORDINGS, abs=3)
    assert told["plan"]["lost"] == 0
    assert account.books["requests"]["heavy"] == told["estimate"]["requests"] <= 9
    assert account.books["throttled"] == 0


def test_a_person_reads_it_on_one_screen(account: Account) -> None:
    """Number, days, costs and the verdict, in 80 columns and 24 lines."""
    result = account.ringvault("plan", "--requests", "9")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert (len(lines) <= 24, max(map(len, lines)) <= 80) == (True, True)
    for told in ("at RingCentral", "permitted a day", "in time", "DynamoDB", "a month", "assumed"):
        assert told in result.stdout
    assert "28,562 with 1 service user" in result.stdout
