"""S3 fails: retried at once, or put off with nothing left behind; never stored twice or half."""

import pytest

from ringvault.core.archiving.archive_recording import ArchiveOutcome
from ringvault.core.catalogue.item import State
from tests.integration.faults.aws_proxy import (
    Action,
    another_checksum,
    dropped,
    late,
    lost,
    refused,
    unheard,
)
from tests.integration.faults.site import Site

SLOW_DOWN = refused(503, "SlowDown")
INTERNAL_ERROR = refused(500, "InternalError")
# S3 begins its answer to a long Complete before it knows the end of it.
ERROR_WITH_200 = refused(200, "InternalError")
AUDIO, SIDECAR = "/recordings/", "/metadata/"


@pytest.mark.parametrize(
    ("operation", "where", "action"),
    [
        ("PutObject", AUDIO, SLOW_DOWN),
        ("PutObject", SIDECAR, lost),
        ("CreateMultipartUpload", AUDIO, INTERNAL_ERROR),
        ("UploadPart", AUDIO, SLOW_DOWN),
        ("UploadPart", AUDIO, dropped),
        ("UploadPart", AUDIO, lost),
        ("CompleteMultipartUpload", AUDIO, INTERNAL_ERROR),
        ("CompleteMultipartUpload", AUDIO, ERROR_WITH_200),
    ],
)
def test_one_failure_is_retried_at_once(
    site: Site, operation: str, where: str, action: Action
) -> None:
    """A request that S3 fails once is sent again; the recording is fetched once."""
    recording_id = site.small if operation == "PutObject" else site.large
    site.proxy.strike(operation, action, where=where)
    assert site.deliver(recording_id) == "archived"
    assert site.proxy.asked.count(operation) >= 2
    assert site.downloads() == 1
    site.assert_archived(recording_id)


@pytest.mark.parametrize(
    ("size", "operation"), [("small", "PutObject"), ("large", "CompleteMultipartUpload")]
)
def test_a_write_whose_answer_was_lost_is_found(site: Site, size: str, operation: str) -> None:
    """The repeated write meets its own object: that is measured, and fetched no second time."""
    recording_id = getattr(site, size)
    site.proxy.strike(operation, lost, where=AUDIO)
    assert site.deliver(recording_id) in {"archived", "found_in_vault"}
    assert site.downloads() == 1
    site.assert_archived(recording_id)


@pytest.mark.parametrize(
    ("operation", "action"), [("UploadPart", unheard), ("CompleteMultipartUpload", late)]
)
def test_one_silence_is_retried(site: Site, operation: str, action: Action) -> None:
    """A request that S3 does not answer in time is sent again, done or not done."""
    site.proxy.strike(operation, action)
    outcome = site.archiver()(site.large).outcome
    assert outcome in {ArchiveOutcome.ARCHIVED, ArchiveOutcome.FOUND_IN_VAULT}
    assert site.downloads() == 1
    site.assert_archived(site.large)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("CreateMultipartUpload", INTERNAL_ERROR),
        ("UploadPart", INTERNAL_ERROR),
        ("UploadPart", unheard),
        ("UploadPart", refused(400, "BadDigest")),
        ("CompleteMultipartUpload", INTERNAL_ERROR),
        ("CompleteMultipartUpload", refused(400, "BadDigest")),
    ],
)
def test_what_can_not_go_on_is_aborted_and_put_off(
    site: Site, operation: str, action: Action
) -> None:
    """When S3 fails for good the upload is aborted, the recording PENDING; the next archives it."""
    site.proxy.strike(operation, action, times=None)
    result = site.archiver()(site.large)
    item = site.deployed.item(site.large)
    assert (result.outcome, item.state, item.attempts) == (
        ArchiveOutcome.DEFERRED,
        State.PENDING,
        1,
    )
    assert site.deployed.object_keys() == []
    assert site.open_uploads() == []
    assert site.deliver_again(site.large) == "archived"
    site.assert_archived(site.large)


@pytest.mark.parametrize(
    ("size", "operation", "action"),
    [("small", "PutObject", lost), ("large", "CompleteMultipartUpload", late)],
)
def test_a_write_that_nobody_was_ever_told_of_is_found_later(
    site: Site, size: str, operation: str, action: Action
) -> None:
    """However often the answer is lost, what is in the vault is not fetched again."""
    recording_id = getattr(site, size)
    site.proxy.strike(operation, action, where=AUDIO, times=None)
    site.archiver()(recording_id)
    assert site.deliver_again(recording_id) in {"found_in_vault", "already_done"}
    assert site.downloads() == 1
    site.assert_archived(recording_id)


def test_an_upload_that_can_not_be_aborted_is_aborted_by_the_next(site: Site) -> None:
    """When the abort fails as well, the next archiver aborts before it begins."""
    for operation in ("UploadPart", "AbortMultipartUpload"):
        site.proxy.strike(operation, INTERNAL_ERROR, times=None)
    site.archiver()(site.large)
    assert len(site.open_uploads()) == 1
    assert site.deliver_again(site.large) == "archived"
    site.assert_archived(site.large)


def test_an_upload_that_could_not_be_aborted_is_never_forgotten(site: Site) -> None:
    """The next archiver aborts it even where the failure was counted against nobody."""
    site.proxy.strike("UploadPart", refused(403, "AccessDenied"))
    site.proxy.strike("AbortMultipartUpload", INTERNAL_ERROR, times=None)
    site.archiver()(site.large)
    assert site.deliver_again(site.large) == "archived"
    site.assert_archived(site.large)


def test_an_upload_that_was_aborted_without_an_answer_is_no_fault(site: Site) -> None:
    """The repeated abort of an upload that is gone hides nothing."""
    site.proxy.strike("UploadPart", refused(400, "BadDigest"))
    site.proxy.strike("AbortMultipartUpload", lost)
    result = site.archiver()(site.large)
    assert "BadDigest" in str(result.reason)
    assert site.open_uploads() == []


def test_an_upload_that_was_begun_without_an_answer_is_left_to_the_next_day(site: Site) -> None:
    """It holds no part; the bucket's own rule removes it after a day."""
    site.proxy.strike("CreateMultipartUpload", lost)
    assert site.deliver(site.large) == "archived"
    bucket = site.deployed["VAULT_BUCKET"]
    uploads = site.deployed.cloud.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", ())
    for upload in uploads:
        parts = site.deployed.cloud.s3.list_parts(
            Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
        )
        assert parts.get("Parts", []) == []
    rules = site.deployed.cloud.template["Resources"]["VaultBucket"]["Properties"]
    (days,) = (
        rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        for rule in rules["LifecycleConfiguration"]["Rules"]
        if "AbortIncompleteMultipartUpload" in rule
    )
    assert days == 1


@pytest.mark.parametrize(
    "action",
    [
        INTERNAL_ERROR,
        refused(403, "AccessDenied"),
    ],
)
def test_a_sidecar_that_can_not_be_stored_costs_no_second_download(
    site: Site, action: Action
) -> None:
    """The audio is whole in the vault: the next archiver only finishes."""
    site.proxy.strike("PutObject", action, where=SIDECAR, times=None)
    assert site.archiver()(site.small).outcome is ArchiveOutcome.DEFERRED
    assert site.deployed.item(site.small).state is State.PENDING
    assert site.deliver_again(site.small) == "found_in_vault"
    assert site.downloads() == 1
    site.assert_archived(site.small)


@pytest.mark.parametrize(
    ("size", "operation"),
    [("small", "PutObject"), ("large", "UploadPart"), ("large", "CompleteMultipartUpload")],
)
def test_another_checksum_in_the_answer_is_no_archive(
    site: Site, size: str, operation: str
) -> None:
    """What S3 confirms otherwise than it was sent is not ARCHIVED in that delivery."""
    recording_id = getattr(site, size)
    site.proxy.strike(operation, another_checksum, where=AUDIO)
    assert site.deliver(recording_id) == "deferred"
    assert site.deployed.item(recording_id).state is State.PENDING
    site.deliver_again(recording_id)
    site.assert_archived(recording_id)


def test_an_object_that_comes_back_damaged_is_not_recorded(site: Site) -> None:
    """What is read back with another checksum than S3 tells is read again by the next archiver."""
    site.proxy.strike("PutObject", lost, where=AUDIO)
    site.proxy.strike("GetObject", another_checksum, times=None)
    assert site.deliver(site.small) == "deferred"
    assert site.deliver_again(site.small) == "found_in_vault"
    assert site.downloads() == 1
    site.assert_archived(site.small)
