"""URLs and ids from RingCentral are hostile input: the token goes to the configured hosts only."""

import string
from urllib.parse import quote, urlsplit

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as some
from urllib3.util import parse_url

from ringvault.adapters.ringcentral.transport import RingCentralTransport
from ringvault.core.catalogue.recording import Recording, is_recording_id, read_record
from ringvault.core.errors import ForeignHostError
from ringvault.core.vault.layout import audio_key, proof_key, sidecar_key

API, MEDIA = "https://platform.ringcentral.com", "https://media.ringcentral.com:443"
TRANSPORT = RingCentralTransport(allowed_urls=(API, MEDIA))
CONFIGURED = {("https", "platform.ringcentral.com", 443), ("https", "media.ringcentral.com", 443)}
RECORD = {"id": "V", "startTime": "2026-10-01T00:00:00Z"}


@pytest.mark.parametrize(
    "url",
    [
        f"{API}/restapi/v1.0/account/~/call-log?page=2",
        "https://PLATFORM.RingCentral.com/x",
        "HTTPS://media.ringcentral.com:443/x",
        "https://media.ringcentral.com/x?next=https://evil.example",
        "https://media.ringcentral.com/x#@evil.example",
        "https://media.ringcentral.com//evil.example/x",
    ],
)
def test_a_configured_host_is_one_however_it_is_written(url: str) -> None:
    """Case and the usual port make no difference, nor what stands in path, query or fragment."""
    TRANSPORT.check_host(url)


@pytest.mark.parametrize(
    "url",
    [
        # another scheme
        "http://platform.ringcentral.com/x",
        "ftp://platform.ringcentral.com/x",
        "file:///etc/passwd",
        "//platform.ringcentral.com/x",
        "platform.ringcentral.com/x",
        "/restapi/v1.0/x",
        "https:platform.ringcentral.com/x",
        "",
        # another port
        "https://platform.ringcentral.com:8443/x",
        "https://platform.ringcentral.com:80/x",
        "https://platform.ringcentral.com:0/x",
        "https://platform.ringcentral.com:443443/x",
        "https://platform.ringcentral.com:port/x",
        # somebody in front of the host
        "https://user@platform.ringcentral.com/x",
        "https://user:password@platform.ringcentral.com/x",
        "https://@platform.ringcentral.com/x",
        "https://platform.ringcentral.com@evil.example/x",
        "https://platform.ringcentral.com:443@evil.example/x",
        r"https://evil.example\@platform.ringcentral.com/x",
        r"https://platform.ringcentral.com\@evil.example/x",
        r"https://evil.example\.platform.ringcentral.com/x",
        # look-alikes
        "https://platform.ringcentral.com.evil.example/x",
        "https://platform-ringcentral.com/x",
        "https://evilplatform.ringcentral.com/x",
        "https://sub.platform.ringcentral.com/x",
        "https://ringcentral.com/x",
        "https://platform.ringcentral.com./x",
        "https://platform.ringcentra1.com/x",
        "https://рlatform.ringcentral.com/x",  # noqa: RUF001 - a Cyrillic letter
        "https://platform。ringcentral.com/x",
        "https://xn--latform-6fg.ringcentral.com/x",
        "https://platform.ringcentral.com%00.evil.example/x",
        "https://platform.ringcentral.com%2eevil.example/x",
        "https://evil.example?@platform.ringcentral.com/x",
        "https://evil.example#@platform.ringcentral.com/x",
        "https://evil.example;platform.ringcentral.com/x",
        # addresses in place of a name
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/x",
        "https://[platform.ringcentral.com]/x",
        "https://[::1",
    ],
)
def test_any_other_is_refused(url: str) -> None:
    """Nothing is sent, and the error has neither path nor query nor user."""
    with pytest.raises(ForeignHostError) as refused:
        TRANSPORT.check_host(url)
    assert not [told for told in ("/x", "password", "etc", "meta-data") if told in str(refused)]


# Pieces that parsers of URLs are known to see differently.
_PIECES = (
    *("https://", "http://", "//", "platform.ringcentral.com", "media.ringcentral.com", ":443"),
    *("evil.example", "127.0.0.1", "@", "\\", "/", "?", "#", ":", ";", ".", "%", "%2f", "%40"),
    *("[", "]", "::1", " ", "\t", "\n", "\r", "\0", "\u3002", "\uff0f", "\u2100", "\u212a", "ß"),
)
_URLS = some.one_of(
    some.lists(some.sampled_from(_PIECES), max_size=8).map("".join),
    some.lists(some.sampled_from(_PIECES), max_size=6).map(lambda it: API + "".join(it)),
    some.text(max_size=12).map(lambda it: f"https://platform.ringcentral.com{it}"),
    some.text(max_size=12).map(lambda it: f"https://{it}platform.ringcentral.com/x"),
)


@settings(max_examples=1_500, deadline=None)
@given(url=_URLS)
@example(url="https://platform.ringcentral.com\t/x")
@example(url=" https://platform.ringcentral.com/x")
def test_what_is_let_through_is_where_it_goes(url: str) -> None:
    """The host that was judged is the one that `requests` and urllib3 connect to."""
    if not TRANSPORT.is_configured(url):
        return
    try:
        sent = str(requests.Request("GET", url).prepare().url)
    except requests.RequestException:
        return  # nothing is sent
    by_name, by_pool = urlsplit(sent), parse_url(sent)
    assert (by_name.scheme, by_name.hostname, by_name.port or 443) in CONFIGURED
    assert (by_pool.scheme, by_pool.host, by_pool.port or 443) in CONFIGURED
    assert (by_name.username, by_pool.auth) == (None, None)


_IDS = some.one_of(some.text(max_size=70), some.text(alphabet=string.printable, max_size=70))


@settings(max_examples=500, deadline=None)
@given(text=_IDS)
@example(text="1" * 64)
@example(text="1662272004\n")
def test_an_id_is_nothing_but_itself_in_a_key(text: str) -> None:
    """No slash, dot, space, line, quote or letter of another alphabet: 64 plain ones at most."""
    if is_recording_id(text):
        assert quote(text, safe="") == text
        assert 0 < len(text.encode()) <= 64
        assert "." not in text


@settings(max_examples=300, deadline=None)
@given(recording_id=_IDS, account=_IDS, extension=_IDS | some.integers(), session=_IDS)
def test_keys_are_made_of_ids_only(
    recording_id: str, account: str, extension: str | int, session: str
) -> None:
    """Whatever stands where RingCentral's ids are: a record is refused, or its keys are whole."""
    uri = f"{API}/restapi/v1.0/account/{account}/recording/1"
    record = {
        **RECORD,
        "extension": {"id": extension},
        "telephonySessionId": session,
        "recording": {"id": recording_id, "uri": uri, "contentUri": f"{uri}/content"},
    }
    for recording in read_record(record).recordings:
        assert_whole(recording)


def assert_whole(recording: Recording) -> None:
    """Check that each key has the tree's own parts, and that an extension's id is one."""
    for key in (audio_key(recording, "mp3"), sidecar_key(recording), proof_key(recording)):
        assert key.count("/") == 5
        assert quote(key, safe="/=.") == key
        assert key.count(".") == 1
    assert recording.extension_id is None or is_recording_id(recording.extension_id)
