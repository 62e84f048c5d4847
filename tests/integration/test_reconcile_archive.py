"""Reconciliation against moto and the simulator: it finds what is damaged, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from ringvault.adapters.dynamodb.lifecycle import CatalogueHolds
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.adapters.s3.versions import VaultErasures
from ringvault.core.archiving.archive_recording import ArchiveOutcome
from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.selection import chosen_of
from ringvault.core.lifecycle.erase_recordings import EraseRecordings, ErasureOutcome
from ringvault.core.reconciliation.chain import verify_chain
from ringvault.core.reconciliation.evidence import LISTED_WITHIN
from ringvault.core.reconciliation.finding import Cause, Finding, Judged, Verdict
from ringvault.core.reconciliation.repair import put_right
from tests.support.archive import WIDE_LOOK_BACK, Archive, archived_account
from tests.support.cloud import Cloud
from tests.support.deployed import secrets_of
from tests.support.kept_recordings import in_turn
from tests.support.moving_time import MovingTime

RECORDINGS = 12
DAYS = 6
OPTIONS = Options(recordings=RECORDINGS, days=DAYS, quotas=quotas_with(heavy=Quota(600, 60, 60)))
Simulate = Callable[[Options], Simulator]


@pytest.fixture
def simulator(simulate: Simulate) -> Simulator:
    """Run an account of some days."""
    return simulate(OPTIONS)


@pytest.fixture
def archive(cloud: Cloud, time: MovingTime, simulator: Simulator) -> Archive:
    """Archive the whole account."""
    return archived_account(simulator, cloud=cloud, time=time)


@pytest.fixture
def old(simulator: Simulator, time: MovingTime) -> list[str]:
    """Return the recordings that the lister has had all its time for."""
    calls = simulator.account.call_of
    listed_before = time() - WIDE_LOOK_BACK - LISTED_WITHIN
    return [it for it, call in calls.items() if call.started_at < listed_before]


def found(report: dict[str, Any]) -> dict[str, list[str]]:
    """Return the causes of what a report names, by recording."""
    return {it["recording_id"]: it["causes"] or [it["verdict"]] for it in report["findings"]}


def lose_all(archive: Archive, recording_id: str) -> None:
    """Lose all trace of a recording, as if it had never been listed."""
    archive.delete_audio(recording_id)
    archive.delete_sidecar(recording_id)
    archive.delete_item(recording_id)


DAMAGES: dict[str, Callable[[Archive, str], None]] = {
    "object_deleted": Archive.delete_audio,
    "object_altered": lambda archive, it: archive.alter_audio(it, lambda audio: audio[::-1]),
    "catalogue_item_deleted": Archive.delete_item,
    "never_listed": lose_all,
    "sidecar_missing": Archive.delete_sidecar,
}


def test_a_whole_archive_has_no_findings(archive: Archive) -> None:
    """Every recording is archived, every day has its line, and the whole costs few requests."""
    report = archive.reconcile()

    assert report["findings"] == []
    assert report["totals"]["archived"] == RECORDINGS
    assert sum(report["totals"].values()) == RECORDINGS
    assert next(day["day"] for day in report["days"]) == report["from"]
    assert len(report["days"]) == 9
    assert 0 < report["quota_requests"] <= 5


@pytest.mark.parametrize("cause", DAMAGES)
def test_each_damage_is_found_by_its_own_cause(
    archive: Archive, old: list[str], cause: str
) -> None:
    """One damaged recording is one finding, and the others are archived."""
    DAMAGES[cause](archive, old[0])

    report = archive.reconcile()

    assert found(report) == {old[0]: [cause]}
    assert (report["totals"]["missing"], report["totals"][cause]) == (1, 1)
    assert report["totals"]["archived"] == RECORDINGS - 1


def test_what_is_missing_is_put_right(archive: Archive, old: list[str]) -> None:
    """All damages at once are found, and the next reconciliation finds what only a person can."""
    damaged = dict(zip(DAMAGES, old[: len(DAMAGES)], strict=True))
    before = {it: archive.item(it) for it in old}
    for cause, recording_id in damaged.items():
        DAMAGES[cause](archive, recording_id)

    assert found(archive.reconcile()) == {it: [cause] for cause, it in damaged.items()}

    for cause in ("object_deleted", "never_listed"):
        item = archive.item(damaged[cause])
        assert (item.state, item.archived) == (State.PENDING, None)
        assert archive.archive_recording(damaged[cause]) is ArchiveOutcome.ARCHIVED
    restored = archive.item(damaged["catalogue_item_deleted"])
    assert restored == before[damaged["catalogue_item_deleted"]]
    altered = damaged["object_altered"]
    assert found(archive.reconcile()) == {altered: ["object_altered"]}
    assert archive.item(altered) == before[altered]


def test_an_altered_size_is_found(archive: Archive, old: list[str]) -> None:
    """Size alone would be found without a checksum, and a checksum without the size."""
    archive.alter_audio(old[0], lambda audio: audio[:-1])

    assert found(archive.reconcile()) == {old[0]: ["object_altered"]}


def test_a_stranger_in_the_bucket_is_named(archive: Archive, old: list[str]) -> None:
    """An object beside the recordings is unexpected, and stays."""
    key = archive.archived(old[0]).object_key.rpartition("/")[0] + "/4711.mp3"
    archive.cloud.s3.put_object(Bucket=archive.bucket, Key=key, Body=b"?")

    assert found(archive.reconcile()) == {"4711": ["unexpected"]}
    assert archive.cloud.read(archive.bucket, key) == b"?"


def test_a_rewritten_record_is_followed_by_the_sidecar(archive: Archive, old: list[str]) -> None:
    """Catalogue and sidecar take over what RingCentral says now; the audio is not touched."""
    item = archive.item(old[0])
    stale = {**item.recording.call_record, "result": "as it was before"}
    stale.pop("lastModifiedTime", None)
    archive.catalogue.follow_record(replace(item.recording, call_record=stale))
    versions = archive.cloud.s3.list_object_versions(
        Bucket=archive.bucket, Prefix=archive.archived(old[0]).object_key
    )["Versions"]

    (finding,) = archive.reconcile()["findings"]
    assert (finding["recording_id"], finding["is_rewritten"]) == (old[0], True)
    assert archive.item(old[0]) == item
    assert archive.sidecar(old[0])["call_record"] == item.recording.call_record
    assert len(versions) == 1
    assert archive.reconcile()["findings"] == []


def test_reports_are_a_chain_that_the_bucket_alone_goes_on_with(
    archive: Archive, old: list[str]
) -> None:
    """With the state table lost, the next report follows the last one in the bucket."""
    archive.reconcile()
    archive.delete_sidecar(old[0])
    archive.reconcile()
    archive.state_table = archive.cloud.make_table("StateTable")
    archive.reconcile()
    reports = {key: archive.vault.read_report(key) for key in archive.vault.report_keys()}

    assert len(reports) == 6
    assert verify_chain(reports, head=archive.progress.load()[0].chain_head) == ()
    page = reports["reports/reconciliation/000002.html"].decode()
    assert old[0] in page
    assert "sidecar_missing" in page
    del reports["reports/reconciliation/000002.json"]
    assert [fault.object_key for fault in verify_chain(reports)] == [
        "reports/reconciliation/000002.json"
    ]


def test_reports_hold_nothing_that_is_anybodys(
    archive: Archive, simulator: Simulator, old: list[str]
) -> None:
    """Neither names nor phone numbers, whatever was found."""
    for cause, recording_id in zip(DAMAGES, old, strict=False):
        DAMAGES[cause](archive, recording_id)
    archive.reconcile()
    told = b"".join(archive.vault.read_report(key) for key in archive.vault.report_keys())

    secrets = secrets_of(simulator)
    assert len(secrets) > RECORDINGS
    assert not [secret for secret in secrets if secret.encode() in told]


class ErasedInBetween(VaultInventory):
    """An eraser is quicker than the write of a repair."""

    erase: Callable[[], object] | None = None

    def store_sidecar(self, object_key: str, **told: Any) -> None:
        """Erase the recording, then store its sidecar."""
        if self.erase is not None:
            self.erase()
        super().store_sidecar(object_key, **told)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_repair_brings_no_erased_sidecar_back(
    archive: Archive, old: list[str], *, is_there: bool
) -> None:
    """S3 itself refuses to replace what an erasure has deleted."""
    item = archive.item(old[0])
    if not is_there:
        archive.delete_sidecar(old[0])
    eraser = EraseRecordings(
        catalogue=CatalogueHolds(archive.table, archive.cloud.dynamodb),
        vault=VaultErasures(archive.bucket, archive.cloud.s3),
        pointers=archive.number_index,
        clock=archive.time,
        by="a person",
    )
    vault = ErasedInBetween(archive.bucket, archive.cloud.s3)
    outcomes: list[Any] = []
    vault.erase = lambda: outcomes.extend(eraser([chosen_of(item)], at_once=in_turn))
    stale = {**item.recording.call_record, "lastModifiedTime": "2099-01-01T00:00:00.000Z"}
    finding = Finding(
        item.recording.started_at.date(),
        old[0],
        Verdict.MISSING,
        () if is_there else (Cause.SIDECAR_MISSING,),
        is_rewritten=is_there,
    )
    judged = Judged(finding, item, replace(item.recording, call_record=stale))
    put_right(judged, catalogue=archive.catalogue, vault=vault, now=archive.time())

    assert outcomes == [[(old[0], ErasureOutcome.ERASED)]]
    keys = [it for it in archive.cloud.keys_in(archive.bucket) if old[0] in it]
    assert [it for it in keys if not it.startswith("erasures/")] == []


def test_a_damaged_item_costs_its_own_verdict_only(archive: Archive, old: list[str]) -> None:
    """The run comes to its report, and the item stays as it is."""
    archive.cloud.dynamodb.update_item(
        TableName=archive.table,
        Key={"recording_id": {"S": old[0]}},
        UpdateExpression="SET call_record = :damaged",
        ExpressionAttributeValues={":damaged": {"B": b"damaged"}},
    )
    report = archive.reconcile()

    assert found(report) == {old[0]: ["unreadable"]}
    assert report["totals"]["archived"] == RECORDINGS - 1
