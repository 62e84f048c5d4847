"""The indexes of the catalogue, by which recordings are found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ringvault.core.catalogue.item import CatalogueItem
from ringvault.core.catalogue.recording import Recording


class Index(StrEnum):
    """The properties that recordings are listed by, each newest first."""

    NUMBER = "number"
    EXTENSION = "extension"
    STATE = "state"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Lookup:
    """One entry of an index; `key` is empty for MONTH, whose entries follow from the span."""

    index: Index
    key: str


@dataclass(frozen=True, slots=True)
class Position:
    """The recording after which the next page begins, newest first."""

    started_at: datetime
    recording_id: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A part of an index: `read` entries, their recordings, and the position of the next part.

    There may be fewer recordings than entries; `next` is None at the end of the index.
    """

    items: tuple[CatalogueItem, ...]
    read: int
    next: Position | None


class Indexes(Protocol):
    """The indexes of the catalogue."""

    def newest_first(
        self,
        lookup: Lookup,
        *,
        from_at: datetime,
        before_at: datetime,
        max_items: int,
        after: Position | None,
    ) -> Reading:
        """Read at most `max_items` entries that started in [from_at, before_at), after `after`."""

    def of_call(self, telephony_session_id: str) -> tuple[CatalogueItem, ...]:
        """Return all recordings of one call, in order of start."""


class NumberPointers(Protocol):
    """The number index, for removing a recording's entries."""

    def remove(self, recording: Recording, *, former: Iterable[str]) -> None:
        """Remove the recording from all numbers, and from the keys in `former`."""
