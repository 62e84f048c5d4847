"""What S3 itself does with the vault's writes: moto checks no checksum and no lock."""

import base64
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ringvault.adapters.s3.vault import PART_BYTES, Vault
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.errors import (
    BodyInterruptedError,
    ConfigurationError,
    ConflictError,
    ObjectExistsError,
    ServiceUnavailableError,
)
from ringvault.core.vault.checksum import StoredSize
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, archived_of, recording_of

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

KEY = "recordings/account=1/year=2026/month=11/day=22/100.mp3"
SMALL_BYTES = 1000
LARGE_BYTES = PART_BYTES + 12_345
BLOCK = bytes(range(251)) * 4096
WRITERS = 16

# Whichever way content goes in.
SIZES = pytest.mark.parametrize("size_bytes", [SMALL_BYTES, LARGE_BYTES], ids=["put", "multipart"])

Change = Callable[["AWSPreparedRequest"], None]


def content_of(size_bytes: int) -> bytes:
    """Return content of that size."""
    return (BLOCK * (size_bytes // len(BLOCK) + 1))[:size_bytes]


def crc32_of(content: bytes) -> str:
    """Return the checksum by another way than the vault's."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def store(vault: Vault, content: bytes) -> StoredSize:
    """Store content under the key of every test."""
    return vault.store_audio(KEY, content_type="audio/mpeg", chunks=[content])


def vault_whose(operation: str, on_the_way: Change, *, cloud: Cloud, bucket: str) -> Vault:
    """Return a vault whose signed requests of one kind something happens to on their way."""

    def meet(request: "AWSPreparedRequest", **_: Any) -> None:
        on_the_way(request)

    client = cloud.own_client("s3")
    client.meta.events.register(f"before-send.s3.{operation}", meet)
    return Vault(bucket, client)


def flip_a_bit(request: "AWSPreparedRequest") -> None:
    """Change the body by one bit."""
    body: Any = request.body
    content = body.read()
    request.body = bytes([content[0] ^ 1]) + content[1:]


def tell_another_sum(request: "AWSPreparedRequest") -> None:
    """Tell a checksum of something else."""
    replace_header(request, "x-amz-checksum-crc32", crc32_of(b"something else"))


def tell_another_sum_of_a_part(request: "AWSPreparedRequest") -> None:
    """Tell for one part a checksum of something else."""
    body: Any = request.body
    ours = crc32_of(content_of(LARGE_BYTES)[PART_BYTES:]).encode()
    assert body.count(ours) == 1
    request.body = body.replace(ours, crc32_of(b"something else").encode())


def tell_another_size(request: "AWSPreparedRequest") -> None:
    """Tell another size of the whole."""
    replace_header(request, "x-amz-mp-object-size", str(LARGE_BYTES + 1))


def replace_header(request: "AWSPreparedRequest", name: str, value: str) -> None:
    """Change a header that the vault has to send."""
    assert name in request.headers
    request.headers[name] = value


@SIZES
def test_what_is_stored_is_read_back(
    cloud: Cloud, bucket: str, vault: Vault, size_bytes: int
) -> None:
    """The object is byte for byte what came; S3 computed the same CRC-32 of the whole."""
    content = content_of(size_bytes)
    stored = store(vault, content)

    assert stored == StoredSize(size_bytes, crc32_of(content))
    assert b"".join(vault.read_audio(KEY)) == content
    assert vault.find_audio(KEY.removesuffix("mp3")) == KEY
    head = cloud.s3.head_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (stored.crc32, "FULL_OBJECT")
    assert (head["ContentType"], head["ContentLength"]) == ("audio/mpeg", size_bytes)


@pytest.mark.parametrize(
    ("operation", "change", "code"),
    [
        ("PutObject", flip_a_bit, "BadDigest"),
        ("PutObject", tell_another_sum, "BadDigest"),
        ("UploadPart", flip_a_bit, "BadDigest"),
        ("CompleteMultipartUpload", tell_another_sum, "BadDigest"),
        ("CompleteMultipartUpload", tell_another_sum_of_a_part, "InvalidPart"),
        ("CompleteMultipartUpload", tell_another_size, "InvalidRequest"),
    ],
)
def test_what_changed_on_the_way_is_refused(
    cloud: Cloud, bucket: str, operation: str, change: Change, code: str
) -> None:
    """Damaged content may be sent again, and nothing of it stays, no open upload either."""
    vault = vault_whose(operation, change, cloud=cloud, bucket=bucket)
    size_bytes = SMALL_BYTES if operation == "PutObject" else LARGE_BYTES

    with pytest.raises(ServiceUnavailableError, match=code):
        store(vault, content_of(size_bytes))

    assert cloud.keys_in(bucket) == []
    assert cloud.open_uploads_in(bucket) == []


@SIZES
def test_nothing_is_ever_overwritten(
    cloud: Cloud, bucket: str, vault: Vault, size_bytes: int
) -> None:
    """A second write of a key is refused; the first stays the only version."""
    store(vault, b"the first")

    with pytest.raises(ObjectExistsError):
        store(vault, content_of(size_bytes))

    assert cloud.read(bucket, KEY) == b"the first"
    assert cloud.open_uploads_in(bucket) == []
    assert len(cloud.s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def test_of_many_writers_at_once_one_wins(cloud: Cloud, bucket: str) -> None:
    """Sixteen PutObject sent together: one object, and fifteen are told that there is one."""
    together = Barrier(WRITERS)
    vault = vault_whose("PutObject", lambda _: _wait_for_all(together), cloud=cloud, bucket=bucket)

    outcomes = race(vault, SMALL_BYTES)

    assert_one_won(outcomes, SMALL_BYTES, cloud=cloud, bucket=bucket)


def test_of_many_uploads_at_once_one_is_completed(cloud: Cloud, bucket: str) -> None:
    """Sixteen uploads that are open together: the first to complete wins, each other is refused.

    They complete in turn, since LocalStack looks and writes without a lock in between. That S3
    has one is AWS's word; no server that runs here can show it.
    """
    together, turn = Barrier(WRITERS), Lock()

    def take_turn(_: "AWSPreparedRequest") -> None:
        _wait_for_all(together)
        assert turn.acquire(timeout=60)

    vault = vault_whose("CompleteMultipartUpload", take_turn, cloud=cloud, bucket=bucket)
    events = vault._client.meta.events
    events.register("after-call.s3.CompleteMultipartUpload", lambda **_: turn.release())

    outcomes = race(vault, PART_BYTES + 1)

    assert_one_won(outcomes, PART_BYTES + 1, cloud=cloud, bucket=bucket)


def race(vault: Vault, size_bytes: int) -> list[int | None]:
    """Let each writer store content of its own; return its number, or None where it was refused."""

    def write(writer: int) -> int | None:
        try:
            store(vault, bytes([writer]) * size_bytes)
        except ObjectExistsError:
            return None
        return writer

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(write, range(WRITERS)))


def assert_one_won(
    outcomes: list[int | None], size_bytes: int, *, cloud: Cloud, bucket: str
) -> None:
    """Look for the content of one, once, and nothing else."""
    (winner,) = [writer for writer in outcomes if writer is not None]
    assert Counter(cloud.read(bucket, KEY)) == {winner: size_bytes}
    assert cloud.open_uploads_in(bucket) == []
    assert len(cloud.s3.list_object_versions(Bucket=bucket)["Versions"]) == 1


def _wait_for_all(together: Barrier) -> None:
    together.wait(timeout=60)


def test_an_object_deleted_meanwhile_is_a_conflict(cloud: Cloud, bucket: str, vault: Vault) -> None:
    """S3 refuses to complete where an object was deleted since the upload began: to be tried again.

    It is not told as an object that exists, or the archiver would go and look for it.
    """
    store(vault, b"deleted soon")

    def delete(_: "AWSPreparedRequest") -> None:
        cloud.s3.delete_object(Bucket=bucket, Key=KEY)

    late = vault_whose("CompleteMultipartUpload", delete, cloud=cloud, bucket=bucket)
    with pytest.raises(ConflictError, match="ConditionalRequestConflict") as refusal:
        store(late, content_of(LARGE_BYTES))

    assert not isinstance(refusal.value, ObjectExistsError)
    assert cloud.keys_in(bucket) == []
    assert cloud.open_uploads_in(bucket) == []


@pytest.mark.parametrize("after_bytes", [SMALL_BYTES, LARGE_BYTES, 2 * PART_BYTES + 1])
def test_a_broken_body_leaves_nothing(
    cloud: Cloud, bucket: str, vault: Vault, after_bytes: int
) -> None:
    """When the content breaks anywhere, S3 keeps neither an object nor a part."""

    def breaking() -> Iterator[bytes]:
        yield content_of(after_bytes)
        raise BodyInterruptedError("the body broke")

    with pytest.raises(BodyInterruptedError):
        vault.store_audio(KEY, content_type="audio/mpeg", chunks=breaking())

    assert cloud.keys_in(bucket) == []
    assert cloud.open_uploads_in(bucket) == []


def test_an_abort_removes_the_parts_of_one_recording(
    cloud: Cloud, bucket: str, vault: Vault
) -> None:
    """What a dead archiver had sent is gone, another recording's upload goes on."""
    other = KEY.replace("100.mp3", "1001.mp3")
    uploads = {key: _upload_left_open(cloud, bucket, key) for key in (KEY, other)}

    vault.abort_uploads(KEY.removesuffix("mp3"))

    assert cloud.open_uploads_in(bucket) == [other]
    with pytest.raises(ClientError, match="NoSuchUpload"):
        cloud.s3.list_parts(Bucket=bucket, Key=KEY, UploadId=uploads[KEY])
    left = cloud.s3.list_parts(Bucket=bucket, Key=other, UploadId=uploads[other])
    assert len(left["Parts"]) == 1


def _upload_left_open(cloud: Cloud, bucket: str, object_key: str) -> str:
    where: Any = {"Bucket": bucket, "Key": object_key}
    where["UploadId"] = cloud.s3.create_multipart_upload(**where)["UploadId"]
    cloud.s3.upload_part(**where, PartNumber=1, Body=b"a part")
    return str(where["UploadId"])


def test_an_upload_that_another_aborted_can_be_begun_again(
    cloud: Cloud, bucket: str, vault: Vault
) -> None:
    """When the upload is gone before Complete, that may be tried again; no object comes of it."""

    def abort_first(_: "AWSPreparedRequest") -> None:
        vault.abort_uploads(KEY)

    late = vault_whose("CompleteMultipartUpload", abort_first, cloud=cloud, bucket=bucket)
    with pytest.raises(ServiceUnavailableError, match="NoSuchUpload"):
        store(late, content_of(LARGE_BYTES))

    assert cloud.keys_in(bucket) == []
    assert store(vault, content_of(LARGE_BYTES)).size_bytes == LARGE_BYTES


@SIZES
def test_a_missing_bucket_is_a_matter_for_a_person(cloud: Cloud, size_bytes: int) -> None:
    """A vault that is not there is named as such."""
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        store(Vault("no-such-vault", cloud.s3), content_of(size_bytes))


@pytest.fixture
def locked_bucket(cloud: Cloud) -> str:
    """Return a vault whose owner turned Object Lock on: each version is kept for a day."""
    bucket = cloud.make_bucket(ObjectLockEnabledForBucket=True)
    retention: Any = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    cloud.s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention},
    )
    return bucket


@SIZES
def test_a_locked_recording_can_not_be_deleted(
    cloud: Cloud, locked_bucket: str, size_bytes: int
) -> None:
    """Whichever way it was stored, its version is kept; a plain delete only hides it."""
    vault = Vault(locked_bucket, cloud.s3)
    store(vault, content_of(size_bytes))
    version_id = cloud.s3.head_object(Bucket=locked_bucket, Key=KEY)["VersionId"]

    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.s3.delete_object(Bucket=locked_bucket, Key=KEY, VersionId=version_id)
    cloud.s3.delete_object(Bucket=locked_bucket, Key=KEY)

    kept = cloud.s3.get_object(Bucket=locked_bucket, Key=KEY, VersionId=version_id)
    assert kept["Body"].read() == content_of(size_bytes)
    assert kept["ObjectLockMode"] == "GOVERNANCE"
    assert kept["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(hours=23)


def test_a_locked_vault_takes_sidecars_and_aborts(cloud: Cloud, locked_bucket: str) -> None:
    """Retention holds up neither a sidecar that replaces another, nor an abort."""
    vault = Vault(locked_bucket, cloud.s3)
    recording = recording_of("1")
    item = CatalogueItem(recording, State.QUEUED, listed_at=NOW)
    for size_bytes in (1, 2):
        archived = archived_of(recording, size_bytes=size_bytes)
        vault.store_sidecar("metadata/1.json", item=item, archived=archived)
    _upload_left_open(cloud, locked_bucket, KEY)
    vault.abort_uploads(KEY)

    assert b'"size_bytes":2' in cloud.read(locked_bucket, "metadata/1.json")
    assert cloud.open_uploads_in(locked_bucket) == []
