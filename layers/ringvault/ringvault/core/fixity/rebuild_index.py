"""Makes the number index agree with the catalogue: adds missing entries, removes stale ones.

Everything in the index follows from the catalogue, so it can be rebuilt after a loss.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from ringvault.core.catalogue.recording import Recording

# An entry is written some requests before its item. An entry without an item may belong to a
# recording that is just being listed: it is checked again after this time.
GRACE = timedelta(minutes=1)
# Entries that wait for the second check, some 200 bytes each.
MAX_DOUBTFUL = 100_000


@dataclass(frozen=True, slots=True)
class CataloguePart:
    """Part of the catalogue: its recordings, and the ids of unreadable items."""

    recordings: Sequence[Recording]
    unreadable: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the index; `is_outdated` if an earlier release made its key."""

    key: str
    recording_id: str
    position: str
    is_outdated: bool = False


class WholeCatalogue(Protocol):
    """The catalogue, read completely or by id."""

    def parts(self) -> Iterator[CataloguePart]:
        """Yield all of it in parts."""

    def of_ids(self, recording_ids: Sequence[str]) -> Mapping[str, Recording | None]:
        """Return the recordings that exist of these ids; None for an unreadable item."""


class RebuiltIndex(Protocol):
    """The number index."""

    def add_missing(self, recordings: Sequence[Recording]) -> int:
        """Add the entries that the recordings lack; return how many."""

    def entries(self) -> Iterator[Sequence[Entry]]:
        """Yield the whole index in parts."""

    def is_entry_of(self, entry: Entry, recording: Recording) -> bool:
        """Whether the recording is listed by this entry."""

    def discard(self, entries: Sequence[Entry]) -> None:
        """Remove entries; missing ones are ignored."""


@dataclass(frozen=True, slots=True)
class IndexRebuilt:
    """The progress.

    `items` and `entries` were read. `left` are stale entries that the next run removes.
    `unreadable` are the ids of items that can't be read: their entries stay as they are.
    """

    items: int = 0
    added: int = 0
    entries: int = 0
    removed: int = 0
    left: int = 0
    unreadable: tuple[str, ...] = ()


def rebuild_index(
    *, catalogue: WholeCatalogue, index: RebuiltIndex, wait: Callable[[timedelta], None]
) -> Iterator[IndexRebuilt]:
    """Yield the progress; after the last one the index agrees with the catalogue, except `left`.

    The archive may go on working meanwhile. If it is interrupted, run it again: finished work
    is kept.

    Raises:
        NewerCatalogueError: a newer release has written an item.
        ServiceUnavailableError: AWS fails; run it again.
    """
    done = IndexRebuilt()
    for part in catalogue.parts():
        done = replace(
            done,
            items=done.items + len(part.recordings) + len(part.unreadable),
            added=done.added + index.add_missing(part.recordings),
            unreadable=(*done.unreadable, *part.unreadable),
        )
        yield done
    doubtful: list[Entry] = []
    for entries in index.entries():
        outdated = [entry for entry in entries if entry.is_outdated]
        index.discard(outdated)
        current = [entry for entry in entries if not entry.is_outdated]
        stale = _stale(current, catalogue=catalogue, index=index)
        kept = stale[: MAX_DOUBTFUL - len(doubtful)]
        doubtful += kept
        done = replace(
            done,
            entries=done.entries + len(entries),
            removed=done.removed + len(outdated),
            left=done.left + len(stale) - len(kept),
        )
        yield done
    if doubtful:
        wait(GRACE)
        stale = _stale(doubtful, catalogue=catalogue, index=index)
        index.discard(stale)
        done = replace(done, removed=done.removed + len(stale))
    yield done


def _stale(
    entries: Sequence[Entry], *, catalogue: WholeCatalogue, index: RebuiltIndex
) -> list[Entry]:
    """Return the entries that belong to no recording in the catalogue."""
    recordings = catalogue.of_ids(list(dict.fromkeys(it.recording_id for it in entries)))
    return [it for it in entries if _is_stale(it, recordings, index)]


def _is_stale(
    entry: Entry, recordings: Mapping[str, Recording | None], index: RebuiltIndex
) -> bool:
    if entry.recording_id not in recordings:
        return True
    recording = recordings[entry.recording_id]
    return recording is not None and not index.is_entry_of(entry, recording)
