"""Which index answers a search, what a page holds, and that no search widens a right."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringvault.api.search_parameters import format_cursor, read_search
from ringvault.core.catalogue.indexes import Index, Lookup, Position, Reading
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.catalogue.phone_number import number_key, numbers_of
from ringvault.core.catalogue.recording import Recording
from ringvault.core.playback.rights import Listener
from ringvault.core.playback.search import (
    MAX_READ,
    CataloguePage,
    lookup_for,
    recordings_of_call,
    search_recordings,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEARS_ALL = Listener(user_id="supervisor", hears_all=True, extension_id=None)
AGENT = Listener(user_id="agent", hears_all=False, extension_id="9")
NOBODY = Listener(user_id="nobody", hears_all=False, extension_id=None)
NUMBERS = ("+16505550100", "+16505550101", "101")


def item_of(
    recording_id: str,
    *,
    minutes_ago: int = 1,
    extension_id: str | None = "9",
    number: str = NUMBERS[0],
    direction: str = "Inbound",
    state: State = State.ARCHIVED,
    session: str = "s-1",
) -> CatalogueItem:
    """Return a recording in the catalogue."""
    recording = Recording(
        recording_id=recording_id,
        account_id="1",
        content_uri=f"https://media.example/{recording_id}",
        started_at=NOW - timedelta(minutes=minutes_ago),
        duration_s=61,
        extension_id=extension_id,
        call_record={
            "direction": direction,
            "from": {"phoneNumber": number},
            "telephonySessionId": session,
        },
    )
    return CatalogueItem(recording=recording, state=state, listed_at=NOW)


def position_of(item: CatalogueItem) -> Position:
    """Return where an item stands."""
    return Position(item.recording.started_at, item.recording.recording_id)


class FakeIndexes:
    """Indexes in memory, that count what is read; dangling pointers lead nowhere."""

    def __init__(self, *items: CatalogueItem, dangling: tuple[CatalogueItem, ...] = ()) -> None:
        self.items = list(items)
        self.dangling = dangling
        self.read: list[CatalogueItem] = []

    def newest_first(
        self,
        lookup: Lookup,
        *,
        from_at: datetime,
        before_at: datetime,
        max_items: int,
        after: Position | None,
    ) -> Reading:
        listed = sorted([*self.items, *self.dangling], key=_order, reverse=True)
        inside = (
            item
            for item in listed
            if lookup in _lookups(item)
            and from_at <= item.recording.started_at < before_at
            and (after is None or _order(item) < (after.started_at, after.recording_id))
        )
        read = tuple(islice(inside, max_items))
        self.read += read
        found = tuple(item for item in read if item not in self.dangling)
        return Reading(found, len(read), position_of(read[-1]) if len(read) == max_items else None)

    def of_call(self, telephony_session_id: str) -> tuple[CatalogueItem, ...]:
        return tuple(
            item
            for item in sorted(self.items, key=_order)
            if item.recording.call_record["telephonySessionId"] == telephony_session_id
        )


def _order(item: CatalogueItem) -> tuple[datetime, str]:
    return item.recording.started_at, item.recording.recording_id


def _lookups(item: CatalogueItem) -> set[Lookup]:
    extension_id = item.recording.extension_id
    return {
        Lookup(Index.MONTH, ""),
        Lookup(Index.STATE, item.state),
        Lookup(Index.EXTENSION, extension_id or "-"),
        *(
            Lookup(Index.NUMBER, number_key(number, extension_id=scope))
            for number in numbers_of(item.recording.call_record)
            for scope in (None, extension_id)
        ),
    }


def searched(
    indexes: FakeIndexes, listener: Listener = HEARS_ALL, /, **parameters: str
) -> CataloguePage:
    """Return one page."""
    return search_recordings(read_search(parameters, now=NOW), listener=listener, catalogue=indexes)


def ids_of(page: CataloguePage) -> list[str]:
    """Return the ids on a page."""
    return [item.recording.recording_id for item in page.items]


def all_pages(
    indexes: FakeIndexes, listener: Listener, parameters: Mapping[str, str]
) -> list[CataloguePage]:
    """Follow the cursors to the end."""
    pages = [searched(indexes, listener, **parameters)]
    while (position := pages[-1].next) is not None:
        assert len(pages) < 200, "the cursor does not end"
        onward = {**parameters, "cursor": format_cursor(position)}
        pages.append(searched(indexes, listener, **onward))
    return pages


@pytest.mark.parametrize(
    ("parameters", "lookup"),
    [
        ({}, Lookup(Index.MONTH, "")),
        ({"direction": "Inbound"}, Lookup(Index.MONTH, "")),
        ({"state": "FAILED"}, Lookup(Index.STATE, "FAILED")),
        ({"state": "FAILED", "extension": "9"}, Lookup(Index.EXTENSION, "9")),
        (
            {"phoneNumber": "101", "state": "FAILED", "direction": "Inbound"},
            Lookup(Index.NUMBER, number_key("101", extension_id=None)),
        ),
        (
            {"phoneNumber": "101", "extension": "9"},
            Lookup(Index.NUMBER, number_key("101", extension_id="9")),
        ),
    ],
)
def test_the_most_selective_index_answers(parameters: dict[str, str], lookup: Lookup) -> None:
    """A number before an extension, that before a state, that before a month."""
    assert lookup_for(read_search(parameters, now=NOW)) == lookup


def test_filters_narrow_together() -> None:
    """A recording is found when it is all that is asked for."""
    items = [
        item_of("wanted", state=State.FAILED, direction="Outbound"),
        item_of("another-number", state=State.FAILED, direction="Outbound", number="102"),
        item_of("another-extension", state=State.FAILED, direction="Outbound", extension_id="8"),
        item_of("another-state", direction="Outbound"),
        item_of("another-direction", state=State.FAILED),
    ]
    page = searched(
        FakeIndexes(*items),
        phoneNumber="(650) 555-0100",
        extension="9",
        state="FAILED",
        direction="Outbound",
    )

    assert ids_of(page) == ["wanted"]


def test_a_page_without_filters_reads_one_more_than_it_shows() -> None:
    """The one more says whether there is a next page; nothing else is read."""
    indexes = FakeIndexes(*(item_of(str(it), minutes_ago=it) for it in range(1, 500)))
    page = searched(indexes, limit="50")

    assert ids_of(page) == [str(it) for it in range(1, 51)]
    assert page.next == position_of(page.items[-1])
    assert len(indexes.read) == 51


def test_the_last_page_has_no_cursor() -> None:
    """A page that shows the last recording says that there are no more, even when it is full."""
    indexes = FakeIndexes(*(item_of(str(it), minutes_ago=it) for it in range(1, 51)))

    assert (len(searched(indexes, limit="50").items), searched(indexes, limit="50").next) == (
        50,
        None,
    )


def test_reading_is_bounded_where_a_filter_leaves_out_all() -> None:
    """An empty page with a cursor, then the one recording behind a thousand others."""
    others = [item_of(f"{it:04}", minutes_ago=it) for it in range(1, 1001)]
    indexes = FakeIndexes(*others, item_of("last", minutes_ago=2000, direction="Outbound"))
    first = searched(indexes, direction="Outbound")
    first_read = len(indexes.read)
    pages = all_pages(indexes, HEARS_ALL, {"direction": "Outbound"})

    assert (first.items, first_read) == ((), MAX_READ)
    assert first.next == position_of(others[MAX_READ - 1])
    assert [ids_of(page) for page in pages] == [[], [], ["last"]]


def test_pointers_that_lead_nowhere_are_passed_over() -> None:
    """What a dying lister left in the number index neither shows nor ends the search."""
    dangling = tuple(item_of(f"ghost-{it}", minutes_ago=it) for it in range(1, 500))
    indexes = FakeIndexes(item_of("real", minutes_ago=600), dangling=dangling)
    pages = all_pages(indexes, HEARS_ALL, {"phoneNumber": NUMBERS[0]})

    assert [ids_of(page) for page in pages] == [[], ["real"]]


@pytest.mark.parametrize(
    "parameters",
    [{}, {"phoneNumber": NUMBERS[0]}, {"state": "ARCHIVED"}, {"direction": "Inbound"}],
)
def test_nothing_is_read_that_may_not_be_heard(parameters: dict[str, str]) -> None:
    """Another's recordings appear neither in the page, nor in the cursor, nor in the time taken."""
    others = [item_of(str(it), minutes_ago=it, extension_id="8") for it in range(1, 600)]
    nobodys = item_of("0", minutes_ago=700, extension_id=None)
    indexes = FakeIndexes(*others, nobodys, item_of("own", minutes_ago=800))
    page = searched(indexes, AGENT, **parameters)

    assert (ids_of(page), page.next) == (["own"], None)
    assert {item.recording.extension_id for item in indexes.read} == {"9"}


@pytest.mark.parametrize("listener", [AGENT, NOBODY])
def test_anothers_extension_is_an_empty_page(listener: Listener) -> None:
    """Asking for what one may not hear looks as if there were nothing, and reads nothing."""
    indexes = FakeIndexes(item_of("1", extension_id="8"))

    assert searched(indexes, listener, extension="8") == CataloguePage((), None)
    assert indexes.read == []


def test_without_any_right_nothing_is_found() -> None:
    """Who hears neither all nor an extension finds not even what has no extension."""
    indexes = FakeIndexes(item_of("1", extension_id=None), item_of("2"))

    assert searched(indexes, NOBODY) == CataloguePage((), None)
    assert indexes.read == []


def test_an_index_that_lies_widens_no_right() -> None:
    """The item itself decides who may hear it, not the entry that led to it."""

    class Lying(FakeIndexes):
        def newest_first(self, lookup: Lookup, **span: Any) -> Reading:
            return super().newest_first(Lookup(Index.MONTH, ""), **span)

    page = searched(Lying(item_of("1", extension_id="8"), item_of("2")), AGENT)

    assert ids_of(page) == ["2"]


ITEMS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        minutes_ago=st.integers(1, 6),
        extension_id=st.sampled_from(["9", "8", None]),
        number=st.sampled_from(NUMBERS),
        direction=st.sampled_from(["Inbound", "Outbound"]),
        state=st.sampled_from(list(State)),
    ),
    max_size=40,
)
FILTERS = st.fixed_dictionaries(
    {"limit": st.sampled_from(["1", "2", "7"])},
    optional={
        "extension": st.sampled_from(["9", "8", "7"]),
        "phoneNumber": st.sampled_from(NUMBERS),
        "direction": st.sampled_from(["Inbound", "Outbound"]),
        "state": st.sampled_from([state.value for state in State]),
    },
)


def _is_asked_for(item: CatalogueItem, parameters: Mapping[str, str]) -> bool:
    record = item.recording.call_record
    told = {
        "extension": item.recording.extension_id,
        "phoneNumber": record["from"]["phoneNumber"],
        "direction": record["direction"],
        "state": item.state.value,
    }
    return all(told[name] == value for name, value in parameters.items() if name in told)


@settings(deadline=None)
@given(fields=ITEMS, parameters=FILTERS, listener=st.sampled_from([HEARS_ALL, AGENT, NOBODY]))
def test_pages_hold_each_recording_asked_for_once(
    fields: list[dict[str, Any]], parameters: dict[str, str], listener: Listener
) -> None:
    """Over all pages: everything that is asked for and may be heard, once, newest first."""
    items = [item_of(f"{number:02}", **it) for number, it in enumerate(fields)]
    pages = all_pages(FakeIndexes(*items), listener, parameters)
    expected = [
        item
        for item in sorted(items, key=_order, reverse=True)
        if listener.may_hear(item.recording.extension_id) and _is_asked_for(item, parameters)
    ]

    assert [item for page in pages for item in page.items] == expected
    assert all(len(page.items) <= int(parameters["limit"]) for page in pages)


@settings(deadline=None)
@given(fields=ITEMS, new=ITEMS, parameters=FILTERS)
def test_what_arrives_meanwhile_moves_no_page(
    fields: list[dict[str, Any]], new: list[dict[str, Any]], parameters: dict[str, str]
) -> None:
    """Recordings listed between two pages neither repeat nor hide any that was there."""
    items = [item_of(f"{number:02}", **it) for number, it in enumerate(fields)]
    indexes = FakeIndexes(*items)
    first = searched(indexes, **parameters)
    indexes.items += [item_of(f"new-{number:02}", **it) for number, it in enumerate(new)]
    shown = list(first.items)
    if first.next is not None:
        rest = all_pages(indexes, HEARS_ALL, {**parameters, "cursor": format_cursor(first.next)})
        shown += [item for page in rest for item in page.items]

    old = [item for item in shown if not item.recording.recording_id.startswith("new-")]
    ordered = sorted(items, key=_order, reverse=True)
    assert old == [item for item in ordered if _is_asked_for(item, parameters)]


@pytest.mark.parametrize(
    "parameters", [{"extension": "8"}, {"phoneNumber": NUMBERS[1]}, {"state": "FAILED"}]
)
def test_a_cursor_of_another_search_widens_no_right(parameters: dict[str, str]) -> None:
    """A cursor is a position and nothing more: whoever has it sees what they see without."""
    items = [item_of(str(it), minutes_ago=it, extension_id="89"[it % 2]) for it in range(1, 9)]
    foreign = format_cursor(Position(NOW - timedelta(minutes=4), "4"))
    page = searched(FakeIndexes(*items), AGENT, cursor=foreign)
    others = searched(FakeIndexes(*items), AGENT, cursor=foreign, **parameters)

    assert ids_of(page) == ["5", "7"]
    assert others.items == ()


def test_a_call_is_all_its_recordings_in_order() -> None:
    """Transfers included, oldest first, and nothing of another call."""
    items = [
        item_of("second", minutes_ago=2, extension_id="8"),
        item_of("first", minutes_ago=3),
        item_of("another", session="s-2"),
    ]
    found = recordings_of_call("s-1", listener=HEARS_ALL, catalogue=FakeIndexes(*items))

    assert [item.recording.recording_id for item in found] == ["first", "second"]


def test_of_a_call_only_what_may_be_heard() -> None:
    """A listener hears their own part of a transferred call, and of another's call nothing."""
    items = [item_of("1"), item_of("2", extension_id="8"), item_of("3", extension_id=None)]
    heard = recordings_of_call("s-1", listener=AGENT, catalogue=FakeIndexes(*items))

    assert [item.recording.recording_id for item in heard] == ["1"]
    assert recordings_of_call("s-1", listener=NOBODY, catalogue=FakeIndexes(*items)) == ()


@pytest.mark.parametrize("malformed", ["", "s 1", "s-1/..", "s" * 65, "s.1"])
def test_a_malformed_session_is_no_call(malformed: str) -> None:
    """What can't be a telephony session id never reaches the catalogue."""

    class Untouchable(FakeIndexes):
        def of_call(self, telephony_session_id: str) -> tuple[CatalogueItem, ...]:
            raise AssertionError(telephony_session_id)

    assert recordings_of_call(malformed, listener=HEARS_ALL, catalogue=Untouchable()) == ()
