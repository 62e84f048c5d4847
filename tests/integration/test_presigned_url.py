"""What signed URLs carry, and that a server serves what they name."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from boto3.session import Session
from botocore.credentials import RefreshableCredentials
from botocore.session import Session as BotocoreSession
from moto.server import ThreadedMotoServer

from ringvault.adapters.s3.presigned_url import PresignedUrls
from ringvault.core.catalogue.item import ArchivedObject
from ringvault.core.playback.audit import Disposition

NOW = datetime.now(UTC)
LIFETIME = timedelta(minutes=15)
BUCKET = "ringvault-vault"
AUDIO = b"ID3" + bytes(range(256)) * 8
ARCHIVED = ArchivedObject(
    object_key="recordings/account=1/year=2026/month=11/day=20/77.mp3",
    content_type="audio/mpeg",
    size_bytes=len(AUDIO),
    sha256_hex="00" * 32,
    crc32="AAAAAA==",
    audio_duration_s=None,
    archived_at=NOW,
)


def session_in(region: str) -> Session:
    """Return a session with credentials that never end."""
    return Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name=region
    )


def session_ending(expires_at: datetime) -> Session:
    """Return a session with a role's credentials that end at an instant."""
    metadata = {
        "access_key": "ASIAEXAMPLE",
        "secret_key": "secret",
        "token": "session-token",
        "expiry_time": expires_at.isoformat(),
    }
    credentials = RefreshableCredentials.create_from_metadata(
        metadata, refresh_using=lambda: metadata, method="assume-role"
    )
    core = BotocoreSession()
    vars(core)["_credentials"] = credentials  # botocore takes no others than those it finds
    return Session(botocore_session=core, region_name="eu-central-1")


def signed(session: Session, *, at: datetime = NOW) -> tuple[str, datetime]:
    """Return a URL of the archived object that is signed at an instant, and when it expires."""
    urls = PresignedUrls(session, bucket=BUCKET, lifetime=LIFETIME)
    playback = urls.sign(ARCHIVED, file_name="77.mp3", disposition=Disposition.INLINE, at=at)
    return playback.url, playback.expires_at


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve S3 on a free port, and point AWS_ENDPOINT_URL at it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint_url = f"http://localhost:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint_url)
    yield endpoint_url
    server.stop()


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_a_url_goes_to_the_buckets_regional_host(region: str) -> None:
    """In each region, the oldest included, the host is the bucket's own there, signed by SigV4."""
    url, _ = signed(session_in(region))

    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    assert (parts.scheme, parts.netloc) == ("https", f"{BUCKET}.s3.{region}.amazonaws.com")
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Credential"][0].endswith(f"/{region}/s3/aws4_request")


def test_a_url_says_how_it_is_to_be_served() -> None:
    """Type, inline under the recording's id, and kept by nobody."""
    url, _ = signed(session_in("eu-central-1"))

    query = parse_qs(urlsplit(url).query)
    assert query["response-content-type"] == ["audio/mpeg"]
    assert query["response-content-disposition"] == ['inline; filename="77.mp3"']
    assert query["response-cache-control"] == ["no-store"]


def test_a_url_lasts_its_lifetime_with_lasting_credentials() -> None:
    """Where the credentials do not end, the setting decides; what we promise is never later."""
    url, expires_at = signed(session_in("eu-central-1"))

    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["900"]
    assert expires_at == NOW.replace(microsecond=0) + LIFETIME


def test_a_url_dies_with_the_roles_credentials() -> None:
    """A role session with ten minutes left signs for ten minutes, not for fifteen."""
    # A day ahead: botocore refuses credentials that end while this machine is busy elsewhere.
    ends_at = NOW + timedelta(days=1)

    url, expires_at = signed(session_ending(ends_at), at=ends_at - timedelta(minutes=10))

    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["600"]
    assert expires_at <= ends_at


def test_a_url_outlives_nothing_when_the_credentials_last_longer() -> None:
    """A role session with hours left does not lengthen a URL."""
    url, _ = signed(session_ending(NOW + timedelta(hours=5)))

    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["900"]


def test_a_url_can_be_opened_on_one_machine(aws: str) -> None:
    """Under AWS_ENDPOINT_URL the path names the bucket, and a part can be asked for."""
    session = session_in("us-east-1")
    s3 = session.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=ARCHIVED.object_key, Body=AUDIO)

    url, _ = signed(session)
    answer = requests.get(url, headers={"Range": "bytes=0-9"}, timeout=10)

    assert url.startswith(f"{aws}/{BUCKET}/recordings/")
    assert (answer.status_code, answer.content) == (206, AUDIO[:10])
    assert answer.headers["Content-Type"] == "audio/mpeg"


def test_the_origin_is_that_of_the_urls(aws: str) -> None:
    """A page may allow exactly the origin that its audio comes from."""
    assert PresignedUrls(session_in("us-east-1"), bucket=BUCKET, lifetime=LIFETIME).origin() == aws


def test_the_origin_on_aws_is_the_buckets_host() -> None:
    """On AWS the page allows one bucket, not all of S3."""
    urls = PresignedUrls(session_in("us-east-1"), bucket=BUCKET, lifetime=LIFETIME)

    assert urls.origin() == f"https://{BUCKET}.s3.us-east-1.amazonaws.com"
