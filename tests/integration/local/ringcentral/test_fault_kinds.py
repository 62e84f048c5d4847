"""Each kind of fault as it arrives at a bare socket."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from local.ringcentral.account.calls import RecordingFile
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.faults.fault_kinds import KINDS, Place, fault_of_kind
from local.ringcentral.http.api import TOKEN_PATH
from local.ringcentral.http.server import Simulator
from local.ringcentral.limits.access_tokens import JWT_GRANT
from tests.integration.local.ringcentral.client import Client, Clock
from tests.integration.local.ringcentral.conftest import AMPLE
from tests.integration.local.ringcentral.raw_socket import End, Received, received, unchunked

Start = Callable[[Options], Client]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BASIC = {"Authorization": "Basic c2ltdWxhdGVkLWNsaWVudC1pZDpzaW11bGF0ZWQtY2xpZW50LXNlY3JldA=="}


@dataclass(frozen=True, slots=True)
class Struck:
    """A signed-in client before a simulator whose next content request is struck."""

    simulator: Simulator
    token: str
    recording: RecordingFile

    @property
    def url(self) -> str:
        """The address of the recording's content."""
        account = f"{self.simulator.base_url}/restapi/v1.0/account/~"
        return f"{account}/recording/{self.recording.id}/content"

    def by(self, kind: str, *, times: int | None = 1, **changes: Any) -> "Struck":
        """Let a fault of that kind strike next."""
        self.simulator.inject(fault_of_kind(kind, path="*/content", times=times, **changes))
        return self

    def get(self, headers: Mapping[str, str] | None = None, **how: Any) -> Received:
        """Ask for the content."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        return received(self.url, {**bearer, **(headers or {})}, **how)

    @property
    def whole(self) -> bytes:
        """The recording's audio."""
        return b"".join(self.recording.audio.whole())


def _struck(client: Client) -> Struck:
    token = client.mint().json()["access_token"]
    # Small enough for the socket's buffers, so that a reset throws none of it away.
    recordings = client.simulator.account.recordings.values()
    recording = min(recordings, key=lambda one: one.audio.size_bytes)
    return Struck(client.simulator, token, recording)


@pytest.fixture
def struck(start: Start) -> Struck:
    """Meets an account with 12 recordings and an ample quota."""
    return _struck(start(Options(recordings=12, quotas=AMPLE)))


def _error_codes(answer: Received) -> list[str]:
    return [error["errorCode"] for error in json.loads(answer.body)["errors"]]


def test_every_kind_is_tried(struck: Struck) -> None:
    """Each kind strikes once, is counted by name, and the next request is answered in full."""
    for kind in KINDS:
        quick = {"silent_s": 0, "stall_s": 0, "drip_head_s": 0, "drip_body_s": 0}
        struck.by(kind, **quick, penalises=False, drops_token=False, closes_for_s=None)
        ranged = {"Range": "bytes=5-"} if KINDS[kind].fault.ranged else {}
        struck.get(ranged)
    assert struck.simulator.books(sha256=False)["faults"] == dict.fromkeys(KINDS, 1)
    assert struck.get().body == struck.whole


@pytest.mark.parametrize("kind", ["throttled", "throttled-date", "throttled-absent"])
def test_the_users_own_limiter(start: Start, clock: Clock, kind: str) -> None:
    """It tells of the quota and closes it: who comes in the penalty is refused and restarts it."""
    quotas = quotas_with(heavy=Quota(100, 60, 45))
    struck = _struck(start(Options(recordings=12, quotas=quotas))).by(kind)
    answer = struck.get()
    assert (answer.status, _error_codes(answer)) == (429, ["CMN-301"])
    assert answer.headers["x-rate-limit-group"] == "heavy"
    assert answer.headers["x-rate-limit-remaining"] == "0"
    told = answer.headers.get("retry-after")
    assert told == {"throttled": "45", "throttled-date": "Sun, 22 Nov 2026 12:00:45 GMT"}.get(kind)
    clock.advance(44)
    assert struck.get().status == 429
    clock.advance(45)
    assert struck.get().status == 200
    users: Any = struck.simulator.books(sha256=False)["users"]
    assert (users["1"]["throttled"], users["1"]["wasted"]) == (1, 1)


def test_retry_after_decides_how_long_the_penalty_lasts(struck: Struck, clock: Clock) -> None:
    """A penalty may be shorter than the quota's; a date never lies before its end."""
    clock.advance(0.25)
    answer = struck.by("throttled-date", retry_after_s=7).get()
    at = parsedate_to_datetime(answer.headers["retry-after"])
    assert at == datetime(2026, 11, 22, 12, 0, 8, tzinfo=UTC)
    clock.advance(7)
    assert struck.get().status == 200


def test_another_limiter_tells_nothing(struck: Struck) -> None:
    """Neither a word of the quota nor a penalty."""
    answer = struck.by("throttled-elsewhere").get()
    assert answer.status == 429
    assert not [name for name in answer.headers if name.startswith(("x-rate", "retry"))]
    assert struck.get().status == 200


def test_token_unknown(struck: Struck) -> None:
    """The token is dead from then on, and a new one opens again."""
    answer = struck.by("token-unknown").get()
    assert (answer.status, _error_codes(answer)) == (401, ["OAU-213"])
    assert _error_codes(struck.get()) == ["OAU-213"]
    assert _sign_in(struck.simulator).status == 200


@pytest.mark.parametrize(
    ("kind", "code", "permission"),
    [
        ("scope-missing", "CMN-401", "ReadCallRecording"),
        ("role-missing", "CMN-408", "ReadCompanyCallLog"),
    ],
)
def test_permission_missing(struck: Struck, kind: str, code: str, permission: str) -> None:
    """403 names code and permission."""
    answer = struck.by(kind).get()
    assert (answer.status, _error_codes(answer)) == (403, [code])
    assert json.loads(answer.body)["permissionName"] == permission


def test_not_found_for_some_tries(struck: Struck) -> None:
    """404 CMN-102 twice, then the recording."""
    struck.by("not-found", times=2)
    answers = [struck.get() for _ in range(3)]
    assert [answer.status for answer in answers] == [404, 404, 200]
    assert _error_codes(answers[0]) == ["CMN-102"]


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        ("internal-error", 500, None),
        ("internal-error-later", 500, "5"),
        ("bad-gateway", 502, None),
        ("bad-gateway-later", 502, "5"),
        ("unavailable", 503, None),
        ("unavailable-later", 503, "5"),
    ],
)
def test_server_errors(struck: Struck, kind: str, status: int, retry_after: str | None) -> None:
    """Each with and without the time to come back."""
    answer = struck.by(kind).get()
    assert (answer.status, answer.headers.get("retry-after")) == (status, retry_after)


@pytest.mark.parametrize(
    ("kind", "end"), [("unanswered", End.CLOSED), ("unanswered-reset", End.RESET)]
)
def test_unanswered(struck: Struck, kind: str, end: End) -> None:
    """The connection ends without a byte, by FIN or by RST."""
    answer = struck.by(kind).get()
    assert (answer.status, answer.end) == (None, end)


def test_silent(struck: Struck) -> None:
    """Nothing comes for a while; a patient client is answered after all."""
    assert struck.by("silent").get(patience_s=0.1).status is None
    answer = struck.by("silent", silent_s=0.2).get()
    assert (answer.status, answer.body) == (200, struck.whole)
    assert answer.longest_gap_s >= 0.2


@pytest.mark.parametrize(("kind", "end"), [("cut", End.CLOSED), ("reset", End.RESET)])
def test_broken_in_the_middle(struck: Struck, kind: str, end: End) -> None:
    """All is promised, a part comes, the connection ends by FIN or by RST."""
    answer = struck.by(kind).get()
    assert int(answer.headers["content-length"]) == len(struck.whole)
    assert answer.body == struck.whole[:10_000]
    assert answer.end is end


def test_stalled(struck: Struck) -> None:
    """After a part nothing comes for a while, then the rest."""
    assert struck.by("stalled").get(patience_s=0.5).body == struck.whole[:10_000]
    answer = struck.by("stalled", stall_s=0.4).get()
    assert answer.body == struck.whole
    # On a busy machine the part is noticed a little after it came.
    assert answer.longest_gap_s >= 0.2


def test_part_unasked(struck: Struck) -> None:
    """206 with the first part, to who asked for the whole; a range is served as it should be."""
    struck.by("part-unasked")
    assert struck.get({"Range": "bytes=0-9"}).body == struck.whole[:10]
    answer = struck.get()
    assert (answer.status, answer.body) == (206, struck.whole[:10_000])
    assert answer.headers["content-range"] == f"bytes 0-9999/{len(struck.whole)}"


def test_range_ignored(struck: Struck) -> None:
    """200 with the whole, to who asked for a range."""
    struck.by("range-ignored")
    assert struck.get().body == struck.whole
    answer = struck.get({"Range": "bytes=100-"})
    assert (answer.status, answer.body) == (200, struck.whole)
    assert struck.get({"Range": "bytes=100-"}).status == 206


def test_range_refused(struck: Struck) -> None:
    """416 to a range that is there."""
    answer = struck.by("range-refused").get({"Range": "bytes=100-"})
    assert (answer.status, _error_codes(answer)) == (416, ["CMN-107"])


def test_length_too_large(struck: Struck) -> None:
    """More is promised than comes before the connection ends."""
    answer = struck.by("length-too-large").get()
    assert int(answer.headers["content-length"]) == len(struck.whole) + 1_000
    assert (answer.body, answer.end) == (struck.whole, End.CLOSED)


@pytest.mark.parametrize(
    ("kind", "stop"), [("length-missing", None), ("length-missing-cut", 10_000)]
)
def test_length_missing(struck: Struck, kind: str, stop: int | None) -> None:
    """Only the end of the connection ends the body, where it should or too early."""
    answer = struck.by(kind).get()
    assert not {"content-length", "transfer-encoding"} & set(answer.headers)
    assert (answer.body, answer.end) == (struck.whole[:stop], End.CLOSED)


@pytest.mark.parametrize(("kind", "stop"), [("chunked", None), ("chunked-cut", 10_000)])
def test_chunked(struck: Struck, kind: str, stop: int | None) -> None:
    """No length but chunks; the last one comes after the whole alone."""
    answer = struck.by(kind).get()
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers
    assert unchunked(answer.body) == (struck.whole[:stop], stop is None)
    assert answer.end is (End.OPEN if stop is None else End.CLOSED)


def test_html(struck: Struck) -> None:
    """200 and a page."""
    answer = struck.by("html").get({"Range": "bytes=9-"})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!doctype html>")


def test_json_error(struck: Struck) -> None:
    """200 and RingCentral's error envelope."""
    answer = struck.by("json-error").get()
    assert (answer.status, _error_codes(answer)) == (200, ["CMN-203"])


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("type-wrong", "text/html; charset=utf-8"),
        ("type-missing", None),
        ("type-octet-stream", "application/octet-stream"),
    ],
)
def test_content_type(struck: Struck, kind: str, content_type: str | None) -> None:
    """Real audio under another name, or under none."""
    answer = struck.by(kind).get()
    assert (answer.headers.get("content-type"), answer.body) == (content_type, struck.whole)


@pytest.mark.parametrize(
    ("kind", "status", "location"),
    [
        ("redirect", 302, "{foreign}/recording/{id}"),
        ("redirect-307", 307, "{foreign}/recording/{id}"),
        ("redirect-html", 302, "{foreign}/page"),
        ("redirect-self", 302, "{url}"),
        ("redirect-loop", 302, "{foreign}/loop/0"),
        ("redirect-link-local", 302, "http://169.254.169.254/latest/meta-data/"),
        ("redirect-private", 302, "http://10.0.0.1/{id}"),
    ],
)
def test_redirect(struck: Struck, kind: str, status: int, location: str) -> None:
    """Elsewhere, to the same address, to where nobody may go."""
    answer = struck.by(kind).get()
    assert (answer.status, answer.body) == (status, b"")
    assert answer.headers["location"] == location.format(
        foreign=struck.simulator.foreign_host.base_url, url=struck.url, id=struck.recording.id
    )


@pytest.mark.parametrize(("kind", "redirects"), [("redirect-three", 3), ("redirect-four", 4)])
def test_chain_of_redirects(struck: Struck, kind: str, redirects: int) -> None:
    """So many redirects, and then the audio."""
    answer = struck.by(kind).get()
    for _ in range(redirects - 1):
        answer = received(_absolute(answer, struck.simulator), {})
        assert answer.status == 302
    assert received(_absolute(answer, struck.simulator), {}).body == struck.whole


def _absolute(answer: Received, simulator: Simulator) -> str:
    location = answer.headers["location"]
    return location if location.startswith("http") else simulator.foreign_host.base_url + location


def test_foreign_host_remembers_what_it_saw(struck: Struck) -> None:
    """Every request is kept with its headers; the books count those with an Authorization."""
    host = struck.simulator.foreign_host
    audio_url = f"{host.base_url}/recording/{struck.recording.id}"
    assert received(audio_url, {"Range": "bytes=4-"}).body == struck.whole[4:]
    assert received(f"{host.base_url}/loop/0", {}).headers["location"] == "/loop/1"
    assert received(f"{host.base_url}/x", {"Authorization": "Bearer canary"}).status == 200
    assert [request.headers.get("authorization") for request in host.seen] == [
        None,
        None,
        "Bearer canary",
    ]
    books: Any = struck.simulator.books(sha256=False)
    assert books["foreignHost"] == {"url": host.base_url, "requests": 3, "authorized": 1}


def test_foreign_host_has_nothing_behind_the_end(struck: Struck) -> None:
    """A range beyond the end is 416 there too, with the length of the whole."""
    url = f"{struck.simulator.foreign_host.base_url}/recording/{struck.recording.id}"
    answer = received(url, {"Range": f"bytes={len(struck.whole)}-"})
    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(struck.whole)}"


def _sign_in(simulator: Simulator, **how: Any) -> Received:
    form = {"grant_type": JWT_GRANT, "assertion": "simulated-jwt"}
    return received(
        simulator.base_url + TOKEN_PATH,
        {**FORM, **BASIC},
        method="POST",
        body=urlencode(form).encode(),
        **how,
    )


@pytest.mark.parametrize(
    ("kind", "status"),
    [("throttled", 429), ("internal-error", 500), ("unavailable-later", 503), ("silent", None)],
)
def test_token_endpoint(struck: Struck, kind: str, status: int | None) -> None:
    """It fails in the same ways; a refusal mints nothing, a silence hides a token that exists."""
    struck.simulator.inject(fault_of_kind(kind, path=TOKEN_PATH, times=1))
    before: Any = struck.simulator.books(sha256=False)
    answer = _sign_in(struck.simulator, patience_s=20 if status else 0.5)
    after: Any = struck.simulator.books(sha256=False)
    assert answer.status == status
    assert after["tokensMinted"] == before["tokensMinted"] + (status is None)
    assert Place.TOKEN in KINDS[kind].places


@pytest.mark.parametrize("kind", ["silent", "stalled"])
def test_nobody_waits_for_the_end_of_a_silence(kind: str) -> None:
    """A simulator ends at once with all its threads, however long its silences were to last."""
    before = set(threading.enumerate())
    with Simulator(Options(recordings=12, quotas=AMPLE)) as simulator:
        client = Client(simulator)
        struck = _struck(client).by(kind, silent_s=3_600, stall_s=3_600)
        client.session.close()
        assert struck.get(patience_s=0.5).end is End.OPEN
    deadline_s = time.monotonic() + 20
    while set(threading.enumerate()) - before:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["not-found-late", "not-found-page"])
def test_not_found_though_it_is_there(struck: Struck, kind: str) -> None:
    """RingCentral's own 404 has its code, a proxy's page has none; then the recording comes."""
    answer = struck.by(kind).get()
    assert answer.status == 404
    assert (b"CMN-102" in answer.body) == (kind == "not-found-late")
    assert answer.body.startswith(b"<!doctype html>") == (kind == "not-found-page")
    assert struck.get().body == struck.whole


@pytest.mark.parametrize("kind", ["forbidden-recording", "forbidden-forever"])
def test_forbidden(struck: Struck, kind: str) -> None:
    """403 for this recording, while the call log is served."""
    answer = struck.by(kind).get()
    assert (answer.status, _error_codes(answer)) == (403, ["CMN-408"])
    assert json.loads(answer.body)["permissionName"] == "ReadCallRecordings"


def test_maintenance(struck: Struck, clock: Clock) -> None:
    """Everything is 503 until it is over, sign-in too, and says how long that still is."""
    answer = struck.by("maintenance", closes_for_s=600).get()
    assert (answer.status, answer.headers["retry-after"]) == (503, "600")
    clock.advance(599.5)
    for later in (struck.get(), _sign_in(struck.simulator)):
        assert (later.status, later.headers["retry-after"]) == (503, "1")
    clock.advance(0.5)
    assert struck.get().body == struck.whole


def test_retry_after_absurd(struck: Struck) -> None:
    """Ten years."""
    answer = struck.by("retry-after-absurd").get()
    assert (answer.status, answer.headers["retry-after"]) == (503, "315360000")


@pytest.mark.parametrize(
    ("kind", "limit", "remaining", "window"),
    [
        ("quota-absurd", "5000000", "0", "315360000"),
        ("quota-garbage", "ten", "-1", "NaN"),
    ],
)
def test_quota_headers(struck: Struck, kind: str, limit: str, remaining: str, window: str) -> None:
    """The recording comes, with headers that nobody may believe."""
    answer = struck.by(kind).get()
    names = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-window")
    assert [answer.headers[name] for name in names] == [limit, remaining, window]
    assert answer.body == struck.whole


@pytest.mark.parametrize("status", [204, 205, 299, 304, 418])
def test_unforeseen(struck: Struck, status: int) -> None:
    """Legal, and without audio; where HTTP forbids a length there is none."""
    answer = struck.by(f"unforeseen-{status}").get()
    assert answer.status == status
    assert not answer.headers.get("content-type", "").startswith("audio/")
    assert ("content-length" in answer.headers) == (status not in {204, 304})
    assert struck.get().body == struck.whole


@pytest.mark.parametrize(("kind", "status"), [("continue-first", 100), ("early-hints-first", 103)])
def test_interim_answer(struck: Struck, kind: str, status: int) -> None:
    """An answer that is none comes before the real one."""
    answer = struck.by(kind).get()
    assert (answer.interim, answer.status, answer.body) == ((status,), 200, struck.whole)


@pytest.mark.parametrize("part", ["head", "body"])
def test_drip(struck: Struck, part: str) -> None:
    """A byte a second for a while, then the rest."""
    begun = struck.by(f"drip-{part}").get(patience_s=0.5)
    assert (begun.status is None, begun.body) == (part == "head", begun.body[:1])
    answer = struck.by(f"drip-{part}", drip_head_s=0.2, drip_body_s=0.2).get()
    assert (answer.status, answer.body) == (200, struck.whole)


def test_parts(struck: Struck) -> None:
    """206 in parts of the server's own size, to who asks for the whole or for what is left."""
    struck.by("parts", times=None, part_bytes=20_000)
    whole = b""
    while len(whole) < len(struck.whole):
        answer = struck.get({"Range": f"bytes={len(whole)}-"} if whole else {})
        assert answer.status == 206
        stop = min(len(whole) + 20_000, len(struck.whole)) - 1
        assert answer.headers["content-range"] == f"bytes {len(whole)}-{stop}/{len(struck.whole)}"
        whole += answer.body
    assert whole == struck.whole
    assert struck.get({"Range": "bytes=0-9"}).body == struck.whole[:10]
    assert struck.get({"Range": "bytes=-9"}).body == struck.whole[-9:]


def test_binary_octet_stream_behind_a_redirect(struck: Struck) -> None:
    """The audio, as object stores name what they know nothing of."""
    location = struck.by("type-binary-octet-stream").get().headers["location"]
    answer = received(location, {})
    assert (answer.headers["content-type"], answer.body) == ("binary/octet-stream", struck.whole)


def test_unrecognised(struck: Struck) -> None:
    """As many bytes, the same each time and by range, that are neither audio nor text."""
    struck.by("unrecognised", times=None)
    body = struck.get().body
    assert (len(body), struck.get({"Range": "bytes=99-"}).body) == (len(struck.whole), body[99:])
    assert set(body) <= set(range(0x80, 0xC0))


def test_wav_header_of_a_pipe(start: Start) -> None:
    """Every size that writers leave who don't know it; nothing else of the file changes."""
    client = start(Options(recordings=60, quotas=AMPLE)).sign_in()
    client.simulator.inject(fault_of_kind("wav-header-pipe", path="*/content"))
    sizes = set()
    for recording in client.simulator.account.recordings.values():
        whole = b"".join(recording.audio.whole())
        body = client.content(recording.id).content
        if whole[:4] != b"RIFF":
            assert body == whole
            continue
        riff_size, data_size = (int.from_bytes(body[at : at + 4], "little") for at in (4, 40))
        assert riff_size == data_size + 36
        assert (body[8:40], body[44:]) == (whole[8:40], whole[44:])
        sizes.add("+2" if data_size == len(whole) - 44 + 2 else hex(data_size))
    assert sizes == {"0x7ffff000", "0x80000000", "0xffffffdb", "+2"}
