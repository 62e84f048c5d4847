"""Finds recordings among those that the listener may hear."""

from dataclasses import dataclass, replace
from datetime import datetime

from ringvault.core.catalogue.indexes import Index, Indexes, Lookup, Position
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.catalogue.phone_number import (
    ReadNumber,
    number_key,
    numbers_of,
    read_north_american,
)
from ringvault.core.catalogue.recording import is_recording_id
from ringvault.core.playback.rights import Listener

# The most that one page reads if a filter excludes most of it: five round trips, at worst half a
# second. The cursor continues from there.
MAX_READ = 400
# The limit of BatchGetItem.
ROUND = 100


@dataclass(frozen=True, slots=True)
class Search:
    """The recordings that started in [from_at, before_at), a page of `limit` after `after`.

    Both instants are whole milliseconds, as the catalogue's are. `number` is normalised. A value of
    None does not narrow the search.
    """

    from_at: datetime
    before_at: datetime
    limit: int
    after: Position | None
    number: str | None
    extension_id: str | None
    direction: str | None
    state: State | None


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Some recordings, newest first; `next` is None if there are no more.

    There may be more though the page holds few, or none: reading a page is bounded.
    """

    items: tuple[CatalogueItem, ...]
    next: Position | None


def search_recordings(
    search: Search,
    *,
    listener: Listener,
    catalogue: Indexes,
    read: ReadNumber = read_north_american,
) -> CataloguePage:
    """Return a page of the matching recordings, newest first.

    `read` reads phone numbers, those of the records too.

    Only recordings that the listener may hear are read, so page and cursor reveal no others.
    """
    within = _within_rights(search, listener)
    return CataloguePage((), None) if within is None else _search(within, catalogue, read)


def _search(search: Search, catalogue: Indexes, read: ReadNumber) -> CataloguePage:
    found: list[CatalogueItem] = []
    entries, max_items, after = 0, search.limit + 1, search.after
    while True:
        reading = catalogue.newest_first(
            lookup_for(search),
            from_at=search.from_at,
            before_at=search.before_at,
            max_items=max_items,
            after=after,
        )
        entries, after = entries + reading.read, reading.next
        found += (item for item in reading.items if _is_wanted(item, search, read))
        if len(found) > search.limit or after is None or entries >= MAX_READ:
            return _page(found, search.limit, after)
        max_items = min(ROUND, MAX_READ - entries)


def recordings_of_call(
    telephony_session_id: str, *, listener: Listener, catalogue: Indexes
) -> tuple[CatalogueItem, ...]:
    """Return the recordings of one call that the listener may hear, in order of start.

    RingCentral keeps the telephony session over transfers. Empty if the call is unknown, if
    none of it may be heard, and if the id is malformed.
    """
    if not is_recording_id(telephony_session_id):
        return ()
    items = catalogue.of_call(telephony_session_id)
    return tuple(item for item in items if listener.may_hear(item.recording.extension_id))


def lookup_for(search: Search) -> Lookup:
    """Return the index entry with the fewest recordings besides the matching ones."""
    if search.number is not None:
        return Lookup(Index.NUMBER, number_key(search.number, extension_id=search.extension_id))
    if search.extension_id is not None:
        return Lookup(Index.EXTENSION, search.extension_id)
    if search.state is not None:
        return Lookup(Index.STATE, search.state)
    return Lookup(Index.MONTH, "")


def _within_rights(search: Search, listener: Listener) -> Search | None:
    """Return the search limited to what the listener may hear, None if that is nothing."""
    if listener.hears_all:
        return search
    if listener.extension_id is None or search.extension_id not in (None, listener.extension_id):
        return None
    return replace(search, extension_id=listener.extension_id)


def _is_wanted(item: CatalogueItem, search: Search, read: ReadNumber) -> bool:
    """Whether the item matches, even if the index that led to it is outdated."""
    recording = item.recording
    return (
        search.extension_id in (None, recording.extension_id)
        and search.state in (None, item.state)
        and search.direction in (None, recording.call.direction)
        and (search.number is None or search.number in numbers_of(recording.call_record, read))
    )


def _page(found: list[CatalogueItem], limit: int, after: Position | None) -> CataloguePage:
    if len(found) > limit:
        last = found[limit - 1].recording
        after = Position(last.started_at, last.recording_id)
    return CataloguePage(tuple(found[:limit]), after)
