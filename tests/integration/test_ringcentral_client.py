"""Call log and media over real sockets: from the simulator, and from servers that misbehave."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.ringcentral.account.options import Options, Quota, Scope, quotas_with
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters.ringcentral.client import PERMISSION_LOST, PERMISSION_PAUSE
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.core.catalogue.recording import read_record
from ringvault.core.errors import (
    ForeignHostError,
    NotFoundError,
    PermissionLostError,
    RangeRefusedError,
    RecordingRefusedError,
    RedirectRefusedError,
    RequestRefusedError,
    RetryLaterError,
    ServiceUnavailableError,
    ThrottledError,
    TokenRejectedError,
)
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Span
from tests.support.cloud import Cloud
from tests.support.line import LONG, TOKEN, Line, line_to
from tests.support.moving_time import MovingTime
from tests.support.tiny_server import Reply, Seen, TinyServer, in_turn

AMPLE = quotas_with(heavy=Quota(1_000, 60, 60))
SECOND = timedelta(seconds=1)
EMPTY_PAGE = Reply(headers={"Content-Type": "application/json"}, body=b'{"records": []}')
Simulate = Callable[[Options], Simulator]
CALL_LOG = "*/call-log"
# What comes with a 429 of the user's own limit.
USERS_OWN = {
    "X-Rate-Limit-Group": "heavy",
    "X-Rate-Limit-Limit": "10",
    "X-Rate-Limit-Window": "60",
}


@pytest.fixture
def simulator(simulate: Simulate) -> Simulator:
    """Return a small account with an ample quota."""
    return simulate(Options(recordings=6, days=5, quotas=AMPLE))


@pytest.fixture
def line(cloud: Cloud, time: MovingTime, simulator: Simulator) -> Line:
    """Return a line to the small account."""
    return line_to(simulator.base_url, cloud=cloud, time=time)


def span_of(line: Line, days: int = 10) -> Span:
    """Return the span of the last days."""
    return Span(line.time() - timedelta(days=days), line.time())


def first_page(line: Line) -> list[Any]:
    """Return the records of the first page."""
    return list(line.client.first_page(span_of(line), line.turn()).records)


def all_records(line: Line) -> tuple[list[Any], int]:
    """Return the records of all pages, and how many pages there were."""
    page = line.client.first_page(span_of(line, days=100), line.turn())
    records, pages = list(page.records), 1
    while page.next_uri is not None:
        page = line.client.next_page(page.next_uri, line.turn())
        records, pages = [*records, *page.records], pages + 1
    return records, pages


def content_uri(line: Line, recording_id: str) -> str:
    """Return where a recording's audio is."""
    return f"{line.server_url}/restapi/v1.0/account/~/recording/{recording_id}/content"


def opens_at(line: Line) -> Any:
    """Return when the gate lets the next request through."""
    with pytest.raises(ThrottledError) as told:
        line.gate.reserve(latest=line.time())
    return told.value.retry_at


# --- listing -------------------------------------------------------------------------------------


def test_all_pages_name_every_recording(cloud: Cloud, time: MovingTime, simulate: Simulate) -> None:
    """Following the pages to the last meets each recording, those of legs included."""
    simulator = simulate(Options(recordings=600, days=90, quotas=AMPLE))
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    records, pages = all_records(line)
    listed = {it.recording_id for record in records for it in read_record(record).recordings}
    of_records = {record["recording"]["id"] for record in records if "recording" in record}
    assert listed == set(simulator.account.recordings)
    assert listed - of_records, "no recording of a leg alone: the test shows too little"
    books: Any = simulator.books(sha256=False)
    assert pages >= 3
    assert books["requests"]["heavy"] == pages
    assert books["throttled"] == 0


def test_a_window_asks_for_recorded_calls_in_detail(cloud: Cloud, time: MovingTime) -> None:
    """The first request names both ends of the window, encoded, and the view with legs."""
    with TinyServer(in_turn(EMPTY_PAGE)) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        span = span_of(line)
        page = line.client.first_page(span, line.turn())
    (seen,) = server.seen
    query = {name: values[0] for name, values in parse_qs(urlsplit(seen.target).query).items()}
    assert (list(page.records), page.next_uri) == ([], None)
    assert urlsplit(seen.target).path == "/restapi/v1.0/account/~/call-log"
    assert (query["view"], query["recordingType"]) == ("Detailed", "All")
    assert query["dateFrom"] == span.from_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert query["dateTo"] == (span.to_at + SECOND).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["accept-encoding"] == "identity"


NOT_PAGES = {
    "html": b"<html>maintenance</html>",
    "list": b"[]",
    "no records": b"{}",
    "not utf-8": b'{"records": ["\xff"]}',
}
RECORDS_THAT_ARE_NONE = {
    "null": b'{"records": null}',
    "object": b'{"records": {"a": 1}}',
}


@pytest.mark.parametrize("body", NOT_PAGES.values(), ids=NOT_PAGES)
def test_what_is_not_a_page_is_no_answer(cloud: Cloud, time: MovingTime, body: bytes) -> None:
    """A 200 with something else in it is a service that does not work at the moment."""
    with TinyServer(in_turn(Reply(body=body))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError, match="page of the call log"):
            first_page(line)


@pytest.mark.parametrize("body", RECORDS_THAT_ARE_NONE.values(), ids=RECORDS_THAT_ARE_NONE)
def test_records_are_a_list(cloud: Cloud, time: MovingTime, body: bytes) -> None:
    """What the lister can't go through never reaches it."""
    with TinyServer(in_turn(Reply(body=body))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError):
            line.client.first_page(span_of(line), line.turn())


def test_a_page_that_breaks_off_is_no_answer(simulator: Simulator, line: Line) -> None:
    """Half a page lists nothing."""
    simulator.inject(Fault(path=CALL_LOG, cut_after_bytes=100, times=1))
    with pytest.raises(ServiceUnavailableError, match="page of the call log"):
        first_page(line)
    assert first_page(line)


# --- hosts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "{foreign}/restapi/v1.0/account/~/call-log",
        "http://127.0.0.1:{port}@{foreign_host}/x",
        "http://127.0.0.1:{port}\\@{foreign_host}/x",
        "https://127.0.0.1:{port}/x",
        "http://localhost:{port}/x",
        "http://127.0.0.1/x",
        "//127.0.0.1:{port}/x",
        "/restapi/v1.0/account/~/call-log",
        "file:///etc/passwd",
        "http://[/x",
        "http://127.0.0.1:99999/x",
        "",
    ],
)
def test_a_foreign_url_is_not_followed(simulator: Simulator, line: Line, form: str) -> None:
    """Where a next page or content lies elsewhere nothing is sent, and nobody signs in."""
    with TinyServer(in_turn(EMPTY_PAGE)) as foreign:
        url = form.format(
            foreign=foreign.url,
            foreign_host=foreign.url.removeprefix("http://"),
            port=urlsplit(simulator.base_url).port,
        )
        with pytest.raises(ForeignHostError):
            line.client.next_page(url, line.turn())
        with pytest.raises(ForeignHostError):
            line.client.open(url, offset=0, turn=line.turn())
    books: Any = simulator.books(sha256=False)
    assert foreign.seen == []
    assert sum(books["requests"].values()) == 0


def test_the_media_host_may_be_another(cloud: Cloud, time: MovingTime) -> None:
    """Content is fetched from the configured media host, with the token."""
    audio = Reply(headers={"Content-Type": "audio/mpeg"}, body=b"audio")
    with TinyServer(in_turn(audio)) as media, TinyServer(in_turn()) as server:
        line = line_to(server.url, cloud=cloud, time=time, media_url=media.url, credentials=None)
        answer = line.client.open(f"{media.url}/x", offset=0, turn=line.turn())
        assert b"".join(answer.chunks) == b"audio"
    assert media.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.seen == []


def content_through(line: Line, server_url: str) -> bytes:
    """Return the content that a recording's URI leads to."""
    media = line.client.open(f"{server_url}/x", offset=0, turn=line.turn())
    return b"".join(media.chunks)


def test_a_redirect_to_another_host_is_followed_without_the_token(
    cloud: Cloud, time: MovingTime
) -> None:
    """The content comes from there, the token stays here, and the quota is spent once."""
    with TinyServer(in_turn(Reply(200, {}, b"audio"))) as foreign:
        away = Reply(302, {"Location": f"{foreign.url}/there"})
        with TinyServer(in_turn(away)) as server:
            line = line_to(server.url, cloud=cloud, time=time, credentials=None)
            assert content_through(line, server.url) == b"audio"
    assert [seen.target for seen in foreign.seen] == ["/there"]
    assert "authorization" not in foreign.seen[0].headers
    assert TOKEN not in str(foreign.seen)


def test_a_redirect_within_ringcentral_takes_a_turn(cloud: Cloud, time: MovingTime) -> None:
    """It is one more request to RingCentral, with the token, and counted as such."""
    with TinyServer(in_turn(Reply(307, {"Location": "/y"}), Reply(200, {}, b"audio"))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        line.gate.learn(line.gate.wait(line.turn()), limit=2, window=60 * SECOND)
        started_at = time()
        assert content_through(line, server.url) == b"audio"
    assert [seen.headers["authorization"] for seen in server.seen] == [f"Bearer {TOKEN}"] * 2
    assert time() - started_at >= 60 * SECOND


def test_redirects_have_an_end(cloud: Cloud, time: MovingTime) -> None:
    """Three are followed, a loop is not."""
    with TinyServer(in_turn(*[Reply(302, {"Location": "/x"})] * 9)) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError, match="more than 3 redirects"):
            content_through(line, server.url)
    assert len(server.seen) == 4


def test_what_a_foreign_host_refuses_is_nothing_that_ringcentral_said(
    cloud: Cloud, time: MovingTime
) -> None:
    """Its 404 is no proof of absence, its 403 and 429 close no gate."""
    for status in (401, 403, 404, 429, 500):
        with TinyServer(in_turn(Reply(status))) as foreign:
            away = Reply(302, {"Location": f"{foreign.url}/there"})
            with TinyServer(in_turn(away)) as server:
                line = line_to(server.url, cloud=cloud, time=time, credentials=None)
                with pytest.raises(ServiceUnavailableError, match=str(status)):
                    content_through(line, server.url)
                line.gate.reserve(latest=time())


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://user@127.0.0.1:1/", "https://[::1", "gopher://127.0.0.1/"],
)
def test_a_redirect_to_nowhere_is_refused(cloud: Cloud, time: MovingTime, location: str) -> None:
    """Whatever is not a plain web address is not followed."""
    with TinyServer(in_turn(Reply(302, {"Location": location}))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(RedirectRefusedError):
            content_through(line, server.url)


def test_the_machines_own_settings_change_nothing(
    cloud: Cloud, time: MovingTime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a netrc nor a proxy of the environment reaches our requests."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with TinyServer(in_turn()) as gone:
        pass
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, gone.url)
    monkeypatch.setenv("no_proxy", "localhost")
    monkeypatch.setenv("NO_PROXY", "localhost")
    with TinyServer(in_turn(EMPTY_PAGE)) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        assert first_page(line) == []
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


# --- refusals ------------------------------------------------------------------------------------


def test_a_rejected_token_is_replaced_and_the_call_goes_on(
    simulator: Simulator, line: Line
) -> None:
    """A 401 in the middle of the work costs one request and one sign-in."""
    expected = first_page(line)
    simulator.inject(Fault(path=CALL_LOG, status=401, times=1))
    assert first_page(line) == expected
    books: Any = simulator.books(sha256=False)
    assert books["tokensMinted"] == 2
    assert books["requests"]["heavy"] == 3


def test_a_second_rejection_is_told(simulator: Simulator, line: Line) -> None:
    """A new token that is rejected too ends the call; the one after signs in again."""
    simulator.inject(Fault(path=CALL_LOG, status=401, times=2))
    with pytest.raises(TokenRejectedError, match=r"401 \(OAU-213\)"):
        first_page(line)
    books: Any = simulator.books(sha256=False)
    assert books["tokensMinted"] == 2
    assert first_page(line)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7", "X-Rate-Limit-Group": "heavy"}, 7),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "7"}, 30),
        ({"X-Rate-Limit-Group": "heavy"}, 30),
        ({"Retry-After": "soon", "X-Rate-Limit-Group": "heavy"}, 30),
        ({}, 30),
        (USERS_OWN, 60),
        ({**USERS_OWN, "X-Rate-Limit-Window": "10"}, 30),
        ({**USERS_OWN, "Retry-After": "7"}, 7),
    ],
)
def test_a_429_closes_the_gate(
    simulator: Simulator, line: Line, headers: dict[str, str], wait_s: int
) -> None:
    """Nobody sends before the time that a 429 names; 30 s where it names none of the quota's."""
    simulator.inject(Fault(path=CALL_LOG, status=429, headers=headers, times=1))
    with pytest.raises(ThrottledError) as told:
        first_page(line)
    expected = line.time() + wait_s * SECOND
    assert told.value.retry_at == expected
    assert opens_at(line) == expected
    assert line.turn().at == expected


def test_a_429_may_name_a_date(simulator: Simulator, line: Line) -> None:
    """`Retry-After` as an HTTP date is that instant."""
    until = line.time() + 90 * SECOND
    headers = {"Retry-After": format_datetime(until, usegmt=True), "X-Rate-Limit-Group": "heavy"}
    simulator.inject(Fault(path=CALL_LOG, status=429, headers=headers, times=1))
    with pytest.raises(ThrottledError):
        first_page(line)
    assert opens_at(line) == until


def quota_headers(limit: int, remaining: int, window_s: int) -> dict[str, str]:
    """Return what tells of the user's own quota."""
    return {
        **EMPTY_PAGE.headers,
        "X-Rate-Limit-Group": "heavy",
        "X-Rate-Limit-Limit": str(limit),
        "X-Rate-Limit-Remaining": str(remaining),
        "X-Rate-Limit-Window": str(window_s),
    }


@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize(("limit", "window_s"), [(1, 99_999_999), (10, 3601), (99_999_999, 60)])
def test_absurd_quota_headers_stop_nobody(
    cloud: Cloud, time: MovingTime, status: int, limit: int, window_s: int
) -> None:
    """The answer is used, every request goes on, and none waits for longer than a window."""
    headers = quota_headers(limit, 0, window_s)
    reply = Reply(status, headers, EMPTY_PAGE.body)
    with TinyServer(lambda _: reply) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        for _ in range(3):
            with suppress(ThrottledError):
                first_page(line)
        assert line.turn(RequestKind.MEDIA).at - time() <= LONG
    assert len(server.seen) == 3


@pytest.mark.parametrize("absurd", ["9" * 20, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_retry_after_is_a_day(simulator: Simulator, line: Line, absurd: str) -> None:
    """A mistaken header stops nobody for years."""
    headers = {"Retry-After": absurd, "X-Rate-Limit-Group": "heavy"}
    simulator.inject(Fault(path=CALL_LOG, status=429, headers=headers, times=1))
    with pytest.raises(ThrottledError):
        first_page(line)
    assert opens_at(line) == line.time() + 24 * 3600 * SECOND


def test_a_retry_after_of_no_calendar_names_no_time(simulator: Simulator, line: Line) -> None:
    """A year with twenty digits is a date to nobody: the documented 30 s hold."""
    headers = {"Retry-After": f"Fri, 31 Dec {'9' * 20} 23:59:59 GMT", "X-Rate-Limit-Group": "heavy"}
    simulator.inject(Fault(path=CALL_LOG, status=429, headers=headers, times=1))
    with pytest.raises(ThrottledError):
        first_page(line)
    assert opens_at(line) == line.time() + 30 * SECOND


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_retry_after_is_obeyed_with_any_status(
    simulator: Simulator, line: Line, status: int
) -> None:
    """Nobody sends before its end, and nothing else is concluded from such an answer."""
    headers = {"Retry-After": "3600"}
    simulator.inject(Fault(path="*/content", status=status, headers=headers, times=1))
    uri = content_uri(line, next(iter(simulator.account.recordings)))
    with pytest.raises(RetryLaterError, match=str(status)) as told:
        line.client.open(uri, offset=0, turn=line.turn(RequestKind.MEDIA))
    assert told.value.retry_at == opens_at(line) == line.time() + 3600 * SECOND


def test_one_recording_that_names_a_wait_again_holds_nobody_back(
    simulator: Simulator, line: Line
) -> None:
    """After another was served meanwhile, the wait is that recording's own."""
    late, other, *_ = (content_uri(line, name) for name in simulator.account.recordings)
    simulator.inject(Fault(path=urlsplit(late).path, status=503, headers={"Retry-After": "60"}))
    for is_open in (False, True):
        with pytest.raises(RetryLaterError):
            line.client.open(late, offset=0, turn=line.turn(RequestKind.MEDIA))
        if is_open:
            line.gate.reserve(latest=line.time())
        else:
            assert opens_at(line) == line.time() + 60 * SECOND
            media = line.client.open(other, offset=0, turn=line.turn(RequestKind.MEDIA))
            assert b"".join(media.chunks)


def test_a_wait_that_another_host_names_concerns_the_recording(
    cloud: Cloud, time: MovingTime
) -> None:
    """The gate stays open."""
    with TinyServer(in_turn(Reply(503, {"Retry-After": "60"}))) as foreign:
        away = Reply(302, {"Location": f"{foreign.url}/there"})
        with TinyServer(in_turn(away)) as server:
            line = line_to(server.url, cloud=cloud, time=time, credentials=None)
            with pytest.raises(RetryLaterError) as told:
                content_through(line, server.url)
            assert told.value.retry_at == time() + 60 * SECOND
            line.gate.reserve(latest=time())


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("body", [b"<html>nginx</html>", b"{}", b'{"errorCode": "nothing"}'])
def test_a_404_without_ringcentrals_code_says_nothing_of_the_recording(
    cloud: Cloud, time: MovingTime, status: int, body: bytes
) -> None:
    """It may be a proxy's."""
    with TinyServer(in_turn(Reply(status, body=body))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError, match=str(status)):
            content_through(line, server.url)


def test_a_foreign_media_host_is_named_with_its_parameter(line: Line) -> None:
    """The host, and nothing else of the URL."""
    with pytest.raises(ForeignHostError, match=r"'media\.example'.*RingCentralMediaUrl") as told:
        line.client.open("https://media.example/secret?x", offset=0, turn=line.turn())
    assert "secret" not in str(told.value)


def test_the_account_says_how_long_it_keeps_recordings(simulator: Simulator, line: Line) -> None:
    """Both periods, for automatic and on-demand recordings; and how many at most."""
    told = line.client.retention(line.turn(RequestKind.SETTINGS))
    assert told == Retention(period=timedelta(days=90), max_recordings=100_000)
    books: Any = simulator.books(sha256=False)
    assert books["requests"]["light"] == 1


@pytest.mark.parametrize(
    ("automatic", "on_demand", "days"),
    [
        ({"enabled": True, "retentionPeriod": 90}, {"enabled": False, "retentionPeriod": 7}, "90"),
        ({"retentionPeriod": 90}, {"enabled": True, "retentionPeriod": 30}, "30 to 90"),
        ({"retentionPeriod": 7}, {"enabled": False, "retentionPeriod": 90}, "7 to 90"),
        ({"retentionPeriod": 60}, {"retentionPeriod": True}, "60"),
        ({"retentionPeriod": 60}, {"retentionPeriod": 3651}, "60"),
        ({"retentionPeriod": 10**30}, {"retentionPeriod": 7}, "7"),
    ],
)
def test_the_longest_period_is_for_reach_and_the_shortest_enabled_for_urgency(
    cloud: Cloud, time: MovingTime, automatic: object, on_demand: object, *, days: str
) -> None:
    """What is out of range is ignored; what is switched off may still have recordings."""
    body = json.dumps({"automatic": automatic, "onDemand": on_demand}).encode()
    with TinyServer(in_turn(Reply(body=body))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        assert line.client.retention(line.turn(RequestKind.SETTINGS)).days == f"{days} days"


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"automatic": {"retentionPeriod": -1}}'])
def test_settings_that_say_nothing_leave_ringcentrals_own(
    body: bytes, cloud: Cloud, time: MovingTime
) -> None:
    """What is missing or absurd is presumed, not believed."""
    reply = Reply(headers={"Content-Type": "application/json"}, body=body)
    with TinyServer(in_turn(reply)) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        assert line.client.retention(line.turn(RequestKind.SETTINGS)) == Retention()


def test_settings_that_may_not_be_read_hold_nobody_back(
    cloud: Cloud, time: MovingTime, simulate: Simulate
) -> None:
    """The permission is not needed for listing and archiving: no pause, no alarm."""
    scopes = frozenset({Scope.READ_CALL_LOG, Scope.READ_CALL_RECORDING})
    simulator = simulate(Options(recordings=2, days=5, quotas=AMPLE, scopes=scopes))
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    with pytest.raises(PermissionLostError):
        line.client.retention(line.turn(RequestKind.SETTINGS))
    assert first_page(line)
    assert line.client.take_alarms() == []


def test_a_steady_run_meets_no_429(cloud: Cloud, time: MovingTime, simulate: Simulate) -> None:
    """With a quota that only the headers tell, request after request is granted."""
    quotas = quotas_with(heavy=Quota(3, 10, 60))
    simulator = simulate(Options(recordings=2, days=5, quotas=quotas))
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    started_at = time()
    for _ in range(10):
        first_page(line)
    books: Any = simulator.books(sha256=False)
    assert (books["requests"]["heavy"], books["throttled"]) == (10, 0)
    assert 30 * SECOND <= time() - started_at <= 33 * SECOND


def test_the_quota_is_learnt_from_the_headers(simulator: Simulator, line: Line) -> None:
    """One answer is enough to know limit and window."""
    assert line.gate.requests_in(60 * SECOND) == 10
    first_page(line)
    assert simulator.options.quotas == AMPLE
    assert line.gate.requests_in(60 * SECOND) == 1_000


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("CMN-401", r"CMN-401.*ReadCallLog.*developer console"),
        ("CMN-408", r"CMN-408.*service user's role"),
    ],
)
def test_a_403_of_the_call_log_closes_the_gate_and_says_what_to_do(
    simulator: Simulator, line: Line, code: str, advice: str
) -> None:
    """A lost permission is a matter for a person, and a pause for everybody."""
    simulator.inject(Fault(path=CALL_LOG, status=403, code=code))
    with pytest.raises(PermissionLostError, match=advice):
        first_page(line)
    assert opens_at(line) == line.time() + PERMISSION_PAUSE


FORBIDDEN = json.dumps({"errors": [{"errorCode": "CMN-408"}]}).encode()


@dataclass
class Media:
    """Serves every recording but those that are forbidden; notes what was asked for."""

    forbidden: set[str]
    asked: list[str] = field(default_factory=list)

    def __call__(self, seen: Seen) -> Reply:
        """Answer for the recording that the path names."""
        name = seen.target.strip("/")
        self.asked.append(name)
        if name in self.forbidden:
            return Reply(403, {"Content-Type": "application/json"}, FORBIDDEN)
        return Reply(200, {"Content-Type": "audio/mpeg"}, b"audio")


def outcome_of(line: Line, url: str) -> str:
    """Return what becomes of a recording that is asked for once."""
    try:
        media = line.client.open(url, offset=0, turn=line.turn(RequestKind.MEDIA))
    except (RecordingRefusedError, PermissionLostError) as error:
        return type(error).__name__
    return b"".join(media.chunks).decode()


def test_one_refused_recording_holds_nobody_back(cloud: Cloud, time: MovingTime) -> None:
    """A 403 concerns the recording, however often it comes, and the gate stays open."""
    with TinyServer(Media({"b"})) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        told = [outcome_of(line, f"{server.url}/{name}") for name in "bbab"]
        assert told == ["RecordingRefusedError"] * 2 + ["audio", "RecordingRefusedError"]
        line.gate.reserve(latest=time())
    assert line.client.take_alarms() == []


def test_a_second_refusal_in_a_row_asks_whether_what_was_served_is_served_still(
    cloud: Cloud, time: MovingTime
) -> None:
    """If it is, the permission is there: no pause, and no other question for five minutes."""
    with TinyServer(media := Media({"b", "c", "d"})) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        told = [outcome_of(line, f"{server.url}/{name}") for name in "abcdbc"]
    assert told == ["audio"] + ["RecordingRefusedError"] * 5
    assert media.asked == [*"abc", "a", *"dbc"]
    assert server.seen[3].headers["range"] == "bytes=0-0"
    assert line.client.take_alarms() == []


def test_a_permission_that_is_lost_pauses_everything(cloud: Cloud, time: MovingTime) -> None:
    """What was served before is refused too: 30 s, doubled with each other recording."""
    with TinyServer(media := Media(set())) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        assert outcome_of(line, f"{server.url}/a") == "audio"
        media.forbidden = set("abcd")
        assert outcome_of(line, f"{server.url}/b") == "RecordingRefusedError"
        for name, pause_s in (("c", 30), ("d", 60)):
            assert outcome_of(line, f"{server.url}/{name}") == "PermissionLostError"
            assert opens_at(line) == time() + pause_s * SECOND
            time.sleep(pause_s)
    assert media.asked == [*"abc", "a", "d"]
    assert line.client.take_alarms() == [PERMISSION_LOST] * 2


def test_forbidden_recordings_hardly_slow_the_others_down(cloud: Cloud, time: MovingTime) -> None:
    """Of a hundred forty are forbidden: a tenth more time than a hundred requests need, at most."""
    names = [str(number) for number in range(100)]
    chance = Random(1)  # noqa: S311 - any order, the same in each run
    chance.shuffle(names)
    with TinyServer(Media(set(names[:40]))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        assert outcome_of(line, f"{server.url}/served-before") == "audio"
        chance.shuffle(names)
        started_at = time()
        told = [outcome_of(line, f"{server.url}/{name}") for name in names]
    assert (told.count("audio"), told.count("RecordingRefusedError")) == (60, 40)
    assert time() - started_at <= 1.1 * 10 * 60 * SECOND


def test_an_unknown_recording_is_not_found(line: Line) -> None:
    """A 404 tells of one recording, and leaves the gate open for the others."""
    with pytest.raises(NotFoundError, match=r"404 \(CMN-102\)"):
        line.client.open(content_uri(line, "1"), offset=0, turn=line.turn())
    assert line.gate.reserve(latest=line.time())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, ServiceUnavailableError),
        (502, ServiceUnavailableError),
        (503, ServiceUnavailableError),
        (400, RequestRefusedError),
        (418, RequestRefusedError),
    ],
)
def test_other_refusals(
    simulator: Simulator, line: Line, status: int, kind: type[Exception]
) -> None:
    """5xx may pass, any other 4xx does not; neither closes the gate."""
    simulator.inject(Fault(path=CALL_LOG, status=status, times=1))
    with pytest.raises(kind, match=str(status)):
        first_page(line)
    assert first_page(line)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"errors": 1}', b'{"errors": [7], "errorCode": {}}']
)
def test_a_refusal_without_our_kind_of_body(cloud: Cloud, time: MovingTime, body: bytes) -> None:
    """The status decides whatever the body is, and nothing of it is repeated."""
    with TinyServer(in_turn(Reply(403, body=body))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(PermissionLostError, match=r"^RingCentral answered 403: give"):
            first_page(line)


def test_a_refusals_text_is_not_repeated(cloud: Cloud, time: MovingTime) -> None:
    """Codes are words; whatever else stands in an error stays there."""
    error = {"errorCode": "x +1 555 0100", "message": "canary", "permissionName": "canary name"}
    body = json.dumps({"errors": [error]}).encode()
    with TinyServer(in_turn(Reply(403, body=body))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(PermissionLostError) as told:
            first_page(line)
    assert "canary" not in str(told.value)
    assert "555" not in str(told.value)


def test_nobody_listening_is_no_answer(cloud: Cloud, time: MovingTime) -> None:
    """A port that nobody listens on is transient, and the error holds no token."""
    with TinyServer(in_turn()) as server:
        pass
    line = line_to(server.url, cloud=cloud, time=time, credentials=None)
    with pytest.raises(ServiceUnavailableError, match="does not answer: ConnectionError") as told:
        first_page(line)
    assert TOKEN not in repr(told.value)


# --- content -------------------------------------------------------------------------------------


def test_content_from_anywhere(simulator: Simulator, line: Line) -> None:
    """Content comes whole, or from an offset on, with the length of the whole."""
    (recording, *_) = simulator.account.recordings.values()
    whole = b"".join(recording.audio.whole())
    for offset in (0, 1, len(whole) - 1):
        uri = content_uri(line, recording.id)
        answer = line.client.open(uri, offset=offset, turn=line.turn())
        assert (answer.offset, answer.total_bytes) == (offset, len(whole))
        assert answer.content_type == recording.audio.content_type
        assert b"".join(answer.chunks) == whole[offset:]


def test_nothing_behind_the_end(simulator: Simulator, line: Line) -> None:
    """There is nothing to go on with, and the answer says how long the whole is."""
    (recording, *_) = simulator.account.recordings.values()
    with pytest.raises(RangeRefusedError, match="416") as told:
        line.client.open(
            content_uri(line, recording.id),
            offset=recording.audio.size_bytes,
            turn=line.turn(),
        )
    assert told.value.total_bytes == recording.audio.size_bytes


@pytest.mark.parametrize("content_range", ["", "bytes 5-", "items 0-1/2"])
def test_a_part_has_to_say_which(cloud: Cloud, time: MovingTime, content_range: str) -> None:
    """A 206 without a Content-Range that makes sense is not used."""
    part = Reply(206, {"Content-Range": content_range}, b"audio")
    with TinyServer(in_turn(part)) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        with pytest.raises(ServiceUnavailableError, match="without a valid Content-Range"):
            line.client.open(f"{server.url}/x", offset=5, turn=line.turn())


def test_a_turn_is_waited_for(simulator: Simulator, line: Line) -> None:
    """A request is not sent before its turn."""
    line.gate.close("1", line.time() + 42 * SECOND)
    turn = line.gate.reserve(latest=line.time() + LONG)
    line.client.first_page(span_of(line), turn)
    assert line.time.slept_s == 42
    assert simulator.books(sha256=False)["throttled"] == 0
