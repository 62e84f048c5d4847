"""The bucket as far as S3 deletes by itself: what carries our tag, and is old enough."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ringvault.adapters.aws.errors import GoneError, aws_errors
from ringvault.adapters.s3.versions import VaultVersions, Version
from ringvault.core.catalogue.recording import Recording
from ringvault.core.lifecycle.expire_recordings import Remains

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
