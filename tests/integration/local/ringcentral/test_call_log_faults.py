"""Pages and records of the call log that are not as they should be."""

import json
import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from local.ringcentral.account.options import Options
from local.ringcentral.faults.chaos import Chaos
from local.ringcentral.faults.fault_kinds import fault_of_kind
from local.ringcentral.faults.record_damage import RECORD_DAMAGES
from tests.integration.local.ringcentral.client import Client, Clock, recording_ids
from tests.integration.local.ringcentral.conftest import AMPLE

Start = Callable[[Options], Client]
Record = dict[str, Any]


def _spoilt(client: Client, kind: str) -> tuple[list[Record], list[Record]]:
    """Return the records of a page as they are, and as they come with a fault of that kind."""
    query = {"view": "Detailed", "recordingType": "All"}
    whole = client.call_log(**query)["records"]
    client.simulator.inject(fault_of_kind(kind, path="*/call-log", times=1))
    return whole, client.call_log(**query)["records"]


def _of_kind(start: Start, kind: str) -> list[tuple[Record, Record]]:
    """Return all records as they are, each with what it is when struck by that kind."""
    whole = start(Options(recordings=60, quotas=AMPLE)).sign_in()
    struck = start(_all_struck(kind)).sign_in()
    return list(zip(_records(whole), _records(struck), strict=True))


def _records(client: Client) -> list[Record]:
    """Return all records, with addresses that no port makes different."""
    text = json.dumps(client.records(view="Detailed", recordingType="All"))
    records: list[Record] = json.loads(text.replace(client.simulator.base_url, ""))
    return records


def _all_struck(kind: str, **options: Any) -> Options:
    chaos = Chaos(probability=1, kinds={kind: 1}, hidden_within_s=10**9, whole_after_s=1_800)
    return Options(recordings=60, quotas=AMPLE, chaos=chaos, **options)


def _outside(record: Record) -> Any:
    return record["from" if record["direction"] == "Inbound" else "to"]


@pytest.mark.parametrize("kind", RECORD_DAMAGES)
def test_one_record_is_struck_and_its_neighbours_are_not(client: Client, kind: str) -> None:
    """A fault on demand strikes the first recorded call of a page, and only once."""
    whole, spoilt = _spoilt(client, kind)
    assert (spoilt[0] == whole[0], spoilt[1:]) == (False, whole[1:])
    assert client.call_log(view="Detailed", recordingType="All")["records"] == whole


def test_half_an_emoji(start: Start) -> None:
    """The name ends with a surrogate that stands alone."""
    for _, record in _of_kind(start, "record-half-emoji"):
        assert _outside(record)["name"].endswith("\ud83d")


def test_wrong_types(start: Start) -> None:
    """Each type is wrong in some record, and nothing else of that record is."""
    changes = [
        {name: value for name, value in record.items() if value != whole[name]}
        for whole, record in _of_kind(start, "record-wrong-types")
    ]
    assert all(len(change) == 1 for change in changes)
    values = [value for change in changes for value in change.values()]
    assert True in values
    assert 10**40 in values
    assert "somebody" in values
    assert 7 in values
    assert {"first": "Ada"} in [it.get("name") for it in values if isinstance(it, dict)]


def test_not_a_number(start: Start) -> None:
    """JSON has no such number, though many a writer and reader does."""
    durations = [record["duration"] for _, record in _of_kind(start, "record-nan")]
    assert {str(it) for it in durations} == {"nan", "inf", "-inf"}
    assert not any(map(math.isfinite, durations))


def test_out_of_the_calendar(start: Start) -> None:
    """A start before the first and after the last instant, and on a day that no month has."""
    starts = {record["startTime"][:4] for _, record in _of_kind(start, "record-out-of-calendar")}
    assert starts == {"0001", "9999", "2026"}


def test_a_leg_without_content_uri(start: Start) -> None:
    """One leg more, whose recording can't be had; those that can are as they were."""
    for whole, record in _of_kind(start, "leg-without-content-uri"):
        *legs, added = record["legs"]
        assert legs == whole["legs"]
        assert added["recording"].keys() == {"id", "type"}
        assert added["recording"]["id"] not in recording_ids([whole])


def test_huge(start: Start) -> None:
    """Some have a name of 600 KB, some 300 legs that repeat a recording."""
    names, legs = set(), set()
    for _, record in _of_kind(start, "record-huge"):
        names.add(len(_outside(record).get("name", "").encode()) // 100_000)
        legs.add(len(record["legs"]) // 100)
    assert (names, legs) == ({0, 6}, {0, 3})


@pytest.mark.parametrize("kind", [name for name, damage in RECORD_DAMAGES.items() if damage.hides])
def test_what_is_hidden_is_whole_again_later(start: Start, clock: Clock, kind: str) -> None:
    """It is not said to be available meanwhile; the rewritten record says when it was rewritten."""
    client = start(_all_struck(kind)).sign_in()
    began_at = clock.now
    books: Any = client.simulator.books(sha256=False)
    assert {(row["available"], row["recordFault"]) for row in books["recordings"]} == {
        (False, kind)
    }
    spoilt = client.call_log(view="Detailed", recordingType="All", perPage=250)["records"]
    clock.advance(1_800)
    whole = client.call_log(view="Detailed", recordingType="All", perPage=250)["records"]
    books = client.simulator.books(sha256=False)
    assert all(row["available"] and row["listed"] == 1 for row in books["recordings"])
    modified = (began_at + timedelta(minutes=30)).isoformat(timespec="milliseconds")
    assert {record["lastModifiedTime"] for record in whole} == {modified.replace("+00:00", "Z")}
    assert len(set(recording_ids(whole))) == 60
    assert len(spoilt) == len(whole)


def test_nothing_is_hidden_where_no_later_reader_looks(start: Start, clock: Clock) -> None:
    """Records of old calls are struck by what hides nothing alone."""
    chaos = Chaos(
        probability=1, kinds={"record-nan": 1, "record-without-id": 1}, hidden_within_s=86_400
    )
    account = start(Options(recordings=60, quotas=AMPLE, chaos=chaos)).simulator.account
    for call in account.call_of.values():
        is_old = clock.now - call.started_at > timedelta(days=1)
        assert account.spoilt[call.id] == "record-nan" or not is_old
    assert "record-without-id" in account.spoilt.values()


def test_an_empty_page_before_the_real_one(client: Client) -> None:
    """Its next page has another address, and what the page should have had."""
    whole = client.call_log(perPage=20)
    client.simulator.inject(fault_of_kind("page-empty-with-next", path="*/call-log", times=2))
    pages = list(client.pages(perPage=20))
    assert [len(page["records"]) for page in pages[:3]] == [0, 0, 20]
    assert pages[2]["records"] == whole["records"]
    addresses = [page["navigation"]["nextPage"]["uri"] for page in pages[:3]]
    assert len({whole["uri"], *addresses}) == 4


def test_a_page_that_leads_to_itself(client: Client) -> None:
    """Following it leads to the same page again."""
    client.simulator.inject(fault_of_kind("page-cyclic", path="*/call-log", times=1))
    page = client.call_log(perPage=20)
    assert page["navigation"]["nextPage"]["uri"] == page["uri"]
    assert page["records"] == client.get(page["uri"]).json()["records"]


def test_a_page_that_moved(client: Client) -> None:
    """Its first record is there twice, and nothing is left out."""
    whole = client.call_log(perPage=20)["records"]
    client.simulator.inject(fault_of_kind("page-repeated", path="*/call-log", times=1))
    assert client.call_log(perPage=20)["records"] == [whole[0], *whole]
