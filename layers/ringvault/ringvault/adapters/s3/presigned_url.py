"""Signs S3 URLs of recordings in the vault, and reads how S3 stores them."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from boto3.session import Session
from botocore.config import Config

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.s3.vault import look_at
from ringvault.core.catalogue.item import ArchivedObject
from ringvault.core.playback.audit import Disposition
from ringvault.core.playback.playback_url import PlaybackUrl
from ringvault.core.vault.cold_storage import StorageState

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_s3 import S3Client


class PresignedUrls:
    """Signs URLs of objects in one bucket with the session's own credentials.

    Args:
        session: its credentials sign; a URL expires with them.
        bucket: the vault.
        lifetime: how long a URL is valid, whole seconds.
    """

    def __init__(self, session: Session, *, bucket: str, lifetime: timedelta) -> None:
        self._session = session
        self._client = _signing_client(session)
        self._bucket = bucket
        self._lifetime = lifetime

    def origin(self) -> str:
        """Return scheme and host of every URL that is signed, for a Content-Security-Policy."""
        parts = urlsplit(self._signed({"Bucket": self._bucket, "Key": "any"}, expires_in_s=1))
        return f"{parts.scheme}://{parts.netloc}"

    def sign(
        self, archived: ArchivedObject, *, file_name: str, disposition: Disposition, at: datetime
    ) -> PlaybackUrl:
        """Return a URL of `archived`, valid for the lifetime or as long as the credentials last.

        Sends no request and does not check the object. `at` is the present instant.
        """
        signed_at = at.replace(microsecond=0)
        expires_in_s = self._expires_in_s(signed_at)
        url = self._signed(
            {
                "Bucket": self._bucket,
                "Key": archived.object_key,
                "ResponseContentType": archived.content_type,
                "ResponseContentDisposition": f'{disposition}; filename="{file_name}"',
                "ResponseCacheControl": "no-store",
            },
            expires_in_s=expires_in_s,
        )
        expires_at = signed_at + timedelta(seconds=expires_in_s)
        return PlaybackUrl(url=url, expires_at=expires_at, content_type=archived.content_type)

    def look_at(self, archived: ArchivedObject) -> StorageState:
        """Return how S3 stores `archived` now."""
        return look_at(self._client, bucket=self._bucket, object_key=archived.object_key)

    def _expires_in_s(self, at: datetime) -> int:
        credentials_expire_at = _credentials_expire_at(self._session.get_credentials())
        if credentials_expire_at is None:
            return int(self._lifetime.total_seconds())
        left = min(self._lifetime, credentials_expire_at - at)
        return max(1, int(left.total_seconds()))

    def _signed(self, parameters: dict[str, str], *, expires_in_s: int) -> str:
        with aws_errors("sign a playback URL"):
            return self._client.generate_presigned_url(
                "get_object", Params=parameters, ExpiresIn=expires_in_s
            )


def _signing_client(session: Session) -> "S3Client":
    """Return a client that signs for the bucket's regional host, or for a path elsewhere.

    Without `virtual`, boto3 signs for S3's global host, which redirects to the bucket's region
    and then refuses; a server at AWS_ENDPOINT_URL has no host for each bucket.
    """
    client = session.client("s3", config=_addressing("path"))
    if ".amazonaws." not in client.meta.endpoint_url:
        return client
    return session.client("s3", config=_addressing("virtual"))


def _addressing(style: Literal["path", "virtual"]) -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": style, "us_east_1_regional_endpoint": "regional"},
    )


def _credentials_expire_at(credentials: "Credentials | None") -> datetime | None:
    """Return when the credentials expire, after renewing them where botocore can.

    None where botocore does not know it: Lambda's environment variables do not say it.
    """
    if credentials is None:
        return None
    credentials.get_frozen_credentials()
    expire_at: datetime | None = getattr(credentials, "_expiry_time", None)
    return expire_at.astimezone(UTC) if expire_at else None
