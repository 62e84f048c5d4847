"""The bucket: audio goes in whole and verified or not at all, and is never overwritten."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import GoneError, aws_errors
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem
from ringvault.core.errors import ConflictError, RingvaultError, ServiceUnavailableError
from ringvault.core.vault.checksum import Crc32, StoredSize, crc32_base64
from ringvault.core.vault.cold_storage import StorageState
from ringvault.core.vault.sidecar import sidecar_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# Memory of one transfer: at most 3 x PART_BYTES (the part being filled, its copy that is being
# sent, the one read ahead to know whether it is the last) + one chunk of the socket, so 25 MiB.
# S3 takes 10,000 parts, so 8 MiB reach 78 GiB: 56 days of 8 kHz WAV.
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
        """Store what `chunks` yields, or nothing at all when it raises.

        S3 compares the CRC-32 of every part and of the whole with what it received.

        Raises:
            ObjectExistsError: there is an object of that key; it stays as it was.
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
        """Return the key of the one object that starts so, None where there is none."""
        with aws_errors("look into the vault"):
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=1)
        return next((found["Key"] for found in answer.get("Contents", ())), None)

    def read_audio(self, object_key: str) -> Iterator[bytes]:
        """Yield the content of the object."""
        with aws_errors("read from the vault"):
            body = self._client.get_object(Bucket=self._bucket, Key=object_key)["Body"]
            yield from body.iter_chunks(READ_BYTES)

    def abort_uploads(self, prefix: str) -> None:
        """Abort the open multipart uploads of keys that start so."""
        with aws_errors("look for open uploads"):
            answer = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=prefix)
        for upload in answer.get("Uploads", ()):
            self._abort(upload["Key"], upload["UploadId"])

    def store_sidecar(
        self,
        object_key: str,
        *,
        item: CatalogueItem,
        archived: ArchivedObject,
        replaces: str | None = None,
    ) -> None:
        """Store the call-log record and what was measured; replaces what is there.

        Raises:
            ConflictError: the object with the ETag `replaces` is no longer there; nothing was
                stored.
        """
        body = json.dumps(sidecar_of(item, archived), ensure_ascii=False, separators=(",", ":"))
        condition: Any = {} if replaces is None else {"IfMatch": replaces}
        try:
            with aws_errors("store the sidecar"):
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=object_key,
                    Body=body.encode(),
                    ContentType="application/json",
                    **condition,
                )
        except GoneError as error:
            raise ConflictError("store the sidecar: what it was to replace is gone") from error

    def _put(self, object_key: str, content_type: str, content: bytes) -> None:
        crc32 = crc32_base64(content)
        with aws_errors("store a recording"):
            answer = self._client.put_object(
                Bucket=self._bucket,
                Key=object_key,
                Body=content,
                ContentType=content_type,
                # Said although the sum is given: moto keeps for HEAD only what it is told by name.
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
            # What can't be aborted now is aborted by the next archiver that takes the recording;
            # the reason why the upload failed is what counts.
            with suppress(RingvaultError):
                self._abort(object_key, upload_id)
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

    def _abort(self, object_key: str, upload_id: str) -> None:
        with suppress(GoneError), aws_errors("abort an upload"):
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=object_key, UploadId=upload_id
            )


def _check_confirmed(answer: Mapping[str, Any], crc32: str) -> None:
    """Raise ServiceUnavailableError when S3 tells another checksum than it was sent."""
    if answer.get("ChecksumCRC32", crc32) != crc32:
        raise ServiceUnavailableError("S3 confirms another checksum than it was sent")


def _parts(chunks: Iterable[bytes], crc32: Crc32) -> Iterator[bytes]:
    """Yield the content in parts of PART_BYTES; the last is what remains."""
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
    """Yield what was read ahead, keeping none of it, then the rest."""
    while ahead:
        yield ahead.popleft()
    yield from rest


def look_at(client: "S3Client", *, bucket: str, object_key: str) -> StorageState:
    """Return how an object is stored at the moment, by asking S3."""
    with aws_errors("look at an object of the vault"):
        head = client.head_object(Bucket=bucket, Key=object_key)
    return StorageState(
        bucket=bucket,
        object_key=object_key,
        # S3 leaves it out where it is the standard one.
        storage_class=head.get("StorageClass", "STANDARD"),
        archive_status=head.get("ArchiveStatus"),
        restore=head.get("Restore"),
    )
