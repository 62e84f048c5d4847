"""The state of a run: the catalogue's states, the queue, and the objects in the bucket."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.cloudformation.provision.stack import Stack
from local.moto.clients import Aws

_OPEN = ("PENDING", "QUEUED")
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tally:
    """How many recordings are in each state, and the bytes of those archived.

    `next_retry_at` is when the first of those that wait for another attempt is due, in the past or
    the future; None if none waits.
    """

    states: Counter[str]
    archived_bytes: int
    next_retry_at: datetime | None = None

    @property
    def listed(self) -> int:
        """How many recordings the catalogue holds."""
        return self.states.total()

    @property
    def open(self) -> int:
        """How many are still on their way."""
        return sum(self.states[state] for state in _OPEN)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object read back from the bucket."""

    size_bytes: int
    sha256_hex: str


class Vault:
    """The catalogue, the queue and the bucket of a stack, for reading."""

    def __init__(self, stack: Stack, *, aws: Aws) -> None:
        self._bucket = stack.outputs["VaultBucketName"]
        self._table = stack.outputs["CatalogueTableName"]
        self._queue_url = stack.outputs["RecordingQueueUrl"]
        self._s3 = aws.client("s3")
        self._dynamodb = aws.client("dynamodb")
        self._sqs = aws.client("sqs")

    def tally(self) -> Tally:
        """Count the catalogue's items by state."""
        items = list(self._items("#state, size_bytes, retry_at", {"#state": "state"}))
        archived = (item for item in items if item["state"]["S"] == "ARCHIVED")
        waiting = (it for it in items if it["state"]["S"] == "PENDING" and "retry_at" in it)
        return Tally(
            Counter(item["state"]["S"] for item in items),
            sum(int(item["size_bytes"]["N"]) for item in archived),
            min((datetime.fromisoformat(it["retry_at"]["S"]) for it in waiting), default=None),
        )

    def archived_items(self) -> dict[str, dict[str, str]]:
        """Return object key, size and digest of the archived items, by id."""
        names = ("object_key", "size_bytes", "sha256_hex")
        projection = f"recording_id, #state, {', '.join(names)}"
        return {
            item["recording_id"]["S"]: {name: _scalar(item[name]) for name in names}
            for item in self._items(projection, {"#state": "state"})
            if item["state"]["S"] == "ARCHIVED"
        }

    def unarchived_ids(self) -> Iterator[str]:
        """Yield the ids of listed recordings that are neither archived nor absent."""
        for item in self._items("recording_id, #state", {"#state": "state"}):
            if item["state"]["S"] not in {"ARCHIVED", "ABSENT"}:
                yield item["recording_id"]["S"]

    def waiting_messages(self) -> int:
        """Return how many messages the queue would deliver now."""
        name = "ApproximateNumberOfMessages"
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def object_keys(self) -> Iterator[str]:
        """Yield the keys of all objects."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        for page in pages:
            for listed in page.get("Contents", []):
                yield listed["Key"]

    def open_upload_keys(self) -> Iterator[str]:
        """Yield the keys of the multipart uploads that are open."""
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket)
        for page in pages:
            for upload in page.get("Uploads", []):
                yield upload["Key"]

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield an object's bytes, a mebibyte at a time."""
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        yield from body.iter_chunks(_CHUNK_BYTES)

    def read_back(self, key: str) -> Stored | None:
        """Return size and digest of an object in the bucket; None if it is missing."""
        digest, size_bytes = hashlib.sha256(), 0
        try:
            for chunk in self.chunks(key):
                digest.update(chunk)
                size_bytes += len(chunk)
        except self._s3.exceptions.NoSuchKey:
            return None
        return Stored(size_bytes, digest.hexdigest())

    def _items(self, projection: str, names: dict[str, str]) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            ProjectionExpression=projection,
            ExpressionAttributeNames=names,
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]


def _scalar(value: dict[str, str]) -> str:
    return next(iter(value.values()))
