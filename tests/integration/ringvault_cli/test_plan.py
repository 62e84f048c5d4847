"""`ringvault plan`, and backfill's, over sockets: what is told, and what it costs RingCentral."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from local.ringcentral.account.options import Options, Quota, quotas_with
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.progress import ListingProgressStore
from ringvault.core.listing.windows import ListingProgress
from tests.integration.ringvault_cli.account import (
    CLIENT_ID,
    CLIENT_SECRET,
    JWT,
    Account,
    running_account,
)
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, archived_of, recording_of

SECRET = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "jwt": JWT}
RECORDINGS = 300
DAY = timedelta(days=1)


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


def test_a_young_account_is_as_busy_as_it_is(cloud: Cloud) -> None:
    """Three hundred calls of thirty days are ten a day, and the first goes in sixty days."""
    options = Options(recordings=RECORDINGS, days=30, quotas=quotas_with(heavy=Quota(20, 60, 60)))
    with running_account(cloud, options, secret=SECRET) as account:
        told = json.loads(account.ringvault("plan", "--requests", "9", "--json").stdout)

    assert told["situation"]["recordings_a_day"] == pytest.approx(10, rel=0.1)
    left = datetime.fromisoformat(told["deleted_from_at"]) - datetime.now(UTC)
    assert timedelta(days=59) < left < timedelta(days=61)


def test_a_person_reads_it_on_one_screen(account: Account) -> None:
    """Number, days, costs and the verdict, in 80 columns and 24 lines."""
    result = account.ringvault("plan", "--requests", "9")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert (len(lines) <= 24, max(map(len, lines)) <= 80) == (True, True)
    for told in (
        "at RingCentral",
        "permitted per day",
        "in time",
        "DynamoDB",
        "per month",
        "assumed",
    ):
        assert told in result.stdout
    assert "at RingCentral" in result.stdout
    assert "28,562 with 1 service user" in result.stdout


def days_of(*, first: int, last: int) -> tuple[str, ...]:
    """Return the options that name the days from so many days ago to so many."""
    today = datetime.now(UTC)
    return (
        f"--from={(today - first * DAY):%Y-%m-%d}",
        f"--to={(today - last * DAY):%Y-%m-%d}",
    )


@pytest.fixture
def listing(account: Account) -> ListingProgressStore:
    """Return how far the call log has been read: once."""
    store = ListingProgressStore(account.outputs["StateTableName"], account.cloud.dynamodb)
    progress = ListingProgress(opened_to={"short": NOW}, recordings_a_day=RECORDINGS / 90)
    store.save(progress, version=0)
    return store


def test_a_backfill_is_planned_before_it_is_added(
    account: Account, listing: ListingProgressStore
) -> None:
    """Without a yes nothing changes; the plan is for those days, less what is archived of them."""
    table = CatalogueTable(account.outputs["CatalogueTableName"], account.cloud.dynamodb)
    within = recording_of("1", started_at=datetime.now(UTC) - 15 * DAY)
    before_it = recording_of("2", started_at=datetime.now(UTC) - 40 * DAY)
    behind_it = recording_of("3", started_at=datetime.now(UTC))
    table.add_new([within, before_it, behind_it], listed_at=NOW)
    for recording in (within, before_it, behind_it):
        table.set_archived(recording.recording_id, archived_of(recording))
    days = days_of(first=30, last=1)

    refused = account.ringvault("backfill", *days, "--json")
    unchanged = listing.load()[0].windows
    added = account.ringvault("backfill", *days, "--yes")

    told = json.loads(refused.stdout)
    found = told["plan"]["estimate"]["recordings"]
    assert (refused.exit_code, unchanged, added.exit_code) == (1, (), 0), added.output
    assert found == pytest.approx(RECORDINGS / 3, abs=5)
    assert told["plan"]["situation"]["recordings"] == found - 1
    assert (told["plan"]["plan"]["lost"], told["backfills"], told["lost_before"]) == (0, [], None)
    assert account.books["requests"]["heavy"] <= 24
    assert account.books["throttled"] == 0
    for words in ("duration", "deletes these", "in time", "total", "added: "):
        assert words in added.stdout
    assert added.stdout.index("in time") < added.stdout.index("added: ")
    assert len(listing.load()[0].windows) == 1


def test_a_backfill_of_days_that_ringcentral_has_deleted_is_refused(
    account: Account, listing: ListingProgressStore
) -> None:
    """It costs no request and adds nothing; of days partly deleted only what is left is planned."""
    gone = account.ringvault("backfill", *days_of(first=140, last=120), "--yes")
    asked, unchanged = account.books["requests"].get("heavy", 0), listing.load()[0].windows
    partly = account.ringvault("backfill", *days_of(first=120, last=60), "--json")

    assert (gone.exit_code, asked, unchanged, partly.exit_code) == (2, 0, (), 1)
    assert "RingCentral has deleted all recordings of these days" in gone.stderr
    assert gone.stdout == ""
    told = json.loads(partly.stdout)
    assert told["lost_before"] is not None
    # From the first call that is left on.
    assert int(told["plan"]["situation"]["period"].split()[0]) in {28, 29, 30}
    assert told["plan"]["estimate"]["recordings"] == pytest.approx(RECORDINGS / 3, abs=5)
    assert listing.load()[0].windows == ()
