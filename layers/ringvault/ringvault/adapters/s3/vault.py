"""The vault as the archiver writes it: audio whole and verified or not at all, never replaced."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import GoneError, aws_errors
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem
from ringvault.core.errors import RingvaultError, ServiceUnavailableError
from ringvault.core.vault.checksum import Crc32, StoredSize, crc32_base64
from ringvault.core.vault.cold_storage import StorageState
from ringvault.core.vault.sidecar import sidecar_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# Memory of one transfer: at most 3 x PART_BYTES (the part being filled, its copy being sent, and
# the one read ahead to know whether it is the last) + one chunk of the socket: 25 MiB. S3 takes
# 10,000 parts, so 8 MiB reach 78 GiB: 56 days of 8 kHz WAV.
PART_BYTES = 8 * 1024 * 1024
READ_BYTES = 1024 * 1024


class Vault:
    """Stores and finds recordings and their sidecars."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._bucket = bucket
        self._client = client

    def store_audio(
        self, object_key: str, *, content_type: str, chunks: Iterable[bytes]
    ) -> StoredSize:
        """Store what `chunks` yields, or nothing at all where it raises.

        S3 checks the CRC-32 of every part and of the whole.

        Raises:
            ObjectExistsError: the key has an object, which is unchanged.
        """
        crc32 = Crc32()
        parts = _parts(chunks, crc32)
        ahead = deque(islice(parts, 2))
        if len(ahead) > 1:
            self._upload(object_key, content_type, _drained(ahead, parts), crc32)
        else:
            self._put(object_key, content_type, ahead.popleft() if ahead else b"")
        return StoredSize(size_bytes=crc32.size_bytes, crc32=crc32.base64)

    def find_audio(self, prefix: str) -> str | None:
        """Return the key of an object with that prefix, None where there is none."""
        return find_audio(self._client, bucket=self._bucket, prefix=prefix)

    def read_audio(self, object_key: str) -> Iterator[bytes]:
        """Yield the content of the object."""
        with aws_errors("read from the vault"):
            body = self._client.get_object(Bucket=self._bucket, Key=object_key)["Body"]
            yield from body.iter_chunks(READ_BYTES)

    def abort_uploads(self, prefix: str) -> None:
        """Abort the open multipart uploads of keys with that prefix."""
        abort_uploads(self._client, bucket=self._bucket, prefix=prefix)

    def store_sidecar(
        self, object_key: str, *, item: CatalogueItem, archived: ArchivedObject
    ) -> None:
        """Store the call-log record and what was measured, over any earlier sidecar."""
        with aws_errors("store the sidecar"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=object_key,
                Body=sidecar_document(item, archived),
                ContentType="application/json",
            )

    def _put(self, object_key: str, content_type: str, content: bytes) -> None:
        crc32 = crc32_base64(content)
        with aws_errors("store a recording"):
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=object_key,
                Body=content,
                ContentType=content_type,
                # Redundant on S3; moto needs it to answer HEAD with the checksum.
                ChecksumAlgorithm="CRC32",
                ChecksumCRC32=crc32,
                IfNoneMatch="*",
            )
        _check_confirmed(answer, crc32)

    def _upload(
        self, object_key: str, content_type: str, parts: Iterable[bytes], crc32: Crc32
    ) -> None:
        with aws_errors("begin an upload"):
            upload_id = self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=object_key,
                ContentType=content_type,
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )["UploadId"]
        try:
            sent = [
                self._send_part(object_key, upload_id, number, part)
                for number, part in enumerate(parts, start=1)
            ]
            self._complete(object_key, upload_id, sent, crc32)
        except BaseException:
            # The error of the upload counts. If aborting fails, too, the next archiver of the
            # recording aborts the upload.
            with suppress(RingvaultError):
                _abort(self._client, self._bucket, object_key, upload_id)
            raise

    def _send_part(self, object_key: str, upload_id: str, number: int, part: bytes) -> Any:  # noqa: ANN401 - the shape that Complete takes
        crc32 = crc32_base64(part)
        with aws_errors("upload a part"):
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=object_key,
                UploadId=upload_id,
                PartNumber=number,
                Body=part,
                ChecksumCRC32=crc32,
            )
        _check_confirmed(answer, crc32)
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": crc32}

    def _complete(
        self,
        object_key: str,
        upload_id: str,
        sent: Any,  # noqa: ANN401 - as above
        crc32: Crc32,
    ) -> None:
        with aws_errors("complete an upload"):
            answer = self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=object_key,
                UploadId=upload_id,
                MultipartUpload={"Parts": sent},
                ChecksumCRC32=crc32.base64,
                ChecksumType="FULL_OBJECT",
                MpuObjectSize=crc32.size_bytes,
                IfNoneMatch="*",
            )
        _check_confirmed(answer, crc32.base64)


def _check_confirmed(answer: Mapping[str, Any], crc32: str) -> None:
    """Raise ServiceUnavailableError where S3 answers with another checksum."""
    if answer.get("ChecksumCRC32", crc32) != crc32:
        raise ServiceUnavailableError("S3 confirms another checksum than it was sent")


def _parts(chunks: Iterable[bytes], crc32: Crc32) -> Iterator[bytes]:
    """Yield the content in parts of PART_BYTES; the last may be shorter."""
    buffer = bytearray()
    for chunk in chunks:
        crc32.update(chunk)
        buffer += chunk
        while len(buffer) >= PART_BYTES:
            yield bytes(memoryview(buffer)[:PART_BYTES])
            del buffer[:PART_BYTES]
    if buffer:
        yield bytes(buffer)


def _drained(ahead: deque[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what was read ahead, releasing it, then the rest."""
    while ahead:
        yield ahead.popleft()
    yield from rest


def sidecar_document(item: CatalogueItem, archived: ArchivedObject) -> bytes:
    """Return the content of a sidecar."""
    document = sidecar_of(item, archived)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def find_audio(client: "S3Client", *, bucket: str, prefix: str) -> str | None:
    """Return the key of an object with that prefix, None where there is none."""
    with aws_errors("look into the vault"):
        answer = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    return next((found["Key"] for found in answer.get("Contents", ())), None)


def abort_uploads(client: "S3Client", *, bucket: str, prefix: str) -> None:
    """Abort the open multipart uploads of keys with that prefix."""
    with aws_errors("look for open uploads"):
        answer = client.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
    for upload in answer.get("Uploads", ()):
        _abort(client, bucket, upload["Key"], upload["UploadId"])


def _abort(client: "S3Client", bucket: str, object_key: str, upload_id: str) -> None:
    with suppress(GoneError), aws_errors("abort an upload"):
        client.abort_multipart_upload(Bucket=bucket, Key=object_key, UploadId=upload_id)


def look_at(client: "S3Client", *, bucket: str, object_key: str) -> StorageState:
    """Return how S3 stores an object now."""
    with aws_errors("look at an object of the vault"):
        head = client.head_object(Bucket=bucket, Key=object_key)
    return StorageState(
        bucket=bucket,
        object_key=object_key,
        # S3 leaves the standard class out.
        storage_class=head.get("StorageClass", "STANDARD"),
        archive_status=head.get("ArchiveStatus"),
        restore=head.get("Restore"),
    )
