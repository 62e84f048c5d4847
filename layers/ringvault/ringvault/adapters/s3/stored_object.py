"""Looks at how S3 keeps an object."""

from typing import TYPE_CHECKING

from ringvault.adapters.aws.errors import aws_errors
from ringvault.core.vault.cold_storage import StorageState

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
