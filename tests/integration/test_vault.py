"""The bucket: whole and verified or not at all, and never overwritten."""

import base64
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import requests
from boto3.session import Session
from botocore.stub import Stubber

from local.cloudformation.transform import REGION
from ringvault.adapters.s3.vault import PART_BYTES, READ_BYTES, Vault
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.errors import BodyInterruptedError, ConfigurationError, ObjectExistsError
from ringvault.core.vault.checksum import StoredSize
from tests.support.cloud import KEY_ID, SECRET_KEY, Cloud
from tests.support.recordings import NOW, archived_of, recording_of
from tests.support.tiny_server import Reply, Seen, TinyServer

KEY = "recordings/account=1/year=2026/month=11/day=22/100.mp3"
MIB = 1024 * 1024
CHUNK = bytes(range(256)) * 4096


@pytest.fixture
def vault(cloud: Cloud, bucket: str) -> Vault:
    """Return an empty vault."""
    return Vault(bucket, cloud.s3)


def chunks_of(size_bytes: int) -> Iterator[bytes]:
    """Yield content of that size, 1 MiB at a time, as a socket gives it."""
    while size_bytes > 0:
        yield CHUNK[:size_bytes]
        size_bytes -= len(CHUNK)


def content_of(size_bytes: int) -> bytes:
    """Return the same content at once."""
    return b"".join(chunks_of(size_bytes))


def crc32_of(content: bytes) -> str:
    """Return the checksum by another way than the vault's."""
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def breaking(after_bytes: int) -> Iterator[bytes]:
    """Yield content, then break as a body does."""
    yield from chunks_of(after_bytes)
    raise BodyInterruptedError("the body broke")


def parameters_sent(cloud: Cloud, bucket: str, content: Iterator[bytes]) -> dict[str, Any]:
    """Store content and return the parameters of each call, by operation; the last of each."""
    sent: dict[str, Any] = {}

    def remember(params: dict[str, Any], model: Any, **_: Any) -> None:
        sent[model.name] = dict(params)

    client = cloud.own_client("s3")
    client.meta.events.register("provide-client-params.s3", remember)
    Vault(bucket, client).store_audio(KEY, content_type="audio/mpeg", chunks=content)
    return sent


@pytest.mark.parametrize(
    ("size_bytes", "calls"),
    [
        (1, {"PutObject"}),
        (PART_BYTES - 1, {"PutObject"}),
        (PART_BYTES, {"PutObject"}),
        (PART_BYTES + 1, {"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}),
    ],
)
def test_one_request_where_it_fits(
    cloud: Cloud, bucket: str, size_bytes: int, calls: set[str]
) -> None:
    """Up to a part's size content goes in by one PutObject, beyond it by a multipart upload.

    Whichever way, S3 gets the checksum of the whole, and may not overwrite.
    """
    sent = parameters_sent(cloud, bucket, chunks_of(size_bytes))
    assert set(sent) == calls
    last = sent.get("CompleteMultipartUpload") or sent["PutObject"]
    assert last["ChecksumCRC32"] == crc32_of(content_of(size_bytes))
    assert last["IfNoneMatch"] == "*"
    assert cloud.read(bucket, KEY) == content_of(size_bytes)
    assert cloud.open_uploads_in(bucket) == []


def test_every_part_carries_its_checksum(cloud: Cloud, bucket: str) -> None:
    """Parts are sent with the CRC-32 of each, and the whole with its size and kind of checksum."""
    sent = parameters_sent(cloud, bucket, chunks_of(PART_BYTES + MIB))
    assert sent["CreateMultipartUpload"]["ChecksumAlgorithm"] == "CRC32"
    assert sent["CreateMultipartUpload"]["ChecksumType"] == "FULL_OBJECT"
    tail = content_of(PART_BYTES + MIB)[PART_BYTES:]
    assert sent["UploadPart"]["ChecksumCRC32"] == crc32_of(tail)
    complete = sent["CompleteMultipartUpload"]
    assert complete["ChecksumType"] == "FULL_OBJECT"
    assert complete["MpuObjectSize"] == PART_BYTES + MIB
    parts = complete["MultipartUpload"]["Parts"]
    assert [part["PartNumber"] for part in parts] == [1, 2]
    assert parts[1]["ChecksumCRC32"] == crc32_of(tail)


@pytest.mark.parametrize("size_bytes", [1000, PART_BYTES + 1])
def test_what_was_stored_is_told_and_typed(
    cloud: Cloud, bucket: str, vault: Vault, size_bytes: int
) -> None:
    """The answer is size and checksum of the whole; the object has the audio's content type."""
    stored = vault.store_audio(KEY, content_type="audio/wav", chunks=chunks_of(size_bytes))
    assert stored == StoredSize(size_bytes, crc32_of(content_of(size_bytes)))
    head = cloud.s3.head_object(Bucket=bucket, Key=KEY)
    assert (head["ContentType"], head["ContentLength"]) == ("audio/wav", size_bytes)


def test_nobody_reads_without_a_signature(cloud: Cloud, bucket: str, vault: Vault) -> None:
    """The vault makes nothing public: who has only the address is refused."""
    vault.store_audio(KEY, content_type="audio/wav", chunks=[b"audio"])
    answer = requests.get(f"{cloud.url}/{bucket}/{KEY}", timeout=10)
    assert answer.status_code == 403


def test_uneven_chunks_make_even_parts(cloud: Cloud, bucket: str, vault: Vault) -> None:
    """However content arrives, it is stored byte for byte."""
    content = content_of(2 * PART_BYTES + 12_345)
    cuts = [0, 1, 65_537, PART_BYTES - 1, PART_BYTES + 7, len(content) - 3, len(content)]
    pieces = [content[start:stop] for start, stop in pairwise(cuts)]
    vault.store_audio(KEY, content_type="audio/wav", chunks=pieces)
    assert cloud.read(bucket, KEY) == content


@pytest.mark.parametrize("size_bytes", [1000, PART_BYTES + 1], ids=["put", "multipart"])
def test_nothing_is_ever_overwritten(
    cloud: Cloud, bucket: str, vault: Vault, size_bytes: int
) -> None:
    """A second write of a key is refused, the first object stays, no upload is left open."""
    vault.store_audio(KEY, content_type="audio/mpeg", chunks=[b"the first"])
    with pytest.raises(ObjectExistsError):
        vault.store_audio(KEY, content_type="audio/mpeg", chunks=chunks_of(size_bytes))
    assert cloud.read(bucket, KEY) == b"the first"
    assert cloud.open_uploads_in(bucket) == []
    versions = cloud.s3.list_object_versions(Bucket=bucket)["Versions"]
    assert len(versions) == 1


@pytest.mark.parametrize("after_bytes", [0, 1000, PART_BYTES, 2 * PART_BYTES + 1000])
def test_a_broken_body_leaves_nothing(
    cloud: Cloud, bucket: str, vault: Vault, after_bytes: int
) -> None:
    """When the content breaks anywhere there is neither an object nor an open upload."""
    with pytest.raises(BodyInterruptedError):
        vault.store_audio(KEY, content_type="audio/mpeg", chunks=breaking(after_bytes))
    assert cloud.keys_in(bucket) == []
    assert cloud.open_uploads_in(bucket) == []


def test_a_failing_abort_does_not_hide_the_reason(cloud: Cloud) -> None:
    """When an answer was lost and the repeated Complete meets its own object, that is what counts.

    The upload is gone then, so aborting it fails.
    """
    client = cloud.own_client("s3")
    with Stubber(client) as stub:
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        for _ in range(2):
            stub.add_response("upload_part", {"ETag": "e"})
        stub.add_client_error("complete_multipart_upload", "PreconditionFailed")
        stub.add_client_error("abort_multipart_upload", "NoSuchUpload")
        with pytest.raises(ObjectExistsError):
            Vault("any", client).store_audio(
                KEY, content_type="audio/mpeg", chunks=chunks_of(PART_BYTES + 1)
            )


def test_open_uploads_of_a_prefix_are_aborted(cloud: Cloud, bucket: str, vault: Vault) -> None:
    """What a dead archiver left of one recording goes, everybody else's stays."""
    other = KEY.replace("100.mp3", "1001.mp3")
    for key in (KEY, KEY, other):
        cloud.s3.create_multipart_upload(Bucket=bucket, Key=key)
    vault.abort_uploads(KEY.removesuffix("mp3"))
    assert cloud.open_uploads_in(bucket) == [other]


def test_an_upload_that_is_gone_already_needs_no_abort(cloud: Cloud) -> None:
    """An upload that ended between listing and abort is no fault."""
    client = cloud.own_client("s3")
    with Stubber(client) as stub:
        listed = [{"Key": KEY, "UploadId": upload_id} for upload_id in ("gone", "open")]
        stub.add_response("list_multipart_uploads", {"Uploads": listed})
        stub.add_client_error("abort_multipart_upload", "NoSuchUpload")
        stub.add_response("abort_multipart_upload", {})
        Vault("any", client).abort_uploads(KEY.removesuffix("mp3"))
        stub.assert_no_pending_responses()


def test_the_object_of_a_recording_is_found_by_its_own_id(vault: Vault) -> None:
    """A prefix that ends in a dot meets neither a longer id nor another file's."""
    longer = KEY.replace("100.mp3", "1001.mp3")
    vault.store_audio(longer, content_type="audio/mpeg", chunks=[b"audio"])
    assert vault.find_audio(KEY.removesuffix("mp3")) is None
    vault.store_audio(KEY, content_type="audio/mpeg", chunks=[b"audio"])
    assert vault.find_audio(KEY.removesuffix("mp3")) == KEY


def test_audio_is_read_back_in_bounded_pieces(vault: Vault) -> None:
    """What was stored comes back whole, no piece larger than the buffer."""
    size_bytes = 3 * MIB + 17
    vault.store_audio(KEY, content_type="audio/mpeg", chunks=chunks_of(size_bytes))
    pieces = list(vault.read_audio(KEY))
    assert b"".join(pieces) == content_of(size_bytes)
    assert max(map(len, pieces)) <= READ_BYTES


def test_a_sidecar_replaces_the_one_before(cloud: Cloud, bucket: str, vault: Vault) -> None:
    """The sidecar is JSON with the whole call-log record, as of the last write."""
    record = {"id": "call", "from": {"name": "Zoë"}}
    recording = recording_of("1", call_record=record)
    item = CatalogueItem(recording, State.QUEUED, listed_at=NOW)
    for size_bytes in (1, 2):
        archived = archived_of(recording, size_bytes=size_bytes)
        vault.store_sidecar("metadata/1.json", item=item, archived=archived)
    sidecar = json.loads(cloud.read(bucket, "metadata/1.json"))
    assert sidecar["call_record"] == record
    assert (sidecar["size_bytes"], sidecar["crc32"]) == (2, archived.crc32)


def test_a_missing_bucket_is_a_matter_for_a_person(cloud: Cloud) -> None:
    """A vault that is not there is named as such, whichever way content goes in."""
    vault = Vault("no-such-vault", cloud.s3)
    for size_bytes in (1, PART_BYTES + 1):
        with pytest.raises(ConfigurationError, match="NoSuchBucket"):
            vault.store_audio(KEY, content_type="audio/mpeg", chunks=chunks_of(size_bytes))


def test_memory_is_bounded_whatever_the_size() -> None:
    """200 MB pass through three parts and a chunk, as the formula beside PART_BYTES says."""
    with TinyServer(_swallow, keeps_bodies=False) as s3:
        client = Session(KEY_ID, SECRET_KEY, region_name=REGION).client("s3", endpoint_url=s3.url)
        vault = Vault("vault", client)
        vault.store_audio(KEY, content_type="audio/wav", chunks=chunks_of(PART_BYTES + 1))
        tracemalloc.start()
        try:
            stored = vault.store_audio(KEY, content_type="audio/wav", chunks=chunks_of(200 * MIB))
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert stored.size_bytes == 200 * MIB
    assert peak_bytes <= 3 * PART_BYTES + READ_BYTES + MIB


def _swallow(request: Seen) -> Reply:
    """Answer as S3 does, in the least that boto3 understands."""
    if request.method == "POST" and "uploads" in request.target:
        return Reply(body=b"<r><UploadId>u</UploadId></r>")
    return Reply(headers={"ETag": '"e"'}, body=b"<r/>" if request.method == "POST" else b"")
