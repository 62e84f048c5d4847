"""The vault version by version: legal holds, erasing for good, and expiry.

Holds and erasures need a person's own credentials: no function of the stack may hold, release or
delete anything.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ringvault.adapters.aws.errors import GoneError, aws_errors, error_code
from ringvault.adapters.s3.vault import abort_uploads, find_audio
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ObjectExistsError
from ringvault.core.lifecycle.expire_recordings import Remains
from ringvault.core.vault.checksum import crc32_base64
from ringvault.core.vault.layout import audio_prefix, proof_key, sidecar_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Version = dict[str, Any]  # Key and VersionId, as S3 takes them

# S3's answers where no hold was ever set, and where the bucket has no Object Lock.
_NO_LOCK = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
# The lifecycle rules of template.yaml delete what has this tag.
TAG_KEY, TAG_VALUE = "ringvault", "expired"


class _Versions:
    """The versions of a recording's audio and sidecar, with their legal holds and tags."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self.bucket = bucket
        self.client = client

    @cached_property
    def has_object_lock(self) -> bool:
        """Whether S3 itself can prevent the deletion of versions."""
        with aws_errors("look for Object Lock"):
            try:
                answer = self.client.get_object_lock_configuration(Bucket=self.bucket)
            except ClientError as error:
                if error_code(error) not in _NO_LOCK:
                    raise
                return False
        return answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"

    def listed(self, recording: Recording, kind: str = "Versions") -> Iterator[Version]:
        """Yield the versions, or the `DeleteMarkers`."""
        pages = self.client.get_paginator("list_object_versions")
        for prefix in (audio_prefix(recording), sidecar_key(recording)):
            with aws_errors("list the versions in the vault"):
                for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                    entries: Any = page.get(kind, ())
                    yield from ({"Key": it["Key"], "VersionId": it["VersionId"]} for it in entries)

    def is_held(self, recording: Recording) -> bool:
        """Whether a version is under a legal hold."""
        return self.has_object_lock and any(map(self._is_held, self.listed(recording)))

    def tags(self, version: Version) -> Mapping[str, str]:
        """Return the tags of a version; one that S3 has just deleted has none."""
        with suppress(GoneError), aws_errors("read the tags of a version"):
            found = self.client.get_object_tagging(Bucket=self.bucket, **version)["TagSet"]
            return {it["Key"]: it["Value"] for it in found}
        return {}

    def put_tags(self, version: Version, tags: Mapping[str, str]) -> None:
        """Replace the tags of a version, unless S3 has just deleted it."""
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        with suppress(GoneError), aws_errors("tag a version"):
            if tag_set:
                tagging: Any = {"TagSet": tag_set}
                self.client.put_object_tagging(Bucket=self.bucket, Tagging=tagging, **version)
            else:
                self.client.delete_object_tagging(Bucket=self.bucket, **version)

    def _is_held(self, version: Version) -> bool:
        with aws_errors("look for a legal hold"):
            try:
                answer = self.client.get_object_legal_hold(Bucket=self.bucket, **version)
            except ClientError as error:
                if error_code(error) not in _NO_LOCK:
                    raise
                return False
        return answer["LegalHold"].get("Status") == "ON"


class VaultHolds:
    """Holds and releases the versions of recordings, and rescues them from expiry."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._versions = _Versions(bucket, client)

    @property
    def has_object_lock(self) -> bool:
        """Whether S3 itself can prevent the deletion of versions."""
        return self._versions.has_object_lock

    def hold(self, recording: Recording) -> None:
        """Put every version under a legal hold: S3 lets no user delete it."""
        self._set_legal_hold(recording, "ON")

    def release(self, recording: Recording) -> None:
        """End the legal hold of every version."""
        self._set_legal_hold(recording, "OFF")

    def untag(self, recording: Recording) -> None:
        """Remove the tag of expiry from every version; other tags stay."""
        for version in self._versions.listed(recording):
            tags = self._versions.tags(version)
            if _has_tag(tags):
                rest = {key: tags[key] for key in tags if key != TAG_KEY}
                self._versions.put_tags(version, rest)

    def find_audio(self, prefix: str) -> str | None:
        """Return the key of an object with that prefix, None where there is none."""
        return find_audio(self._versions.client, bucket=self._versions.bucket, prefix=prefix)

    def _set_legal_hold(self, recording: Recording, status: Any) -> None:  # noqa: ANN401 - ON or OFF
        if not self.has_object_lock:
            return
        for version in list(self._versions.listed(recording)):
            with aws_errors("set a legal hold"):
                self._versions.client.put_object_legal_hold(
                    Bucket=self._versions.bucket, LegalHold={"Status": status}, **version
                )


class VaultErasures:
    """Erases recordings for good, and stores the proof."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._bucket, self._client = bucket, client
        self._versions = _Versions(bucket, client)

    def is_held(self, recording: Recording) -> bool:
        """Whether a version of the recording's objects is under a legal hold."""
        return self._versions.is_held(recording)

    def erase(self, recording: Recording) -> int:
        """Delete every version and delete marker of audio and sidecar; abort open uploads.

        Return how many were deleted. Repeats until none is left. Bypasses a default retention
        (governance), but no legal hold.

        Raises:
            ConfigurationError: S3 refuses to delete a version.
        """
        bypass: Any = {"BypassGovernanceRetention": True} if self._versions.has_object_lock else {}
        abort_uploads(self._client, bucket=self._bucket, prefix=audio_prefix(recording))
        deleted = 0
        listed = self._versions.listed
        while found := [*listed(recording), *listed(recording, "DeleteMarkers")]:
            for version in found:
                with aws_errors("delete a version from the vault"):
                    self._client.delete_object(Bucket=self._bucket, **version, **bypass)
            deleted += len(found)
        return deleted

    def store_proof(self, proof: dict[str, object], *, of: Recording) -> None:
        """Store the proof, unless there is one already."""
        content = json.dumps(proof, indent=1).encode()
        with suppress(ObjectExistsError), aws_errors("store the proof of an erasure"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=proof_key(of),
                Body=content,
                ContentType="application/json",
                ChecksumAlgorithm="CRC32",
                ChecksumCRC32=crc32_base64(content),
                IfNoneMatch="*",
            )


class VaultExpiry:
    """Tags the versions of recordings for S3 to delete."""

    def __init__(self, bucket: str, client: "S3Client") -> None:
        self._versions = _Versions(bucket, client)

    def is_held(self, recording: Recording) -> bool:
        """Whether a version of the recording's objects is under a legal hold."""
        return self._versions.is_held(recording)

    def remains(self, recording: Recording) -> Remains:
        """Return what is left; a version under a delete marker counts, the marker does not."""
        listed = self._versions.listed(recording)
        tagged = [_has_tag(self._versions.tags(version)) for version in listed]
        if not tagged:
            return Remains.NOTHING
        return Remains.TAGGED if all(tagged) else Remains.UNTAGGED

    def tag(self, recording: Recording) -> None:
        """Tag every version of audio and sidecar for deletion; other tags stay."""
        for version in self._versions.listed(recording):
            tags = self._versions.tags(version)
            if not _has_tag(tags):
                self._versions.put_tags(version, {**tags, TAG_KEY: TAG_VALUE})


def _has_tag(tags: Mapping[str, str]) -> bool:
    return tags.get(TAG_KEY) == TAG_VALUE
