"""The vault as reconciliation and verification read it, and write sidecars and reports to it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Any

from botocore.exceptions import FlexibleChecksumError

from ringvault.adapters.aws.errors import GoneError, aws_errors
from ringvault.adapters.concurrency import at_once
from ringvault.adapters.dynamodb.progress import ReconciliationProgressStore
from ringvault.adapters.s3.vault import READ_BYTES, find_audio, look_at, sidecar_document
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem
from ringvault.core.errors import ConflictError, InvalidRecordError, ObjectExistsError
from ringvault.core.fixity.check import Digest
from ringvault.core.lifecycle.erase_recordings import tombstone_of_proof
from ringvault.core.reconciliation.report import PREFIX, key_of
from ringvault.core.vault.checksum import StoredSize, crc32_base64
from ringvault.core.vault.cold_storage import InColdStorageError
from ringvault.core.vault.layout import AUDIO, PROOFS, SIDECARS, day_in, day_prefixes
from ringvault.core.vault.sidecar import item_of_sidecar

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


# A sidecar has a record of at most MAX_JSON and little more; a proof of erasure is smaller.
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
# Ten thousand findings take some 4 MB as JSON or as a page.
MAX_REPORT_BYTES = 64 * 1024 * 1024


class VaultInventory:
    """Lists, measures and reads objects; writes sidecars and reports."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._bucket = bucket
        self._client = client

    def accounts(self) -> Sequence[str]:
        """Return the ids of the accounts that have recordings or sidecars."""
        stem = "account="
        found = {
            folder.rsplit(stem, 1)[1].rstrip("/")
            for tree in (AUDIO, SIDECARS)
            for folder in self._folders(f"{tree}{stem}")
        }
        return sorted(found)

    def days(self) -> Sequence[tuple[str, date]]:
        """Return every account and day with objects, ordered by account and day."""
        folders = [AUDIO, SIDECARS]
        for stem in ("account=", "year=", "month=", "day="):
            prefixes = [folder + stem for folder in folders]
            folders = list(chain.from_iterable(at_once(self._folders, prefixes)))
        return sorted({day for folder in folders if (day := day_in(folder)) is not None})

    def keys_of(self, account_id: str, on: date) -> Mapping[str, int]:
        """Return the keys of a day's audio and sidecars, each with its size in bytes."""
        prefixes = day_prefixes(account_id, on)
        return {it["Key"]: it["Size"] for prefix in prefixes for it in self._objects(prefix)}

    def tombstones(self) -> Iterator[CatalogueItem]:
        """Yield the item of every erased recording, made from its proof of erasure.

        A proof that is not ringvault's is skipped.
        """
        for key in self._keys(PROOFS):
            with suppress(InvalidRecordError):
                yield tombstone_of_proof(self._document(key))

    def measure(self, object_keys: Sequence[str]) -> Mapping[str, StoredSize]:
        """Return size and CRC-32 of the objects that exist, without reading them.

        The CRC-32 is empty where S3 has none of the whole object; ringvault always stores one.
        """
        measured = zip(object_keys, at_once(self.measured, object_keys), strict=True)
        return {key: stored for key, stored in measured if stored is not None}

    def measured(self, object_key: str) -> StoredSize | None:
        """Return size and CRC-32 of one object as `measure` does, None where there is none."""
        with suppress(GoneError), aws_errors("measure an object of the vault"):
            answer = self._client.head_object(
                Bucket=self._bucket, Key=object_key, ChecksumMode="ENABLED"
            )
            is_whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
            crc32 = answer.get("ChecksumCRC32", "") if is_whole else ""
            return StoredSize(size_bytes=answer["ContentLength"], crc32=crc32)
        return None

    def find_audio(self, prefix: str) -> str | None:
        """Return the key of an object with that prefix, None where there is none."""
        return find_audio(self._client, bucket=self._bucket, prefix=prefix)

    def read_sidecar(self, object_key: str) -> CatalogueItem:
        """Return the item that a sidecar describes.

        Raises:
            InvalidRecordError: it is not ringvault's.
        """
        return item_of_sidecar(self._document(object_key))

    def find_sidecar(self, object_key: str) -> CatalogueItem | None:
        """Return the item that a sidecar describes, None where there is none.

        Raises:
            InvalidRecordError: it is not ringvault's.
            InColdStorageError: S3 does not read it until it is restored.
        """
        with suppress(GoneError):
            return self.read_sidecar(object_key)
        return None

    def opened_sidecar(self, object_key: str) -> str:
        """Return the ETag of the sidecar; where there is none, an empty one is stored first.

        Raises:
            ConflictError: it was deleted meanwhile.
        """
        with suppress(ObjectExistsError), aws_errors("open a sidecar"):
            return self._client.put_object(
                Bucket=self._bucket,
                Key=object_key,
                Body=b"",
                ContentType="application/json",
                IfNoneMatch="*",
            )["ETag"]
        try:
            with aws_errors("look at a sidecar"):
                return self._client.head_object(Bucket=self._bucket, Key=object_key)["ETag"]
        except GoneError as error:
            raise ConflictError("look at a sidecar: it was deleted meanwhile") from error

    def store_sidecar(
        self, object_key: str, *, item: CatalogueItem, archived: ArchivedObject, replaces: str
    ) -> None:
        """Replace the sidecar that has the ETag `replaces`.

        Raises:
            ConflictError: it was replaced or deleted since; nothing was stored.
        """
        try:
            with aws_errors("store the sidecar"):
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=object_key,
                    Body=sidecar_document(item, archived),
                    ContentType="application/json",
                    IfMatch=replaces,
                )
        except GoneError as error:
            raise ConflictError("store the sidecar: the one to replace was deleted") from error

    def report_keys(self) -> Sequence[str]:
        """Return the keys of all objects under `reports/reconciliation/`, in order."""
        return sorted(self._keys(PREFIX))

    def read_report(self, object_key: str) -> bytes:
        """Return the content of a report.

        Raises:
            InvalidRecordError: it is longer than any that ringvault writes.
        """
        return self._read(object_key, limit=MAX_REPORT_BYTES)

    def store_report(self, object_key: str, content: bytes, *, content_type: str) -> None:
        """Store a report; ObjectExistsError where the key has an object, which is unchanged."""
        with aws_errors("store a report"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=object_key,
                Body=content,
                ContentType=content_type,
                ChecksumAlgorithm="CRC32",
                ChecksumCRC32=crc32_base64(content),
                IfNoneMatch="*",
            )

    def digest(self, object_key: str) -> Digest | None:
        """Read an object whole and return its digest, None where there is none.

        Takes READ_BYTES of memory, whatever the object's size is.

        Raises:
            InColdStorageError: S3 does not read it until it is restored.
        """
        sha256, size_bytes = hashlib.sha256(), 0
        with suppress(GoneError), aws_errors("read a recording"):
            body = self._body(object_key)
            # boto3 compares S3's own checksum at the end; our digest covers that.
            with suppress(FlexibleChecksumError):
                for chunk in body.iter_chunks(READ_BYTES):
                    sha256.update(chunk)
                    size_bytes += len(chunk)
            return Digest(sha256.hexdigest(), size_bytes)
        return None

    def _document(self, object_key: str) -> Any:  # noqa: ANN401 - whatever lies in the bucket
        try:
            return json.loads(self._read(object_key, limit=MAX_DOCUMENT_BYTES))
        except (ValueError, RecursionError) as error:
            raise InvalidRecordError(f"{object_key} is not JSON") from error

    def _read(self, object_key: str, *, limit: int) -> bytes:
        with aws_errors("read from the vault"):
            body = self._body(object_key)
            content = body.read(limit + 1)
            body.close()
        if len(content) > limit:
            raise InvalidRecordError(f"{object_key} is longer than {limit:,} bytes")
        return content

    def _body(self, object_key: str) -> "StreamingBody":
        try:
            return self._client.get_object(Bucket=self._bucket, Key=object_key)["Body"]
        except self._client.exceptions.InvalidObjectState as error:
            stored = look_at(self._client, bucket=self._bucket, object_key=object_key)
            raise InColdStorageError(stored) from error

    def _keys(self, prefix: str) -> Iterator[str]:
        return (found["Key"] for found in self._objects(prefix))

    def _objects(self, prefix: str) -> Iterator["ObjectTypeDef"]:
        pages = self._client.get_paginator("list_objects_v2")
        with aws_errors("list the vault"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                yield from page.get("Contents", ())

    def _folders(self, prefix: str) -> Sequence[str]:
        pages = self._client.get_paginator("list_objects_v2")
        with aws_errors("list the vault"):
            return [
                found["Prefix"]
                for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
                for found in page.get("CommonPrefixes", ())
            ]


class LastReport:
    """Finds the newest report, at the end of the chain that the state table names."""

    def __init__(self, progress: ReconciliationProgressStore, vault: VaultInventory) -> None:
        self._progress = progress
        self._vault = vault

    def last(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return object key and content of the newest report, None before the first.

        Raises:
            InvalidRecordError: the object is not a report.
            ServiceUnavailableError: it was deleted.
        """
        progress, _ = self._progress.load()
        head = progress.chain_head
        if head is None or head.number == 0:
            return None
        key = key_of(head.number)
        try:
            return key, json.loads(self._vault.read_report(key))
        except (ValueError, RecursionError) as error:
            raise InvalidRecordError(f"{key} is not a report") from error
