"""The recordings that a person selects: by id, call, extension, phone number or period."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ringvault.core.catalogue.indexes import Index, Indexes, Lookup
from ringvault.core.catalogue.item import CatalogueItem, CatalogueReader, Hold, State
from ringvault.core.catalogue.phone_number import (
    ReadNumber,
    normalised_number,
    number_key,
    numbers_of,
    read_north_american,
)
from ringvault.core.errors import InvalidRequestError
from ringvault.core.spans import Period

# As many as one round trip returns.
_PAGE = 100
# Sorts before and after every call; whole milliseconds, as the catalogue's instants are.
_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Selection:
    """A person's selection; `period` also narrows an extension or a number.

    `read` reads the number as it is written here and in the records.

    Raises InvalidRequestError if it is empty, or its parts can't be combined.
    """

    recording_ids: Sequence[str] = ()
    telephony_session_id: str = ""
    extension_id: str = ""
    phone_number: str = ""
    period: Period | None = None
    read: ReadNumber = read_north_american

    def __post_init__(self) -> None:
        """Refuse an invalid selection."""
        named = [self.recording_ids, self.telephony_session_id, self.extension_id]
        ways = sum(map(bool, [*named, self.phone_number]))
        if ways > 1:
            raise InvalidRequestError("recordings are selected in more than one way")
        if not ways and self.period is None:
            raise InvalidRequestError("no recordings are selected")
        if self.period is not None and (self.recording_ids or self.telephony_session_id):
            raise InvalidRequestError(
                "--from and --to can't be combined with --recording or --call"
            )
        if self.phone_number and self.number is None:
            raise InvalidRequestError(
                "--number is not a phone number",
                hint="write it with + and country code, such as +16505550100, or give an extension"
                " number",
            )

    @property
    def number(self) -> str | None:
        """The number in the form in which numbers are compared."""
        return normalised_number(self.phone_number, self.read)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A selected recording; `size_bytes` is 0 if it is not in the vault."""

    recording_id: str
    started_at: datetime
    state: State
    size_bytes: int
    hold: Hold | None


def choose(
    selection: Selection, *, indexes: Indexes, catalogue: CatalogueReader
) -> Iterator[Chosen]:
    """Yield the selected recordings; an index leaves out erased ones.

    Raises:
        InvalidRequestError: an id is unknown.
    """
    if selection.recording_ids:
        return (_found(it, catalogue) for it in dict.fromkeys(selection.recording_ids))
    if selection.telephony_session_id:
        return map(chosen_of, indexes.of_call(selection.telephony_session_id))
    return _by_index(selection, indexes)


def chosen_of(item: CatalogueItem) -> Chosen:
    """Return the fields of an item that a selection needs."""
    return Chosen(
        recording_id=item.recording.recording_id,
        started_at=item.recording.started_at,
        state=item.state,
        size_bytes=item.archived.size_bytes if item.archived else 0,
        hold=item.hold,
    )


def _found(recording_id: str, catalogue: CatalogueReader) -> Chosen:
    item = catalogue.find(recording_id)
    if item is None:
        raise InvalidRequestError(
            f"--recording: {recording_id[:80]} is not in the catalogue",
            hint="give the id as the page and ringvault hold list show it",
        )
    return chosen_of(item)


def _by_index(selection: Selection, indexes: Indexes) -> Iterator[Chosen]:
    period = selection.period
    from_at, before_at = (period.from_at, period.to_at) if period else _EVER
    after = None
    while True:
        reading = indexes.newest_first(
            _lookup(selection), from_at=from_at, before_at=before_at, max_items=_PAGE, after=after
        )
        yield from (chosen_of(item) for item in reading.items if _is_meant(item, selection))
        if reading.next is None:
            return
        after = reading.next


def _lookup(selection: Selection) -> Lookup:
    if selection.extension_id:
        return Lookup(Index.EXTENSION, selection.extension_id)
    if selection.number is not None:
        return Lookup(Index.NUMBER, number_key(selection.number, extension_id=None))
    return Lookup(Index.MONTH, "")


def _is_meant(item: CatalogueItem, selection: Selection) -> bool:
    """Whether the item itself matches: an index may still have its former values."""
    recording = item.recording
    if selection.extension_id:
        return recording.extension_id == selection.extension_id
    return selection.number is None or selection.number in numbers_of(
        recording.call_record, selection.read
    )
