"""Reads the recordings back and compares them with the catalogue; changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from heapq import nsmallest
from itertools import islice
from typing import Protocol

from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.item import ItemsRead
from ringvault.core.concurrency import AtOnce
from ringvault.core.errors import UnreadableItemError
from ringvault.core.fixity.check import Checked, ReadBackVault, check, unreadable
from ringvault.core.fixity.verification import Sample, Verification, open_one
from ringvault.core.instants import Clock

# Progress is saved after each so many: a run that is killed reads at most as many again.
RECORDINGS_AT_ONCE = 64
# A second or so of the catalogue's index, so that the count shows progress.
COUNTED_AT_ONCE = 10_000


class VerifiedCatalogue(Protocol):
    """The catalogue, read only."""

    def archived(self, *, after: Position | None = None) -> Iterator[Position]:
        """Yield every ARCHIVED recording after `after`, oldest first."""

    def find_all(self, recording_ids: Sequence[str]) -> ItemsRead:
        """Return the items that exist of these ids, in the order of the ids."""

    def take_unreadable(self) -> Sequence[UnreadableItemError]:
        """Return the items that `archived` skipped since the last call."""


class KeptVerification(Protocol):
    """Where the verification is saved; a `Versioned` that is empty before the first one."""

    def load(self) -> tuple[Verification | None, int]:
        """Return the last verification, None before the first, and its version."""

    def save(self, verification: Verification, /, *, version: int) -> int:
        """Save it and return its version; ConflictError if `version` is not current."""


def verify_vault(
    *,
    asked: Sample,
    restart: bool,
    catalogue: VerifiedCatalogue,
    vault: ReadBackVault,
    progress: KeptVerification,
    at_once: AtOnce,
    clock: Clock,
) -> Iterator[Verification]:
    """Yield the progress, also while counting; the last one has `finished_at`.

    It continues the last one of the same selection, unless `restart` is set. Recordings that are
    archived meanwhile may be left to the next one. An unreadable item has the verdict
    UNREADABLE, and does not affect the others.

    Raises:
        InvalidRequestError: one of another selection is not finished.
        ConflictError: another process continues it.
        ServiceUnavailableError: AWS fails; run it again and it continues.
    """
    last, version = progress.load()
    verification = None if restart else open_one(last, asked=asked)
    if verification is None:
        verification = Verification(asked.seeded(clock()), clock(), total=0)
        for archived in _counted(catalogue):
            total = min(archived, asked.sample or archived)
            verification = replace(verification, total=total)
            yield verification
    version = progress.save(verification, version=version)
    yield verification
    positions = _positions(verification, catalogue)
    while some := tuple(islice(positions, RECORDINGS_AT_ONCE)):
        checked = _checked(some, catalogue=catalogue, vault=vault, at_once=at_once)
        verification = verification.with_checked(checked, position=some[-1])
        version = progress.save(verification, version=version)
        yield verification
    passed_over = [unreadable(error) for error in catalogue.take_unreadable()]
    verification = verification.with_checked(passed_over, position=verification.position)
    verification = replace(verification, finished_at=clock())
    progress.save(verification, version=version)
    yield verification


def _checked(
    some: Sequence[Position],
    *,
    catalogue: VerifiedCatalogue,
    vault: ReadBackVault,
    at_once: AtOnce,
) -> Sequence[Checked]:
    read = catalogue.find_all([it.recording_id for it in some])
    checked = [it for it in at_once(partial(check, vault=vault), read.items) if it is not None]
    return [*checked, *map(unreadable, read.unreadable)]


def _counted(catalogue: VerifiedCatalogue) -> Iterator[int]:
    """Yield the number archived: now and then the count so far, at the end the total."""
    number = 0
    for number, _ in enumerate(catalogue.archived(), start=1):
        if number % COUNTED_AT_ONCE == 0:
            yield number
    yield number


def _positions(verification: Verification, catalogue: VerifiedCatalogue) -> Iterator[Position]:
    """Yield the unchecked recordings, in the order that `position` refers to."""
    selection, position = verification.selection, verification.position
    if selection.sample is None:
        return catalogue.archived(after=position)

    def rank(it: Position) -> str:
        return selection.rank(it.recording_id)

    chosen = nsmallest(selection.sample, catalogue.archived(), key=rank)
    return iter(chosen if position is None else [it for it in chosen if rank(it) > rank(position)])
