"""What S3 itself answers to a playback URL, as it is and tampered with: moto serves them all.

Not to be shown here: LocalStack serves a request without any signature. That one is refused is
shown on moto, which does look at who may (`tests/integration/test_vault.py`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
import requests
from boto3.session import Session

from local.cloudformation.transform import REGION
from ringvault.adapters.s3.presigned_url import PresignedUrls
from ringvault.adapters.s3.vault import PART_BYTES, Vault
from ringvault.core.catalogue.item import ArchivedObject
from ringvault.core.playback.audit import Disposition
from tests.s3_fidelity.server import SECRET_KEY
from tests.support.cloud import KEY_ID, Cloud
from tests.support.recordings import archived_of, recording_of

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef

AUDIO = bytes(range(251)) * (PART_BYTES // 251 + 1000)
OTHER_AUDIO = b"another call"
RECORDING = archived_of(recording_of("77"), content_type="audio/mpeg", size_bytes=len(AUDIO))
OTHER = archived_of(recording_of("78"))
SITE = "https://calls.example"
FOREIGN_SITE = "https://elsewhere.example"
CORS_RULE: "CORSRuleTypeDef" = {
    "AllowedOrigins": [SITE],
    "AllowedMethods": ["GET"],
    "AllowedHeaders": ["Range"],
    "ExposeHeaders": ["Content-Range"],
}

Query = dict[str, str]


@dataclass(frozen=True)
class Signer:
    """Signs as the playback API does."""

    bucket: str
    session: Session

    def url(
        self,
        archived: ArchivedObject = RECORDING,
        *,
        lifetime: timedelta = timedelta(minutes=15),
        disposition: Disposition = Disposition.INLINE,
    ) -> str:
        """Return a URL of what is archived."""
        urls = PresignedUrls(self.session, bucket=self.bucket, lifetime=lifetime)
        at = datetime.now(UTC)
        return urls.sign(archived, file_name="77.mp3", disposition=disposition, at=at).url


def session_of(secret_key: str = SECRET_KEY, token: str | None = None) -> Session:
    """Return a session with these credentials."""
    return Session(KEY_ID, secret_key, token, region_name=REGION)


@pytest.fixture(scope="module")
def signer(cloud: Cloud) -> Iterator[Signer]:
    """Return who signs for a vault of two recordings, whose answers one site's pages may read."""
    bucket = cloud.make_bucket()
    cloud.s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [CORS_RULE]})
    vault = Vault(bucket, cloud.s3)
    # Typed otherwise than in the catalogue: it is the URL that says how it is served.
    vault.store_audio(RECORDING.object_key, content_type="audio/wav", chunks=[AUDIO])
    vault.store_audio(OTHER.object_key, content_type="audio/mpeg", chunks=[OTHER_AUDIO])
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", cloud.url)
        yield Signer(bucket, session_of())


def fetch(url: str, method: str = "GET", **headers: str) -> requests.Response:
    """Send a request as a browser would, that knows nothing but the URL."""
    return requests.request(method, url, headers=headers, timeout=30)


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return the status of an answer and S3's own code for the error."""
    code = re.search("<Code>(.*)</Code>", answer.text)
    return answer.status_code, code[1] if code else ""


def changed(url: str, change: Callable[[Query], object]) -> str:
    """Return the URL with its query changed."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, strict_parsing=True))
    change(query)
    return urlunsplit(parts._replace(query=urlencode(query)))


@pytest.mark.parametrize("disposition", Disposition)
def test_a_url_plays(signer: Signer, disposition: Disposition) -> None:
    """The whole recording, of the type, under the name and as fleeting as the URL says."""
    answer = fetch(signer.url(disposition=disposition), Origin=SITE, Referer=f"{SITE}/calls")

    assert (answer.status_code, answer.content) == (200, AUDIO)
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Content-Disposition"] == f'{disposition}; filename="77.mp3"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-", 0, len(AUDIO)),
        ("bytes=0-9", 0, 10),
        (f"bytes={PART_BYTES - 5}-{PART_BYTES + 4}", PART_BYTES - 5, PART_BYTES + 5),
        (f"bytes={len(AUDIO) - 7}-", len(AUDIO) - 7, len(AUDIO)),
        ("bytes=-100", len(AUDIO) - 100, len(AUDIO)),
        (f"bytes={len(AUDIO) - 1}-{2 * len(AUDIO)}", len(AUDIO) - 1, len(AUDIO)),
    ],
)
def test_a_player_seeks(signer: Signer, asked: str, start: int, stop: int) -> None:
    """A part is answered with 206 and where it lies, over the seam of two parts too."""
    answer = fetch(signer.url(), Range=asked)

    assert (answer.status_code, answer.content) == (206, AUDIO[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(AUDIO)}"
    assert answer.headers["Content-Type"] == "audio/mpeg"


def test_nobody_seeks_past_the_end(signer: Signer) -> None:
    """A part that begins behind the end is refused as such."""
    answer = fetch(signer.url(), Range=f"bytes={len(AUDIO)}-")

    assert refusal(answer) == (416, "InvalidRange")


def test_a_role_signs_with_its_session_token(signer: Signer) -> None:
    """A URL by temporary credentials, as a function has them, plays; with another token not."""
    url = replace(signer, session=session_of(token="the-roles-token")).url()
    forged = changed(url, lambda query: query.update({"X-Amz-Security-Token": "of-another-role"}))

    assert fetch(url, Range="bytes=0-9").status_code == 206
    assert refusal(fetch(forged)) == (403, "SignatureDoesNotMatch")


def test_a_url_of_another_secret_is_refused(signer: Signer) -> None:
    """Who knows the key id only can't sign."""
    url = replace(signer, session=session_of(secret_key="guessed")).url()

    assert refusal(fetch(url)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    "alteration",
    [
        {"X-Amz-Signature": "0" * 64},
        {"X-Amz-Expires": "604800"},
        {"X-Amz-Date": "20991231T235959Z"},
        {"X-Amz-Credential": f"AKIDANOTHER/20261122/{REGION}/s3/aws4_request"},
        {"response-content-type": "text/html"},
        {"response-content-disposition": "attachment"},
        {"response-cache-control": "public"},
        {"response-content-encoding": "gzip"},
        {"versionId": "null"},
        {"X-Amz-Security-Token": "added"},
    ],
    ids=lambda alteration: next(iter(alteration)),
)
def test_an_altered_url_is_refused(signer: Signer, alteration: Query) -> None:
    """Nothing in the query can be changed, and nothing added."""
    url = changed(signer.url(), lambda query: query.update(alteration))

    assert refusal(fetch(url)) == (403, "SignatureDoesNotMatch")


def test_what_says_how_it_is_served_can_not_be_taken_out(signer: Signer) -> None:
    """Without its `no-store` the URL is another."""
    url = changed(signer.url(), lambda query: query.pop("response-cache-control"))

    assert refusal(fetch(url)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    "taken_out",
    [f"X-Amz-{name}" for name in ("Signature", "Expires", "Date", "Credential", "SignedHeaders")],
)
def test_a_url_without_a_part_of_its_signature_is_refused(signer: Signer, taken_out: str) -> None:
    """Half a signature is not taken for none."""
    url = changed(signer.url(), lambda query: query.pop(taken_out))

    status, code = refusal(fetch(url))
    assert (status, code) == (400, "AuthorizationQueryParametersError")


def test_a_url_opens_one_recording(signer: Signer) -> None:
    """The signature of one recording does not open another."""
    url = signer.url().replace("/77.mp3?", "/78.mp3?")

    assert urlsplit(url).path == urlsplit(signer.url(OTHER)).path
    assert refusal(fetch(url)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE"])
def test_a_url_is_for_reading(cloud: Cloud, signer: Signer, method: str) -> None:
    """Whoever has the URL can neither write, delete nor even look with it."""
    answer = fetch(signer.url(OTHER), method)

    assert answer.status_code == 403
    assert cloud.read(signer.bucket, OTHER.object_key) == OTHER_AUDIO


def test_a_recording_that_is_gone_is_not_found(signer: Signer) -> None:
    """A good URL of nothing says so to a browser, other than an expired one."""
    gone = replace(RECORDING, object_key="recordings/gone.mp3")

    assert refusal(fetch(signer.url(gone))) == (404, "NoSuchKey")


def preflight(url: str, *, origin: str, method: str = "GET") -> requests.Response:
    """Ask as a browser does before a page of `origin` reads a part."""
    asked = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "range",
    }
    return fetch(url, "OPTIONS", Origin=origin, **asked)


def test_a_page_of_the_site_may_read_parts(signer: Signer) -> None:
    """The preflight of the allowed origin names that origin, the method and the header."""
    answer = preflight(signer.url(), origin=SITE)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert answer.headers["Access-Control-Allow-Headers"] == "range"


@pytest.mark.parametrize(
    ("origin", "method"),
    [
        (FOREIGN_SITE, "GET"),
        (f"{SITE}.elsewhere.example", "GET"),
        (SITE.replace("https", "http"), "GET"),
        ("null", "GET"),
        (SITE, "PUT"),
        (SITE, "DELETE"),
    ],
)
def test_no_other_page_may(signer: Signer, origin: str, method: str) -> None:
    """Another origin, however alike, or another method gets no leave."""
    answer = preflight(signer.url(), origin=origin, method=method)

    assert refusal(answer) == (403, "AccessForbidden")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_an_answer_names_the_site_only(signer: Signer) -> None:
    """The audio itself says to the browser which pages may read it."""
    ours = fetch(signer.url(), Range="bytes=0-9", Origin=SITE)
    theirs = fetch(signer.url(), Range="bytes=0-9", Origin=FOREIGN_SITE)

    assert ours.headers["Access-Control-Allow-Origin"] == SITE
    assert ours.headers["Access-Control-Expose-Headers"] == "Content-Range"
    assert "Access-Control-Allow-Origin" not in theirs.headers


def test_an_expired_url_is_refused(signer: Signer) -> None:
    """Once its second is over, the answer is 403, of which a page of the site may read the status.

    That is how a player tells that it needs another URL.
    """
    url = signer.url(lifetime=timedelta(seconds=1))
    give_up_at = monotonic() + 20
    answer = fetch(url, Range="bytes=0-9", Origin=SITE)
    while answer.ok and monotonic() < give_up_at:
        answer = fetch(url, Range="bytes=0-9", Origin=SITE)

    assert refusal(answer) == (403, "AccessDenied")
    assert "<Message>Request has expired</Message>" in answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
