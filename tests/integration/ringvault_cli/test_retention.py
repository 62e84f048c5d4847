"""`ringvault retention` from arguments to output, against moto."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ringvault.adapters.concurrency import at_once
from ringvault.adapters.dynamodb.batches import MAX_KEYS
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.counts import ArchivedInCatalogue
from ringvault.adapters.dynamodb.lifecycle import CatalogueExpiry, CatalogueHolds
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.s3.versions import VaultExpiry
from ringvault.core.catalogue.item import Hold, State
from ringvault.core.instants import parse_instant
from ringvault.core.lifecycle.expire_recordings import ExpireRecordings, ExpiryOutcome
from tests.integration.ringvault_cli.conftest import Archive, Ringvault
from tests.support.cloud import Cloud
from tests.support.recordings import archived_of, recording_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
YOUNG, DUE_SOON, HELD, DUE = range(4)


@pytest.fixture
def now() -> datetime:
    """Return now: the command has the clock of this machine."""
    return datetime.now(UTC)


@pytest.fixture
def catalogue(cloud: Cloud, outputs: dict[str, str], now: datetime) -> CatalogueTable:
    """Return the catalogue: archived 100 days ago, 350 (one of two held), 400 (a batch and one)."""
    table = CatalogueTable(outputs["CatalogueTableName"], cloud.dynamodb)
    ages = [100, 350, 350, *[400] * (MAX_KEYS + 1)]
    recordings = [
        recording_of(str(number), started_at=now - (days + 1) * DAY)
        for number, days in enumerate(ages)
    ]
    table.add_new(recordings, listed_at=now)
    for recording in recordings:
        archived_at = recording.started_at + DAY
        archived = archived_of(recording, archived_at=archived_at, size_bytes=1000)
        table.set_archived(recording.recording_id, archived)
    CatalogueHolds(outputs["CatalogueTableName"], cloud.dynamodb).hold(
        str(HELD), Hold("file 12", since=now, by="AIDALAWYER")
    )
    return table


def told_by(result: Any) -> Any:
    """Return the JSON of a command that ended well."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.usefixtures("catalogue")
def test_what_expires_as_deployed(ringvault: Ringvault, archive: Archive, now: datetime) -> None:
    """By day, what is due already under today; what is held stays; more than a batch is read."""
    archive.parameters["ExpireAfterDays"] = 365

    told = told_by(ringvault("retention", "--json"))

    assert (told["deployed_days"], told["expire_after_days"]) == (365, 365)
    days = {it["day"]: (it["recordings"], it["held"]) for it in told["days"]}
    soon = (now + 16 * DAY).date()
    assert days == {told["at"][:10]: (MAX_KEYS + 1, 0), str(soon): (1, 1)}
    assert told["total"]["size_bytes"] == (MAX_KEYS + 2) * 1000


@pytest.mark.usefixtures("catalogue")
def test_a_value_is_tried_without_being_deployed(ringvault: Ringvault, archive: Archive) -> None:
    """As far ahead as it was asked for."""
    archive.parameters["ExpireAfterDays"] = 0

    asked = "retention", "--json", "--expire-after"
    some = told_by(ringvault(*asked, "401", "--days", "1"))
    more = told_by(ringvault(*asked, "401", "--days", "60"))

    assert (some["deployed_days"], some["total"]["recordings"]) == (0, 0)
    assert (more["total"]["recordings"], more["total"]["held"]) == (MAX_KEYS + 2, 1)


def test_where_nothing_expires_it_says_so(ringvault: Ringvault, archive: Archive) -> None:
    """And how to try a value; nothing is wrong."""
    archive.parameters["ExpireAfterDays"] = 0

    result = ringvault("retention")

    assert result.exit_code == 0, result.output
    assert "Nothing expires" in result.stdout
    assert "--expire-after" in result.stdout


def test_what_is_past_its_time_is_counted(
    ringvault: Ringvault, archive: Archive, cloud: Cloud, catalogue: CatalogueTable
) -> None:
    """EXPIRING and EXPIRED are told apart, and are no longer due; nothing is changed."""
    archive.parameters |= {"ExpireAfterDays": 365, "ObjectLockDays": 400}
    states = {DUE: State.EXPIRING, DUE + 1: State.EXPIRING, DUE + 2: State.EXPIRED}
    for number, state in states.items():
        cloud.dynamodb.update_item(
            TableName=archive.outputs["CatalogueTableName"],
            Key={"recording_id": {"S": str(number)}},
            UpdateExpression="SET #state = :state",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":state": {"S": state}},
        )
    before = catalogue.find(str(DUE))

    told = told_by(ringvault("retention", "--json"))

    assert (told["expiring"], told["expired"]) == (2, 1)
    assert told["total"]["recordings"] == MAX_KEYS - 1
    assert "Object Lock" in " ".join(told["cautions"])
    assert catalogue.find(str(DUE)) == before


def test_the_sweep_does_what_was_foretold(
    ringvault: Ringvault, archive: Archive, cloud: Cloud, now: datetime
) -> None:
    """What is due by now is what it tags, to the second; what is held it passes over."""
    archive.parameters["ExpireAfterDays"] = 365
    names = archive.outputs
    table = CatalogueTable(names["CatalogueTableName"], cloud.dynamodb)
    edge = datetime.combine(now.date(), time(), UTC) - 365 * DAY
    for number, archived_at in enumerate((edge - SECOND, edge - DAY, edge - SECOND, edge)):
        recording = recording_of(str(number), started_at=archived_at - DAY)
        table.add_new([recording], listed_at=now)
        table.set_archived(str(number), archived_of(recording, archived_at=archived_at))
    CatalogueHolds(names["CatalogueTableName"], cloud.dynamodb).hold(
        "2", Hold("file 12", since=now, by="AIDALAWYER")
    )

    told = told_by(ringvault("retention", "--json", "--days", "1"))
    sweep = ExpireRecordings(
        catalogue=CatalogueExpiry(names["CatalogueTableName"], cloud.dynamodb),
        vault=VaultExpiry(names["VaultBucketName"], cloud.s3),
        pointers=NumberIndex(names["NumberIndexTableName"], cloud.dynamodb),
        clock=lambda: parse_instant(told["at"]),
        after=365 * DAY,
    )(latest=now + DAY, at_once=at_once)
    afterwards = told_by(ringvault("retention", "--json"))

    [due, tomorrow] = told["days"]
    assert (due["recordings"], due["held"], tomorrow["recordings"]) == (2, 1, 1)
    assert sweep.counts == {ExpiryOutcome.TAGGED: 2, ExpiryOutcome.HELD: 1}
    assert (afterwards["expiring"], afterwards["total"]["recordings"]) == (2, 1)


@dataclass(frozen=True)
class Behind:
    """A client whose index still lists ids that the table has otherwise by now."""

    client: "DynamoDBClient"
    listed: tuple[str, ...]

    def get_paginator(self, _: str) -> "Behind":
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        yield {"Items": [{"recording_id": {"S": it}} for it in self.listed]}

    def batch_get_item(self, **asked: Any) -> Any:
        return self.client.batch_get_item(**asked)


def test_what_is_no_longer_archived_is_left_out(
    cloud: Cloud, outputs: dict[str, str], now: datetime
) -> None:
    """The table counts, not the index: what is PENDING again, or not there, does not expire."""
    table = CatalogueTable(outputs["CatalogueTableName"], cloud.dynamodb)
    recordings = [recording_of(it) for it in ("archived", "pending")]
    table.add_new(recordings, listed_at=now)
    table.set_archived("archived", archived_of(recordings[0]))
    client: Any = Behind(cloud.dynamodb, ("archived", "pending", "unknown"))

    archived = ArchivedInCatalogue(outputs["CatalogueTableName"], client)
    [[found]] = archived.batches(before_at=now)

    assert found.started_at == recordings[0].started_at


@pytest.mark.parametrize("arguments", [("--days", "0"), ("--expire-after", "0"), ("--days", "367")])
def test_a_number_that_makes_no_sense_is_refused(
    ringvault: Ringvault, arguments: tuple[str, ...]
) -> None:
    """With the exit status for what makes no sense."""
    assert ringvault("retention", *arguments).exit_code == 2
