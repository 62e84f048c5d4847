"""What an S3 that enforces Object Lock does with holds and erasure."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from ringvault.core.catalogue.item import State
from ringvault.core.errors import ConfigurationError, RingvaultError
from ringvault.core.lifecycle.erase_recordings import ErasureOutcome
from tests.support.cloud import Cloud, running_cloud
from tests.support.kept_recordings import KeptArchive
from tests.support.recordings import archived_of, recording_of

KEY = archived_of(recording_of("1")).object_key


@pytest.fixture(scope="module")
def tables(cloud: Cloud) -> Iterator[Cloud]:
    """Serve the tables, which the S3 server has not."""
    with running_cloud(cloud.template) as running:
        yield running


@pytest.fixture
def archive(cloud: Cloud, tables: Cloud) -> KeptArchive:
    """Return an archive whose vault keeps every version for 30 days, but from who may bypass."""
    bucket = cloud.make_bucket(ObjectLockEnabledForBucket=True)
    cloud.s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}},
        },
    )
    return KeptArchive.new(tables, s3=cloud.s3, bucket=bucket)


def delete_by_hand(archive: KeptArchive, *, bypass: bool) -> str:
    """Delete the audio's version as an administrator could; return S3's code, or deleted."""
    found = archive.s3.list_object_versions(Bucket=archive.bucket, Prefix=KEY)["Versions"]
    try:
        archive.s3.delete_object(
            Bucket=archive.bucket,
            Key=KEY,
            VersionId=found[0]["VersionId"],
            BypassGovernanceRetention=bypass,
        )
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "deleted"


def test_nobody_deletes_a_version_that_is_held(archive: KeptArchive) -> None:
    """The default retention gives way to who may bypass it, the hold to nobody."""
    archive.archive("1")
    archive.hold("1")

    assert delete_by_hand(archive, bypass=False) == "AccessDenied"
    assert delete_by_hand(archive, bypass=True) == "AccessDenied"
    archive.release("1")
    assert delete_by_hand(archive, bypass=False) == "AccessDenied"
    assert delete_by_hand(archive, bypass=True) == "deleted"


def test_every_version_is_held(archive: KeptArchive) -> None:
    """Audio, and both writings of the sidecar."""
    archive.archive("1")
    archive.hold("1")

    found = archive.s3.list_object_versions(Bucket=archive.bucket)["Versions"]
    statuses = [
        archive.s3.get_object_legal_hold(
            Bucket=archive.bucket, Key=it["Key"], VersionId=it["VersionId"]
        )["LegalHold"]["Status"]
        for it in found
    ]
    assert statuses == ["ON"] * 3


def test_erasure_goes_through_a_default_retention(archive: KeptArchive) -> None:
    """Every version and delete marker goes, and the proof is kept by the same retention."""
    archive.archive("1")
    archive.s3.delete_object(Bucket=archive.bucket, Key=KEY)

    assert archive.erase("1") == [ErasureOutcome.ERASED]

    assert archive.versions() == []
    [proof] = archive.s3.list_object_versions(Bucket=archive.bucket)["Versions"]
    with pytest.raises(ClientError, match="AccessDenied"):
        archive.s3.delete_object(
            Bucket=archive.bucket, Key=proof["Key"], VersionId=proof["VersionId"]
        )


def test_a_hold_that_only_s3_knows_is_respected(archive: KeptArchive) -> None:
    """Whoever set it by hand, or a catalogue that was made again, is not overruled."""
    archive.archive("1")
    archive.vault_holds.hold(recording_of("1"))

    assert archive.erase("1") == [ErasureOutcome.HELD]
    assert archive.item("1").state is State.ARCHIVED
    assert len(archive.versions()) == 3


def test_what_s3_refuses_waits_for_the_next_run(archive: KeptArchive) -> None:
    """A hold that comes in the middle stops the erasure; it is found again, and then finished."""
    archive.archive("1")

    class HeldMeanwhile:
        def __getattr__(self, name: str) -> object:
            if name == "erase":
                archive.vault_holds.hold(recording_of("1"))
            return getattr(archive.erasures, name)

    problems: dict[str, RingvaultError] = {}
    outcomes = archive.erase("1", vault=HeldMeanwhile(), problems=problems)

    assert outcomes == [ErasureOutcome.FAILED]
    assert isinstance(problems["1"], ConfigurationError)
    assert "AccessDenied" in str(problems["1"])
    assert [it.recording_id for it in archive.holds.erasing()] == ["1"]
    archive.vault_holds.release(recording_of("1"))
    assert archive.erase("1") == [ErasureOutcome.ERASED]
    assert archive.versions() == []


def test_a_vault_without_object_lock_is_erased_too(cloud: Cloud, tables: Cloud) -> None:
    """S3 refuses the bypass where there is nothing to bypass: it is not asked for."""
    archive = KeptArchive.new(tables, s3=cloud.s3, bucket=cloud.make_bucket())
    archive.archive("1")

    archive.hold("1")
    assert not archive.vault_holds.has_object_lock
    assert archive.erase("1") == [ErasureOutcome.HELD]
    archive.release("1")
    assert archive.erase("1") == [ErasureOutcome.ERASED]
    assert archive.versions() == []
