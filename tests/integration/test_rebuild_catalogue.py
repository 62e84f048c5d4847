"""The catalogue deleted and made again from the bucket, against moto and the simulator."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from ringvault.adapters.concurrency import at_once
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.fixity.rebuild_catalogue import Fault, Rebuilt, rebuild_catalogue
from ringvault.core.instants import format_instant
from ringvault.core.vault.layout import sidecar_key
from tests.support.archive import Archive, archived_account
from tests.support.cloud import Cloud
from tests.support.moving_time import MovingTime
from tests.support.recordings import NOW, recording_of

RECORDINGS = 7
DAYS = 4
OPTIONS = Options(recordings=RECORDINGS, days=DAYS, quotas=quotas_with(heavy=Quota(600, 60, 60)))


@pytest.fixture
def archive(cloud: Cloud, time: MovingTime, simulate: Callable[[Options], Simulator]) -> Archive:
    """Archive a whole account, and have one recording that waits."""
    archive = archived_account(simulate(OPTIONS), cloud=cloud, time=time)
    archive.catalogue.add_indexed([recording_of("waits")], listed_at=NOW)
    return archive


def rebuilt(archive: Archive) -> tuple[Rebuilt, dict[str, Fault]]:
    """Rebuild, and return the end and all that was found."""
    steps = list(
        rebuild_catalogue(vault=archive.vault, catalogue=archive.catalogue, at_once=at_once)
    )
    return steps[-1], {it.recording_id: it.fault for step in steps for it in step.found}


def items_of(archive: Archive) -> dict[str, CatalogueItem]:
    """Return all that the catalogue holds."""
    found = archive.catalogue.find_all(ids_of(archive)).items
    return {it.recording.recording_id: it for it in found}


def ids_of(archive: Archive) -> list[str]:
    """Return every recording that the catalogue holds."""
    found = archive.cloud.dynamodb.scan(TableName=archive.table)["Items"]
    return [it["recording_id"]["S"] for it in found]


def attributes_of(archive: Archive, table: str) -> list[Any]:
    """Return all items of a table as DynamoDB keeps them, in some order."""
    return sorted(archive.cloud.dynamodb.scan(TableName=table)["Items"], key=str)


def remember_a_hard_way(archive: Archive) -> None:
    """Have an item that tells how its recording came into the bucket."""
    first = next(archive.catalogue.archived()).recording_id
    archive.cloud.dynamodb.update_item(
        TableName=archive.table,
        Key={"recording_id": {"S": first}},
        UpdateExpression="SET queued_at = :at, attempts = :attempts",
        ExpressionAttributeValues={
            ":at": {"S": format_instant(NOW)},
            ":attempts": {"N": "3"},
        },
    )


def test_the_lost_catalogue_comes_back_item_by_item(archive: Archive) -> None:
    """Equal to the lost one but for what only it had: what waits, and how the others came in."""
    remember_a_hard_way(archive)
    index_table = archive.number_index._table
    lost, numbers = items_of(archive), attributes_of(archive, index_table)
    archive.cloud.empty_table(archive.table)
    archive.cloud.empty_table(index_table)

    end, found = rebuilt(archive)

    waiting = lost.pop("waits")
    assert (waiting.state, len(lost)) == (State.PENDING, RECORDINGS)
    assert items_of(archive) == {
        it: replace(item, queued_at=None, attempts=0) for it, item in lost.items()
    }
    assert {it.state for it in lost.values()} == {State.ARCHIVED}
    assert attributes_of(archive, index_table) == numbers
    assert (end.restored, end.known, found) == (RECORDINGS, 0, {})
    assert archive.reconcile()["totals"]["archived"] == RECORDINGS


def test_what_the_bucket_does_not_prove_is_named(archive: Archive) -> None:
    """Each fault by its own name, and the other recordings come back."""
    lost = items_of(archive)
    names = [it.recording_id for it in archive.catalogue.archived()]
    missing, altered, bare, strange, cold, *_ = names
    archive.delete_audio(missing)
    archive.alter_audio(altered, lambda audio: audio[::-1])
    archive.delete_sidecar(bare)
    put = archive.cloud.s3.put_object
    put(Bucket=archive.bucket, Key=sidecar_key(lost[strange].recording), Body=b"{}")
    put(
        Bucket=archive.bucket,
        Key=sidecar_key(lost[cold].recording),
        Body=b"{}",
        StorageClass="GLACIER",
    )
    archive.cloud.empty_table(archive.table)

    end, found = rebuilt(archive)

    assert found == {
        missing: "audio_missing",
        altered: "audio_altered",
        bare: "sidecar_missing",
        strange: "sidecar_unreadable",
        cold: "sidecar_unreadable",
    }
    assert set(ids_of(archive)) == set(names) - found.keys()
    assert end.restored == RECORDINGS - len(found)
