"""The call log: complete, ordered, filtered, late."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from local.ringcentral.account.calls import Call
from local.ringcentral.account.options import Options
from tests.integration.local.ringcentral.client import Client, Clock, recording_ids
from tests.integration.local.ringcentral.conftest import AMPLE

Start = Callable[[Options], Client]


def _long_enough(call: Call) -> bool:
    return call.duration_s >= 30


def test_pages_hold_every_recording(client: Client) -> None:
    """Following nextPage with Detailed view meets each recording, and no call twice."""
    records = client.records(view="Detailed", recordingType="All", perPage=7)
    assert set(recording_ids(records)) == set(client.simulator.account.recordings)
    assert max(Counter(record["id"] for record in records).values()) == 1


def test_newest_first(client: Client) -> None:
    """Records come in the order of their start, the latest first."""
    starts = [record["startTime"] for record in client.records(perPage=9)]
    assert starts == sorted(starts, reverse=True)


def test_navigation(client: Client) -> None:
    """The last page, full or not, has no nextPage; there is no count of pages."""
    count = len(client.simulator.account.calls)
    pages = list(client.pages(perPage=count // 2 + 1))
    assert [sorted(page["navigation"]) for page in pages] == [
        ["firstPage", "nextPage"],
        ["firstPage", "previousPage"],
    ]
    assert "nextPage" not in client.call_log(perPage=count)["navigation"]
    assert pages[0]["paging"] == {
        "page": 1,
        "perPage": count // 2 + 1,
        "pageStart": 0,
        "pageEnd": count // 2,
    }


def test_page_beyond_the_end_is_empty(client: Client) -> None:
    """A page that does not exist holds nothing and leads nowhere."""
    page = client.call_log(page=900)
    assert page["records"] == []
    assert page["paging"] == {"page": 900, "perPage": 100}
    assert "nextPage" not in page["navigation"]


@pytest.mark.parametrize(
    ("view", "asked", "given"),
    [
        ("Detailed", 1000, 250),
        ("Detailed", "max", 250),
        ("Detailed", 250, 250),
        ("Simple", 5000, 1000),
        ("Simple", "max", 1000),
    ],
)
def test_page_size_is_clamped(client: Client, view: str, asked: Any, given: int) -> None:
    """Too large a page is made smaller without a word, and nextPage keeps the real size."""
    page = client.call_log(view=view, perPage=asked)
    assert page["paging"]["perPage"] == given
    assert f"perPage={given}" in page["navigation"]["firstPage"]["uri"]


def test_legs_repeat_and_add_recordings(client: Client) -> None:
    """There are legs that repeat the record's recording, that add one, and that alone have one."""
    records = client.records(view="Detailed", recordingType="All")
    shapes = {("recording" in record, len(set(recording_ids([record])))) for record in records}
    assert shapes == {(True, 1), (True, 2), (False, 1)}
    assert max(Counter(recording_ids(records)).values()) == 3


def test_simple_view_has_no_legs(client: Client) -> None:
    """Simple is without legs, and so misses what only legs name."""
    records = client.records(recordingType="All")
    assert not any("legs" in record for record in records)
    assert set(recording_ids(records)) < set(client.simulator.account.recordings)


def test_transfers_share_a_telephony_session(client: Client) -> None:
    """Some recordings stand in two records of one telephony session."""
    records = client.records(recordingType="All")
    sessions = Counter(record["telephonySessionId"] for record in records)
    assert max(sessions.values()) == 2


def test_recording_type(client: Client) -> None:
    """Automatic and OnDemand filter; nothing said gives unrecorded calls as well."""
    counts = {
        kind: len(client.records(recordingType=kind)) for kind in ("Automatic", "OnDemand", "All")
    }
    assert 0 < counts["OnDemand"] < counts["Automatic"] < counts["All"]
    assert counts["All"] < len(client.records()) == len(client.simulator.account.calls)
    assert len(client.records(withRecording="true")) == counts["All"]


def test_dates_act_on_the_start(client: Client) -> None:
    """The window is about startTime, both ends within it; the end of a call does not matter."""
    call = next(call for call in client.simulator.account.calls if _long_enough(call))
    start = call.started_at.isoformat()
    found = client.records(dateFrom=start, dateTo=start)
    assert call.id in [record["id"] for record in found]
    assert not client.records(dateFrom=call.ended_at.isoformat(), dateTo=call.ended_at.isoformat())


def test_default_is_the_last_day(client: Client, clock: Clock) -> None:
    """Without dates the log is that of the last 24 hours."""
    day_s = 24 * 3600
    expected = [
        call.id
        for call in client.simulator.account.calls
        if (clock.now - call.started_at).total_seconds() <= day_s
    ]
    assert [record["id"] for record in client.get("/call-log").json()["records"]] == expected
    assert expected


@pytest.mark.parametrize(
    "query",
    [
        {"dateFrom": "yesterday"},
        {"dateFrom": "2026-11-01T00:00:00"},
        {"dateTo": "2026-11-01T00:00:00 00:00"},  # a plus sign that nobody encoded
        {"dateTo": ""},
        {"perPage": "0"},
        {"perPage": "many"},
        {"page": "0"},
        {"page": "-1"},
        {"view": "Full"},
        {"recordingType": "Manual"},
        {"direction": "Sideways"},
    ],
)
def test_malformed_parameter_is_named(client: Client, query: dict[str, Any]) -> None:
    """A parameter that can't be understood is 400 CMN-101 with its name and value."""
    response = client.get("/call-log", **query)
    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert error["errorCode"] == "CMN-101"
    assert {error["parameterName"]: error["parameterValue"]} == query


def test_unknown_parameters_are_ignored(client: Client) -> None:
    """What nobody knows changes nothing."""
    assert client.records(colour="red") == client.records()


def test_filters(client: Client) -> None:
    """Direction, extension, phone number and session each give the calls that have them."""
    one = next(call for call in client.simulator.account.calls if call.outside_number)
    assert one.extension
    assert one.outside_number
    queries = (
        {"direction": one.direction},
        {"extensionNumber": one.extension.number},
        {"phoneNumber": one.outside_number.removeprefix("+")},
        {"telephonySessionId": one.telephony_session_id},
        {"sessionId": one.session_id},
    )
    for query in queries:
        found = [record["id"] for record in client.records(**query)]
        assert one.id in found
        assert len(found) < len(client.simulator.account.calls)


def test_other_account_is_not_found(client: Client) -> None:
    """The own account answers by its id as well, any other is 404 CMN-102."""
    own = client.account_url.replace("~", client.options.account_id)
    assert client.get(f"{own}/call-log").status_code == 200
    response = client.get(f"{client.account_url.replace('~', '12345')}/call-log")
    assert (response.status_code, response.json()["errorCode"]) == (404, "CMN-102")


def test_uris_name_the_host_that_was_asked(client: Client) -> None:
    """Pages and content lie on the address that the client uses."""
    url = client.account_url.replace("127.0.0.1", "localhost")
    page = client.get(
        f"{url}/call-log", dateFrom="2026-01-01T00:00:00Z", recordingType="All"
    ).json()
    assert page["navigation"]["firstPage"]["uri"].startswith(f"{url}/call-log")
    origin = url.removesuffix("/restapi/v1.0/account/~")
    assert page["records"][0]["recording"]["contentUri"].startswith(origin)


def test_record_comes_late_and_its_recording_later(start: Start, clock: Clock) -> None:
    """A call shows when it has ended and the lag has passed, its recording one lag later."""
    client = start(Options(quotas=AMPLE, record_lag_s=30, recording_lag_s=300))
    call = next(
        call for call in client.simulator.account.calls if call.recording and not call.listed_early
    )
    assert call.recording
    record_lag_s, recording_lag_s = 30, 300

    def seen(**query: str) -> list[dict[str, Any]]:
        at = call.started_at.isoformat()
        records = client.records(dateFrom=at, dateTo=at, view="Detailed", **query)
        return [record for record in records if record["id"] == call.id]

    clock.now = call.ended_at
    client.sign_in()
    assert seen() == []
    clock.advance(record_lag_s)
    (before,) = seen()
    assert recording_ids([before]) == []
    assert seen(recordingType="All") == []
    assert client.content(call.recording.id).status_code == 404
    clock.advance(recording_lag_s)
    (after,) = seen(recordingType="All")
    assert set(recording_ids([after])) == {call.recording.id}
    assert after["lastModifiedTime"] > before["lastModifiedTime"]
    assert client.content(call.recording.id).status_code == 200


def test_queued_call_is_listed_early_and_rewritten(start: Start, clock: Clock) -> None:
    """The same record is unfinished while the call lasts, and finished afterwards."""
    client = start(Options(quotas=AMPLE))
    call = next(call for call in client.simulator.account.calls if call.listed_early)
    clock.now = call.started_at
    client.sign_in()
    (early,) = client.records(sessionId=call.session_id)
    clock.now = call.ended_at
    (late,) = client.records(sessionId=call.session_id)
    assert early["id"] == late["id"]
    assert (early["finished"], early["result"]) == (False, "In Progress")
    assert (late["finished"], late["result"]) == (True, "Accepted")
    assert "recording" not in early
    assert "recording" in late
