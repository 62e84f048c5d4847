"""The bucket version by version: legal holds, and erasing for good.

For a person's own credentials: no function of the stack may hold, release or delete anything.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from ringvault.adapters.aws.errors import aws_errors, error_code
from ringvault.adapters.s3.vault import Vault
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ObjectExistsError
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
