"""Each command from its arguments to its output, against tables, queues and a bucket in moto."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.lifecycle import CatalogueRetries
from ringvault.adapters.dynamodb.progress import ListingProgressStore
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.core.catalogue.item import State
from ringvault.core.errors import ConflictError
from ringvault.core.listing.backfill import add_backfill
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.reconciliation.report import sha256_hex
from ringvault_cli.command import app
from tests.integration.ringvault_cli.conftest import Functions, Ringvault
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, archived_of, recording_of
from tests.support.tiny_server import Reply

DAY = timedelta(days=1)
OUTPUT = dict[str, str]
TOTALS = {"archived": 60, "absent": 2, "pending": 0, "missing": 0, "unexpected": 0}


@pytest.fixture
def catalogue(cloud: Cloud, outputs: OUTPUT) -> CatalogueTable:
    """Return the archive's catalogue: of each state one recording, a day apart, FAILED twice."""
    table = CatalogueTable(outputs["CatalogueTableName"], cloud.dynamodb)
    recordings = [
        recording_of(str(number), started_at=datetime.now(UTC) - number * DAY)
        for number in range(1, 6)
    ]
    table.add_new(recordings, listed_at=NOW)
    table.set_archived("1", archived_of(recordings[0]))
    for number, state, reason in (
        ("2", State.FAILED, "not audio: text/html"),
        ("3", State.FAILED, "leads away from RingCentral"),
        ("4", State.ABSENT, "404"),
    ):
        item = table.find(number)
        assert item is not None
        table.end(item, state=state, reason=reason, attempts=12)
    return table


@pytest.fixture
def listing(cloud: Cloud, outputs: OUTPUT) -> ListingProgressStore:
    """Return how far the call log has been read: once."""
    store = ListingProgressStore(outputs["StateTableName"], cloud.dynamodb)
    store.save(ListingProgress(opened_to={"short": NOW}, recordings_a_day=500), version=0)
    return store


def states(catalogue: CatalogueTable) -> dict[str, State]:
    """Return the state of each recording."""
    items = {number: catalogue.find(number) for number in "12345"}
    return {number: item.state for number, item in items.items() if item is not None}


def invocation_of(**answer: Any) -> Reply:
    """Return what Lambda sends when the function returned that."""
    return Reply(body=json.dumps(answer).encode())


@pytest.mark.usefixtures("catalogue", "listing")
def test_status_counts_each_state(ringvault: Ringvault, cloud: Cloud, outputs: OUTPUT) -> None:
    """What waits, what is done and what lies in the queues is told; failures end with 1."""
    cloud.sqs.send_message(QueueUrl=outputs["RecordingQueueUrl"], MessageBody="{}")

    result = ringvault("status", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (
        told["recordings"] | {"pending": 1, "archived": 1, "absent": 1, "failed": 2}
        == (told["recordings"])
    )
    assert told["queue"]["waiting"] == 1
    assert told["nearest_deletion_at"] > told["at"]
    assert len(told["attention"]) == 1


def test_status_of_an_archive_without_reports(ringvault: Ringvault) -> None:
    """A stack that was just deployed is told as it is, and that nothing was listed yet."""
    result = ringvault("status")

    assert "last report         none yet" in result.stdout
    assert "never read" in result.stdout
    assert result.exit_code == 1


def test_status_shows_the_last_report(
    ringvault: Ringvault,
    cloud: Cloud,
    outputs: OUTPUT,
    listing: ListingProgressStore,
) -> None:
    """The newest report is found where the state table says that the chain ends."""
    told = {"from": "2026-08-14", "to": "2026-11-21", "finished_at": "2026-11-22T02:41:07.000Z"}
    report = json.dumps({**told, "totals": TOTALS}).encode()
    vault = VaultInventory(outputs["VaultBucketName"], cloud.s3)
    key = "reports/reconciliation/000001.json"
    vault.store_report(key, report, content_type="application/json")
    head = {"number": {"N": "1"}, "sha256_hex": {"S": sha256_hex(report)}}
    item: Any = {
        "name": {"S": "reconciliation_progress"},
        "version": {"N": "1"},
        "runs": {"L": []},
        "chain_head": {"M": head},
    }
    cloud.dynamodb.put_item(TableName=outputs["StateTableName"], Item=item)

    result = ringvault("status")

    assert (result.exit_code, listing.load()[1]) == (0, 1)
    assert key in result.stdout


def test_a_backfill_is_shown_and_given_up(
    ringvault: Ringvault, listing: ListingProgressStore
) -> None:
    """What stands in the lister's progress is shown, and gone once it is given up."""
    from_at = datetime(2026, 10, 1, tzinfo=UTC)
    add_backfill(progress=listing, from_at=from_at, to_at=from_at + 31 * DAY)

    again = ringvault("backfill", "--from", "2026-10-01", "--to", "2026-10-31")
    shown = ringvault("backfill", "--list", "--json")
    stopped = ringvault("backfill", "--stop")

    assert [it.exit_code for it in (again, shown, stopped)] == [2, 0, 0]
    assert json.loads(shown.stdout) == {
        "backfills": [{"from": "2026-10-01T00:00:00.000Z", "to": "2026-11-01T00:00:00.000Z"}]
    }
    assert listing.load()[0].windows == ()


def test_a_retry_is_for_what_was_chosen(ringvault: Ringvault, catalogue: CatalogueTable) -> None:
    """Only what fits is set pending, with its reason, so that the vault is looked at first."""
    result = ringvault("retry", "--reason", "NOT audio", "--yes", "--json")

    item = catalogue.find("2")
    assert item is not None
    assert (item.state, item.attempts, item.reason) == (State.PENDING, 0, "not audio: text/html")
    assert states(catalogue)["3"] is State.FAILED
    assert json.loads(result.stdout)["changed"] == 1


def test_a_retry_asks_first(ringvault: Ringvault, catalogue: CatalogueTable) -> None:
    """Without --yes, where nobody can answer, nothing changes and the status is 1."""
    before = states(catalogue)

    result = ringvault("retry", "2", "4")

    assert (result.exit_code, states(catalogue)) == (1, before)
    assert "given up: 2 recordings" in result.stdout
    assert "1 absent" in result.stdout


def test_what_was_archived_meanwhile_stays(
    cloud: Cloud, outputs: OUTPUT, catalogue: CatalogueTable
) -> None:
    """What is no longer as it was found is not set pending."""
    retries = CatalogueRetries(outputs["CatalogueTableName"], cloud.dynamodb)
    [ended] = retries.find_ended(["2", "2", "5"])
    item = catalogue.find("2")
    assert item is not None
    catalogue.set_archived("2", archived_of(item.recording))

    with pytest.raises(ConflictError):
        retries.set_pending(ended)
    assert states(catalogue)["2"] is State.ARCHIVED


def test_a_retry_by_day_and_state(ringvault: Ringvault, catalogue: CatalogueTable) -> None:
    """A day is a UTC day of the call's start."""
    day = f"{datetime.now(UTC) - 4 * DAY:%Y-%m-%d}"

    result = ringvault("retry", "--day", day, "--state", "absent", "--yes")

    assert (result.exit_code, states(catalogue)["4"]) == (0, State.PENDING)


def test_reconcile_invokes_the_function(ringvault: Ringvault, functions: Functions) -> None:
    """The period goes to the stack's own function, and its report is shown."""
    told = {"from": "2026-10-01", "to": "2026-10-31", "totals": TOTALS}
    functions.replies = [invocation_of(outcome="complete", report="r.json", page="r.html", **told)]

    result = ringvault("reconcile", "--from", "2026-10-01", "--to", "2026-10-31")

    [seen] = functions.seen
    assert seen.target == "/2015-03-31/functions/Reconcile/invocations"
    assert json.loads(seen.body) == {"from": "2026-10-01", "to": "2026-10-31"}
    assert result.exit_code == 0
    assert "r.html" in result.stdout


def test_reconcile_ends_with_1_when_something_is_missing(
    ringvault: Ringvault, functions: Functions
) -> None:
    """A script need not read the report to know."""
    told = {"from": "2026-10-01", "to": "2026-10-31", "totals": TOTALS | {"missing": 2}}
    functions.replies = [invocation_of(outcome="complete", report="r.json", page="r.html", **told)]

    result = ringvault("reconcile", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["totals"]["missing"] == 2


def test_reconcile_says_why_it_was_refused(ringvault: Ringvault, functions: Functions) -> None:
    """What the function refuses is the person's to mend."""
    functions.replies = [invocation_of(outcome="refused", problem="another is not through yet")]

    result = ringvault("reconcile")

    assert result.exit_code == 2
    assert "another is not through yet" in result.stderr


def test_a_stack_that_ended_is_told(ringvault: Ringvault, outputs: OUTPUT, cloud: Cloud) -> None:
    """A table that is gone is said in words, with what to do, and ends with 3."""
    cloud.dynamodb.delete_table(TableName=outputs["StateTableName"])

    result = ringvault("status")

    assert result.exit_code == 3
    assert "next:" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_that_of_the_environment(cloud: Cloud, name: str) -> None:
    """Either variable names it, as for AWS's own tools, and the error tells where it looked."""
    elsewhere = {"AWS_REGION": None, "AWS_DEFAULT_REGION": None, name: "eu-central-1"}
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    result = CliRunner().invoke(
        app,
        ["status", "--stack", "nowhere"],
        env={**keys, **elsewhere, "AWS_ENDPOINT_URL": cloud.url},
    )

    assert result.exit_code == 3
    assert "there is no stack nowhere in eu-central-1" in result.stderr
