"""S3's lifecycle in small, which nothing on this machine executes: a bucket's rules, as read back.

As the Amazon S3 User Guide says of it ("Expiring objects", "Lifecycle configuration elements"):
days are counted from the creation, or from when a version ceased to be the current one, and end
at the next midnight UTC. What Object Lock protects stays.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from local.moto.clients import ACCOUNT_ID

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Entry = Mapping[str, Any]  # a version or a delete marker, as S3 lists it
Rule = Mapping[str, Any]


def apply_lifecycle(s3: "S3Client", bucket: str, *, at: datetime) -> None:
    """Do what S3 does to a bucket that keeps versions in its round at that instant."""
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    deletions = [
        deletion
        for entries in _entries(s3, bucket)
        for rule in rules
        if rule["Status"] == "Enabled"
        for deletion in _deletions(rule, entries, at, tags_of=lambda it: _tags(s3, bucket, it))
    ]
    for deletion in deletions:
        try:
            s3.delete_object(Bucket=bucket, **deletion)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":  # locked
                raise


def grow_older(bucket: str, by: timedelta, *, only: str = "") -> None:
    """Let what is in a bucket of this process's moto have been written so much earlier.

    `only` is a part of the keys that are meant.
    """
    backend = s3_backends[ACCOUNT_ID]["aws"]
    for key, versions in backend.get_bucket(bucket).keys.lists():
        for version in versions if only in key else ():
            version.last_modified -= by


def _deletions(
    rule: Rule, entries: Sequence[Entry], at: datetime, *, tags_of: Callable[[Entry], Any]
) -> Iterator[Any]:
    """Yield what to delete of one key, whose entries are given newest first."""
    latest, *older = entries
    expiration = rule.get("Expiration", {})
    noncurrent = rule.get("NoncurrentVersionExpiration")

    def is_due(entry: Entry, since: datetime, days: int) -> bool:
        return _matches(rule, entry, tags_of) and _midnight(since + timedelta(days=days)) <= at

    removes_markers = expiration.get("ExpiredObjectDeleteMarker", False)
    if removes_markers and latest["IsMarker"] and not older and _matches(rule, latest, tags_of):
        yield _named(latest)
    dies = "Days" in expiration and not latest["IsMarker"]
    if dies and is_due(latest, latest["LastModified"], expiration["Days"]):
        yield {"Key": latest["Key"]}
    if noncurrent is not None:
        for newer, entry in zip(entries, older, strict=False):
            if is_due(entry, newer["LastModified"], noncurrent["NoncurrentDays"]):
                yield _named(entry)


def _matches(rule: Rule, entry: Entry, tags_of: Callable[[Entry], Any]) -> bool:
    told = rule["Filter"].get("And", rule["Filter"])
    if not entry["Key"].startswith(told.get("Prefix", "")):
        return False
    asked = told.get("Tags", [])
    return not asked or (not entry["IsMarker"] and all(it in tags_of(entry) for it in asked))


def _entries(s3: "S3Client", bucket: str) -> Iterator[Sequence[Entry]]:
    """Yield versions and delete markers of each key, newest first."""
    found: Any = s3.list_object_versions(Bucket=bucket)
    assert not found["IsTruncated"]
    by_key = defaultdict(list)
    for kind, is_marker in (("Versions", False), ("DeleteMarkers", True)):
        for entry in found.get(kind, ()):
            by_key[entry["Key"]].append({**entry, "IsMarker": is_marker})
    for entries in by_key.values():
        entries.sort(key=lambda it: (it["IsLatest"], it["LastModified"]), reverse=True)
        yield entries


def _tags(s3: "S3Client", bucket: str, entry: Entry) -> Any:
    with suppress(ClientError):
        return s3.get_object_tagging(Bucket=bucket, **_named(entry))["TagSet"]
    return []


def _named(entry: Entry) -> Any:
    return {"Key": entry["Key"], "VersionId": entry["VersionId"]}


def _midnight(instant: datetime) -> datetime:
    return datetime.combine(instant.date() + timedelta(days=1), time(), UTC)
