"""Recordings read back from moto's S3: what is damaged is named, and it goes on anywhere."""

import hashlib
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from ringvault.adapters.concurrency import at_once
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import VerificationProgressStore
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.adapters.s3.vault import READ_BYTES
from ringvault.core.catalogue.indexes import Position
from ringvault.core.errors import ConflictError, ServiceUnavailableError
from ringvault.core.fixity.check import Condition, Damage, Digest
from ringvault.core.fixity.verification import MAX_NAMED, Sample, Verification
from ringvault.core.fixity.verify_vault import verify_vault
from ringvault.core.vault.layout import sidecar_key
from tests.support.archive import Archive, archived_account
from tests.support.cloud import Cloud
from tests.support.moving_time import MovingTime
from tests.support.recordings import NOW, STARTED_AT, archived_of, recording_of
from tests.support.tiny_server import Reply, TinyServer

RECORDINGS = 5
OPTIONS = Options(recordings=RECORDINGS, days=3, quotas=quotas_with(heavy=Quota(600, 60, 60)))
VERIFICATION = Verification(Sample(sample=3, seed="s"), started_at=NOW, total=3)


@pytest.fixture
def archive(cloud: Cloud, time: MovingTime, simulate: Callable[[Options], Simulator]) -> Archive:
    """Archive a whole account."""
    return archived_account(simulate(OPTIONS), cloud=cloud, time=time)


def store_of(archive: Archive) -> VerificationProgressStore:
    """Return where progress is kept."""
    return VerificationProgressStore(archive.state_table, archive.cloud.dynamodb)


def verified(archive: Archive, asked: Sample | None = None) -> Verification:
    """Verify to the end."""
    *_, last = verify_vault(
        asked=asked or Sample(),
        restart=False,
        catalogue=archive.catalogue,
        vault=archive.vault,
        progress=store_of(archive),
        at_once=at_once,
        clock=archive.time,
    )
    return last


def test_a_whole_archive_is_intact(archive: Archive) -> None:
    """Everything that was archived is read, and its SHA-256 is the one that was archived."""
    found = verified(archive)
    sizes = [archive.archived(it.recording_id).size_bytes for it in archive.catalogue.archived()]

    assert found.verdicts == {"intact": RECORDINGS}
    assert found.read_bytes == sum(sizes)
    assert store_of(archive).load()[0] == found
    assert verified(archive, Sample(sample=3)).done == 3


def test_each_damage_is_named(archive: Archive) -> None:
    """Verdict, recording and object; and nothing in the bucket is changed by it."""
    altered, missing, cold, bare, *_ = (it.recording_id for it in archive.catalogue.archived())
    archive.alter_audio(altered, lambda audio: audio[::-1])
    archive.delete_audio(missing)
    key = archive.archived(cold).object_key
    archive.cloud.s3.copy_object(
        Bucket=archive.bucket,
        Key=key,
        CopySource=f"{archive.bucket}/{key}",
        StorageClass="DEEP_ARCHIVE",
    )
    archive.delete_sidecar(bare)
    before = archive.cloud.s3.list_object_versions(Bucket=archive.bucket)["Versions"]

    found = verified(archive)

    told = {it.recording_id: (it.verdict, it.object_key) for it in found.damages}
    assert told == {
        altered: (Condition.ALTERED, archive.archived(altered).object_key),
        missing: (Condition.MISSING, archive.archived(missing).object_key),
        cold: (Condition.UNREADABLE, key),
        bare: (Condition.MISSING, sidecar_key(archive.item(bare).recording)),
    }
    (command,) = (it.command for it in found.damages if it.command)
    assert f"--bucket {archive.bucket} --key {key}" in command
    assert found.verdicts["intact"] == RECORDINGS - 4
    assert archive.cloud.s3.list_object_versions(Bucket=archive.bucket)["Versions"] == before


def read_back(cloud: Cloud, reply: Reply) -> Digest | None:
    """Return the digest of an object that S3 answers with."""
    with TinyServer(lambda _: reply) as server:
        client: Any = cloud.session.client("s3", endpoint_url=server.url)
        return VaultInventory("vault", client).digest("key")


def test_a_body_that_s3s_own_sum_belies_has_a_digest(cloud: Cloud) -> None:
    """boto3 refuses it at its end: that is a verdict to come, and not a fault of AWS."""
    reply = Reply(headers={"x-amz-checksum-crc32": "AAAAAA=="}, body=b"audio")
    digest = read_back(cloud, reply)

    assert digest == Digest(hashlib.sha256(b"audio").hexdigest(), 5)


def test_a_body_that_breaks_off_has_none(cloud: Cloud) -> None:
    """Half of a recording tells nothing of it."""
    with pytest.raises(ServiceUnavailableError):
        read_back(cloud, Reply(headers={"Content-Length": "9"}, body=b"audio"))


def test_a_long_recording_takes_no_more_memory(cloud: Cloud) -> None:
    """It is read in pieces, whatever its length."""
    reply = Reply(body=bytes(48 * READ_BYTES))
    tracemalloc.start()
    try:
        digest = read_back(cloud, reply)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert digest is not None
    assert digest.size_bytes == 48 * READ_BYTES
    assert most_bytes < 16 * READ_BYTES


def test_progress_comes_back_whole(cloud: Cloud, state_table: str) -> None:
    """Every field, from any machine; whoever was overtaken learns it."""
    store = VerificationProgressStore(state_table, cloud.dynamodb)
    assert store.load() == (None, 0)
    damage = Damage("1", "recordings/1.mp3", Condition.ALTERED, "it is another", "look at it")
    full = replace(
        VERIFICATION,
        position=Position(STARTED_AT, "1"),
        verdicts={"intact": 2, "altered": 1},
        read_bytes=7,
        damages=(damage,) * MAX_NAMED,
        unnamed=3,
        finished_at=NOW,
    )

    assert store.save(VERIFICATION, version=0) == 1
    assert store.load() == (VERIFICATION, 1)
    store.save(full, version=1)
    assert store.load() == (full, 2)
    with pytest.raises(ConflictError):
        store.save(full, version=1)


def test_archived_recordings_come_oldest_first_from_anywhere(cloud: Cloud) -> None:
    """Page by page; two of one millisecond are told apart, and what waits is not among them."""
    client = cloud.own_client("dynamodb")
    client.meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: {**params, "Limit": 1}
    )
    catalogue = CatalogueInventory(
        cloud.make_table("CatalogueTable"),
        client,
        number_index=NumberIndex(cloud.make_table("NumberIndexTable"), cloud.dynamodb),
    )
    starts = {"b": STARTED_AT, "c": STARTED_AT, "a": STARTED_AT + timedelta(milliseconds=1)}
    recordings = [recording_of(it, started_at=at) for it, at in starts.items()]
    catalogue.add_indexed([*recordings, recording_of("waits")], listed_at=NOW)
    for recording in recordings:
        catalogue._catalogue.set_archived(recording.recording_id, archived_of(recording))

    found = list(catalogue.archived())
    assert [it.recording_id for it in found][2] == "a"
    assert {it.recording_id for it in found} == starts.keys()
    for at in range(3):
        assert list(catalogue.archived(after=found[at])) == found[at + 1 :]
    items = catalogue.find_all(["a", "nobody", "c"]).items
    assert [it.recording.recording_id for it in items] == ["a", "c"]
