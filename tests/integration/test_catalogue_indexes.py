"""Searching the catalogue by its indexes, in tables as template.yaml defines them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringvault.adapters.dynamodb.batches import MAX_ROUNDS, put_batches
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.adapters.dynamodb.item import new_attributes
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.api.search_parameters import format_cursor, read_search
from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ServiceUnavailableError
from ringvault.core.playback.rights import Listener
from ringvault.core.playback.search import recordings_of_call, search_recordings
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, STARTED_AT, archived_of, recording_of

HEARS_ALL = Listener(user_id="supervisor", hears_all=True, extension_id=None)
AGENT = Listener(user_id="agent", hears_all=False, extension_id="101")
MS = timedelta(milliseconds=1)
ANN, BOB = "+16505550100", "+16505550101"


@dataclass(frozen=True, slots=True)
class Archive:
    """A catalogue with its number index, written as the lister writes it."""

    cloud: Cloud
    client: Any
    catalogue_table: str
    number_index_table: str

    @classmethod
    def empty(cls, cloud: Cloud) -> "Archive":
        """Return one with tables of its own, and a client that nobody else watches."""
        tables = (cloud.make_table("CatalogueTable"), cloud.make_table("NumberIndexTable"))
        return cls(cloud, cloud.own_client("dynamodb"), *tables)

    @property
    def catalogue(self) -> CatalogueTable:
        """The catalogue as the archiver changes it."""
        return CatalogueTable(self.catalogue_table, self.client)

    @property
    def indexes(self) -> CatalogueIndexes:
        """The catalogue as searches read it."""
        return CatalogueIndexes(
            self.client,
            catalogue_table=self.catalogue_table,
            number_index_table=self.number_index_table,
        )

    def point_to(self, *recordings: Recording) -> None:
        """Add recordings to the number index only."""
        NumberIndex(self.number_index_table, self.client).add(recordings)

    def add(self, *recordings: Recording) -> None:
        """Add recordings, pointers first."""
        self.point_to(*recordings)
        self.catalogue.add_new(recordings, listed_at=NOW)

    def pages(self, parameters: Mapping[str, str], listener: Listener) -> Iterator[list[str]]:
        """Yield the ids on each page to the last, listing nothing forever."""
        cursor: dict[str, str] = {}
        for _ in range(200):
            page = search_recordings(
                read_search({**parameters, **cursor}, now=NOW),
                listener=listener,
                catalogue=self.indexes,
            )
            yield [item.recording.recording_id for item in page.items]
            if page.next is None:
                return
            cursor = {"cursor": format_cursor(page.next)}
        raise AssertionError("the cursor does not end")

    def found(self, listener: Listener = HEARS_ALL, /, **parameters: str) -> list[str]:
        """Return the ids on all pages."""
        return [each for page in self.pages(parameters, listener) for each in page]


@pytest.fixture
def archive(cloud: Cloud) -> Archive:
    """Return an empty archive."""
    return Archive.empty(cloud)


def call_of(recording_id: str, *, number: str = ANN, **changes: Any) -> Recording:
    """Return a recording of an inbound call from a number to extension number 7."""
    record = {
        "direction": changes.pop("direction", "Inbound"),
        "telephonySessionId": changes.pop("session", f"s-{recording_id}"),
        "from": {"phoneNumber": number},
        "to": {"extensionNumber": "7"},
    }
    return recording_of(recording_id, call_record=record, **changes)


def test_filters_are_combined(archive: Archive) -> None:
    """Each filter alone, all together, and a number written as people write it."""
    archive.add(
        call_of("1"),
        call_of("2", number=BOB, extension_id="102"),
        call_of("3", direction="Outbound", started_at=STARTED_AT + MS),
    )
    archive.catalogue.set_archived("1", archived_of(call_of("1")))
    everything = {
        "from": "2026-11-01",
        "to": "2026-11-21",
        "phoneNumber": "(650) 555-0100",
        "extension": "101",
        "direction": "Inbound",
        "state": "ARCHIVED",
    }

    assert archive.found() == ["3", "2", "1"]
    assert archive.found(phoneNumber="650-555-0100") == ["3", "1"]
    assert archive.found(phoneNumber="7") == ["3", "2", "1"]
    assert archive.found(extension="102") == ["2"]
    assert archive.found(direction="Outbound") == ["3"]
    assert archive.found(state="PENDING") == ["3", "2"]
    assert archive.found(to="2026-11-21T12:00:00.001Z") == ["2", "1"]
    assert archive.found(**everything) == ["1"]
    assert archive.found(**{**everything, "state": "FAILED"}) == []


@pytest.mark.parametrize(
    "parameters", [{}, {"state": "PENDING"}, {"extension": "101"}, {"phoneNumber": ANN}]
)
@pytest.mark.parametrize("limit", ["1", "3", "7", "100"])
def test_pages_meet_each_recording_once(
    archive: Archive, parameters: dict[str, str], limit: str
) -> None:
    """Whatever starts in the same millisecond, and over the end of months and of the year."""
    instants = [datetime(2025, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)]
    instants += [instants[0] + MS, datetime(2026, 8, 1, tzinfo=UTC), NOW - MS]
    recordings = [call_of(f"{number:02}", started_at=instants[number // 4]) for number in range(16)]
    archive.add(*recordings)
    newest_first = [it.recording_id for it in reversed(recordings)]

    assert archive.found(**parameters, limit=limit) == newest_first


def test_paging_is_not_moved_by_what_happens_meanwhile(archive: Archive) -> None:
    """A change of state and newer recordings neither repeat nor hide what was there."""
    recordings = [call_of(str(it), started_at=STARTED_AT + it * MS) for it in range(8)]
    archive.add(*recordings)
    pages = archive.pages({"state": "PENDING", "limit": "2"}, HEARS_ALL)
    shown = next(pages)
    archive.add(*(call_of(f"new-{it}", started_at=STARTED_AT + 9 * MS) for it in range(3)))
    # The cursor's own recording leaves the index.
    archive.catalogue.set_archived("6", archived_of(recordings[6]))

    assert shown == ["7", "6"]
    assert [each for page in pages for each in page] == ["5", "4", "3", "2", "1", "0"]


def test_a_listener_finds_their_own_only(archive: Archive) -> None:
    """By any index, one finds the recordings of one's own extension; another's: nothing."""
    archive.add(call_of("own"), call_of("another", extension_id="102"))
    archive.add(call_of("nobodys", extension_id=None))

    for parameters in ({}, {"phoneNumber": ANN}, {"state": "PENDING"}, {"extension": "101"}):
        assert archive.found(AGENT, **parameters) == ["own"]
    assert archive.found(AGENT, extension="102") == []
    assert archive.found(AGENT, extension="102", phoneNumber=ANN) == []


def test_a_dead_lister_leaves_pointers_only(archive: Archive) -> None:
    """A pointer to nothing, and one to a start that was corrected, are passed over."""
    archive.point_to(call_of("dangling"), call_of("moved", started_at=STARTED_AT - MS))
    archive.add(call_of("moved"))

    assert archive.found(phoneNumber=ANN) == ["moved"]


def test_pointing_again_changes_nothing(archive: Archive) -> None:
    """The next lister writes the same pointers, and nothing is found twice."""
    for _ in range(2):
        archive.add(call_of("1"), call_of("2"))

    assert archive.found(phoneNumber=ANN) == ["2", "1"]
    # Two numbers, each for who hears all and for the extension's own listener.
    count = archive.client.scan(TableName=archive.number_index_table, Select="COUNT")["Count"]
    assert count == 2 * 2 * 2


def test_no_number_stands_in_the_number_index(archive: Archive) -> None:
    """Neither key nor attribute of a pointer shows a phone number."""
    archive.add(call_of("1"))
    items = archive.client.scan(TableName=archive.number_index_table)["Items"]

    assert items
    assert "6505550100" not in str(items)


def test_a_call_without_numbers_or_session(archive: Archive) -> None:
    """A call record that says next to nothing is listed, and found by month and state."""
    archive.add(recording_of("1", call_record={}, extension_id=None))

    assert archive.found() == archive.found(state="PENDING") == ["1"]


def test_a_call_is_found_with_its_transfers(archive: Archive) -> None:
    """All recordings of a session in order of start, of which a listener gets their own."""
    archive.add(
        call_of("3", session="s-1", started_at=STARTED_AT + 2 * MS, extension_id="102"),
        call_of("2", session="s-1", started_at=STARTED_AT + MS),
        call_of("1", session="s-1"),
        call_of("4", session="s-2"),
    )

    def ids(session: str, listener: Listener) -> list[str]:
        found = recordings_of_call(session, listener=listener, catalogue=archive.indexes)
        return [item.recording.recording_id for item in found]

    assert ids("s-1", HEARS_ALL) == ["1", "2", "3"]
    assert ids("s-1", AGENT) == ["1", "2"]
    assert ids("s-3", HEARS_ALL) == []


def test_a_search_by_month_reaches_ten_years(archive: Archive) -> None:
    """A month without recordings does not end the search, nor does the last of all years."""
    archive.add(call_of("1", started_at=datetime(2016, 12, 1, tzinfo=UTC)))

    assert archive.found(**{"from": "2016-12-01"}) == ["1"]
    assert archive.found(**{"from": "9999-01-01", "to": "9999-12-30"}) == []


RECORDINGS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from([ANN, BOB]), st.sampled_from(["101", "102", None])
    ),
    max_size=12,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    fields=RECORDINGS,
    limit=st.integers(1, 4),
    parameters=st.fixed_dictionaries(
        {},
        optional={"phoneNumber": st.just(ANN), "extension": st.sampled_from(["101", "102"])},
    ),
    listener=st.sampled_from([HEARS_ALL, AGENT]),
)
def test_what_is_found_is_what_is_there(
    cloud: Cloud,
    fields: list[tuple[int, str, str | None]],
    limit: int,
    parameters: dict[str, str],
    listener: Listener,
) -> None:
    """Over all pages: all that is asked for and may be heard, once, newest first."""
    archive = Archive.empty(cloud)
    recordings = [
        call_of(f"{number:02}", number=phone, extension_id=ext, started_at=STARTED_AT + at * MS)
        for number, (at, phone, ext) in enumerate(fields)
    ]
    archive.add(*recordings)
    expected = [
        it.recording_id
        for it in sorted(recordings, key=lambda it: (it.started_at, it.recording_id), reverse=True)
        if listener.may_hear(it.extension_id)
        and it.extension_id == parameters.get("extension", it.extension_id)
        and it.call_record["from"]["phoneNumber"]
        == parameters.get("phoneNumber", it.call_record["from"]["phoneNumber"])
    ]

    assert archive.found(listener, **parameters, limit=str(limit)) == expected


@dataclass(slots=True)
class Counted:
    """What DynamoDB was asked for, and what it looked at."""

    requests: int = 0
    evaluated: int = 0
    fetched: int = 0
    limits: tuple[int | None, ...] = ()


@contextmanager
def counted(client: Any) -> Iterator[Counted]:
    """Count what a client reads."""
    seen = Counted()

    def query(params: dict[str, Any], **_: Any) -> None:
        seen.limits += (params.get("Limit"),)

    def answered(parsed: dict[str, Any], **_: Any) -> None:
        seen.requests += 1
        seen.evaluated += parsed.get("ScannedCount", 0)
        seen.fetched += sum(map(len, parsed.get("Responses", {}).values()))

    hooks: Sequence[tuple[str, Callable[..., None]]] = (
        ("provide-client-params.dynamodb.Query", query),
        ("after-call.dynamodb", answered),
    )
    for name, hook in hooks:
        client.meta.events.register(name, hook)
    yield seen
    for name, hook in hooks:
        client.meta.events.unregister(name, hook)


def fill(archive: Archive, numbers: range) -> None:
    """Add recordings, a minute between them; every fourth is Bob's."""
    recordings = [
        recording_of(
            f"{it:05}",
            extension_id=str(101 + it % 3),
            started_at=NOW - timedelta(minutes=it + 1),
            call_record={
                "direction": "Outbound" if it % 2 else "Inbound",
                "from": {"phoneNumber": BOB if it % 4 == 0 else ANN},
            },
        )
        for it in numbers
    ]
    archive.point_to(*recordings)
    items = [new_attributes(recording, NOW) for recording in recordings]
    put_batches(archive.client, archive.catalogue_table, items)


def test_a_page_costs_the_same_however_many_there_are(archive: Archive) -> None:
    """The same items are evaluated and fetched among 1,000 recordings as among 2,000."""
    searches: tuple[dict[str, str], ...] = (
        {},
        {"phoneNumber": BOB},
        {"extension": "102"},
        {"state": "PENDING"},
        {"direction": "Outbound"},
        {"extension": "102", "direction": "Outbound"},
    )

    def costs() -> list[Counted]:
        found = []
        for parameters in searches:
            with counted(archive.client) as seen:
                search_recordings(
                    read_search(parameters, now=NOW), listener=HEARS_ALL, catalogue=archive.indexes
                )
            found.append(seen)
        return found

    fill(archive, range(1000))
    few = costs()
    fill(archive, range(1000, 2000))

    assert few == costs()
    for parameters, cost in zip(searches, few, strict=True):
        assert cost.evaluated == (151 if "direction" in parameters else 51), parameters
        assert cost.fetched == cost.evaluated
        assert None not in cost.limits


def test_a_listeners_page_costs_the_same_whatever_others_said(cloud: Cloud) -> None:
    """A number that others talk to all day costs a listener what they talked to it themselves."""
    archive = Archive.empty(cloud)
    archive.add(*(call_of(f"{it}", extension_id="102") for it in range(60)), call_of("own"))
    with counted(archive.client) as seen:
        assert archive.found(AGENT, phoneNumber=ANN) == ["own"]
    assert (seen.evaluated, seen.fetched) == (1, 1)


def test_what_a_batch_leaves_is_asked_for_again(cloud: Cloud) -> None:
    """Pointers that DynamoDB did not write under throttling are written then, up to a bound."""
    client = cloud.own_client("dynamodb")
    left = {"PutRequest": {"Item": {"number_key": {"S": "k"}, "started_at_id": {"S": "1"}}}}
    some: Any = {"UnprocessedItems": {"t": [left]}}
    index = NumberIndex("t", client)
    with Stubber(client) as stub:
        stub.add_response("batch_write_item", some)
        stub.add_response("batch_write_item", {}, {"RequestItems": {"t": [left]}})
        index.add([call_of("1")])
        for _ in range(MAX_ROUNDS):
            stub.add_response("batch_write_item", some)
        with pytest.raises(ServiceUnavailableError, match="throttled"):
            index.add([call_of("1")])


def test_a_changed_state_is_told_as_the_table_has_it(archive: Archive) -> None:
    """An index may lag: what is found is judged by the item itself."""
    recording = call_of("1")
    archive.add(recording)
    item = archive.catalogue.find("1")
    assert item is not None
    archive.catalogue.end(item, state=State.ABSENT, reason="404", attempts=1)
    listed = replace(recording, recording_id="2")
    archive.add(listed)

    assert archive.found(state="ABSENT") == ["1"]
    assert archive.found(state="PENDING") == ["2"]
