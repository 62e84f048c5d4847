"""The bucket version by version: legal holds, and erasing for good.

For a person's own credentials: no function of the stack may hold, release or delete anything.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from ringvault.adapters.aws.errors import GoneError, aws_errors, error_code
from ringvault.adapters.s3.vault import Vault
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ObjectExistsError
from ringvault.core.lifecycle.expire_recordings import Remains
from ringvault.core.vault.checksum import crc32_base64
from ringvault.core.vault.layout import audio_prefix, proof_key, sidecar_key

Version = dict[str, Any]  # Key and VersionId, as S3 takes them

# S3's answers where no hold was ever set, and where the bucket has no Object Lock.
_NO_LOCK = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})


class VaultVersions(Vault):
    """A vault whose versions are held, released and deleted."""

    @cached_property
    def has_object_lock(self) -> bool:
        """Whether S3 itself can keep versions from being deleted."""
        with aws_errors("look for Object Lock"):
            try:
                answer = self._client.get_object_lock_configuration(Bucket=self._bucket)
            except ClientError as error:
                if error_code(error) not in _NO_LOCK:
                    raise
                return False
        return answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"

    def hold(self, recording: Recording) -> None:
        """Let no version of the recording's objects be deleted, by nobody."""
        self._set_legal_hold(recording, "ON")

    def release(self, recording: Recording) -> None:
        """Let them be deleted again."""
        self._set_legal_hold(recording, "OFF")

    def is_held(self, recording: Recording) -> bool:
        """Whether a version of the recording's objects is under a legal hold."""
        return self.has_object_lock and any(map(self._is_held, self._versions(recording)))

    def erase(self, recording: Recording) -> int:
        """Delete audio and sidecar, every version and delete marker; abort open uploads.

        Return how many versions and markers there were. Looks again until nothing is there. A
        default retention (governance) is bypassed; a legal hold is not.

        Raises:
            ConfigurationError: S3 refuses to delete a version.
        """
        bypass: Any = {"BypassGovernanceRetention": True} if self.has_object_lock else {}
        self.abort_uploads(audio_prefix(recording))
        deleted = 0
        while found := [*self._versions(recording), *self._markers(recording)]:
            for version in found:
                with aws_errors("delete a version from the vault"):
                    self._client.delete_object(Bucket=self._bucket, **version, **bypass)
            deleted += len(found)
        return deleted

    def store_proof(self, proof: dict[str, object], *, of: Recording) -> None:
        """Store the proof; one that is there stays as it is."""
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

    def _set_legal_hold(self, recording: Recording, status: Any) -> None:  # noqa: ANN401 - ON or OFF
        if not self.has_object_lock:
            return
        for version in list(self._versions(recording)):
            with aws_errors("set a legal hold"):
                self._client.put_object_legal_hold(
                    Bucket=self._bucket, LegalHold={"Status": status}, **version
                )

    def _is_held(self, version: Version) -> bool:
        with aws_errors("look for a legal hold"):
            try:
                answer = self._client.get_object_legal_hold(Bucket=self._bucket, **version)
            except ClientError as error:
                if error_code(error) not in _NO_LOCK:
                    raise
                return False
        return answer["LegalHold"].get("Status") == "ON"

    def _versions(self, recording: Recording) -> Iterator[Version]:
        return self._listed(recording, "Versions")

    def _markers(self, recording: Recording) -> Iterator[Version]:
        return self._listed(recording, "DeleteMarkers")

    def _listed(self, recording: Recording, kind: str) -> Iterator[Version]:
        pages = self._client.get_paginator("list_object_versions")
        for prefix in (audio_prefix(recording), sidecar_key(recording)):
            with aws_errors("list the versions in the vault"):
                for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                    entries: Any = page.get(kind, ())
                    yield from ({"Key": it["Key"], "VersionId": it["VersionId"]} for it in entries)


# What the lifecycle rules of template.yaml ask for.
TAG_KEY, TAG_VALUE = "ringvault", "expired"


class VaultExpiry(VaultVersions):
    """A vault whose versions are tagged; tags of anybody else's stay."""

    def remains(self, recording: Recording) -> Remains:
        """Return what there is of it; what a delete marker hides counts, the marker does not."""
        tagged = [_is_ours(self._tags(version)) for version in self._versions(recording)]
        if not tagged:
            return Remains.NOTHING
        return Remains.TAGGED if all(tagged) else Remains.UNTAGGED

    def tag(self, recording: Recording) -> None:
        """Let S3 delete every version of audio and sidecar."""
        for version in self._versions(recording):
            tags = self._tags(version)
            if not _is_ours(tags):
                self._put_tags(version, {**tags, TAG_KEY: TAG_VALUE})

    def untag(self, recording: Recording) -> None:
        """Let no version of them expire."""
        for version in self._versions(recording):
            tags = self._tags(version)
            if _is_ours(tags):
                self._put_tags(version, {key: tags[key] for key in tags if key != TAG_KEY})

    def _tags(self, version: Version) -> Mapping[str, str]:
        """Return them; of a version that S3 has just deleted there are none."""
        with suppress(GoneError), aws_errors("read the tags of a version"):
            found = self._client.get_object_tagging(Bucket=self._bucket, **version)["TagSet"]
            return {it["Key"]: it["Value"] for it in found}
        return {}

    def _put_tags(self, version: Version, tags: Mapping[str, str]) -> None:
        tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
        with suppress(GoneError), aws_errors("tag a version"):
            if tag_set:
                tagging: Any = {"TagSet": tag_set}
                self._client.put_object_tagging(Bucket=self._bucket, Tagging=tagging, **version)
            else:
                self._client.delete_object_tagging(Bucket=self._bucket, **version)


def _is_ours(tags: Mapping[str, str]) -> bool:
    return tags.get(TAG_KEY) == TAG_VALUE
