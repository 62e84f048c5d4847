"""Lets S3 delete recordings after their retention, except held ones, and records the deletion.

Nothing has the tag that S3 deletes by before it is due, so nothing that is held ever has it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol

from ringvault.core.catalogue.indexes import NumberPointers
from ringvault.core.catalogue.item import CatalogueItem, State, tombstone
from ringvault.core.catalogue.recording import Recording
from ringvault.core.concurrency import AtOnce
from ringvault.core.errors import (
    ConflictError,
    RingvaultError,
    ServiceUnavailableError,
    UnreadableItemError,
)
from ringvault.core.instants import Clock
from ringvault.core.spans import DAY

# S3 deletes at midnight, in two to three steps.
LOOKED_AT_EVERY = DAY


class Remains(StrEnum):
    """The objects that S3 still has of a recording."""

    NOTHING = "nothing"
    TAGGED = "tagged"  # every version of it
    UNTAGGED = "untagged"  # at least one version


class ExpiringCatalogue(Protocol):
    """The catalogue; every change depends on the state that it expects."""

    def archived_before(self, started_at: datetime) -> Iterable[Sequence[CatalogueItem]]:
        """Yield ARCHIVED recordings of calls until then, oldest first, in batches."""

    def expiring(self, *, due_at: datetime) -> Iterable[Sequence[CatalogueItem]]:
        """Yield EXPIRING recordings that are due for a check by then, oldest first, in batches."""

    def take_unreadable(self) -> Sequence[UnreadableItemError]:
        """Return the items that were skipped since the last call: they can't be read."""

    def begin_expiry(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Set EXPIRING an item archived as `item` says; ConflictError if it isn't, or is held."""

    def begin_again(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Record that it is tagged again; ConflictError if it isn't EXPIRING as `item` is."""

    def look_again(self, recording_id: str, *, since: datetime | None, at: datetime) -> None:
        """Record that all is tagged, and when to check; ConflictError if `since` differs."""

    def end_expiry(self, item: CatalogueItem, *, tombstone: CatalogueItem) -> None:
        """Replace it by its tombstone; ConflictError if it isn't EXPIRING as `item` is."""


class ExpiringVault(Protocol):
    """The bucket."""

    def is_held(self, recording: Recording) -> bool:
        """Whether a version of the recording's objects is under a legal hold."""

    def remains(self, recording: Recording) -> Remains:
        """Return which objects are left; hidden versions count, delete markers do not."""

    def tag(self, recording: Recording) -> None:
        """Let S3 delete every version of audio and sidecar."""


class ExpiryOutcome(StrEnum):
    """The outcome for one recording."""

    TAGGED = "tagged"
    EXPIRED = "expired"
    HELD = "held"
    LEFT = "left"  # tagged before, and S3 still has it
    CHANGED = "changed"  # by another process, meanwhile
    FAILED = "failed"  # the next run tries again


Do = Callable[[CatalogueItem], ExpiryOutcome]


@dataclass
class Sweep:
    """The result of one run; `is_through` says that it finished everything that was due.

    `problem` is the first error of a FAILED recording.
    """

    is_through: bool = False
    counts: Counter[ExpiryOutcome] = field(default_factory=Counter)
    problem: RingvaultError | None = None


@dataclass(frozen=True, slots=True)
class ExpireRecordings:
    """The use case with its collaborators; `after` is how long a recording is kept."""

    catalogue: ExpiringCatalogue
    vault: ExpiringVault
    pointers: NumberPointers
    clock: Clock
    after: timedelta

    def __call__(self, *, latest: datetime, at_once: AtOnce) -> Sweep:
        """Process everything that is due, until `latest`; the next run does the rest.

        EXPIRING recordings come first: a killed run may have left them. Each state is written
        before S3 is asked, and the tombstone when S3 has nothing left.

        Raises:
            ConfigurationError: AWS refuses it permanently.
        """
        sweep = Sweep()
        for do, items in self._rounds(self.clock()):
            if self.clock() >= latest:
                return sweep
            for outcome, problem in at_once(partial(_tried, do), items):
                sweep.counts[outcome] += 1
                sweep.problem = sweep.problem or problem
        sweep.is_through = True
        return sweep

    def _rounds(self, now: datetime) -> Iterator[tuple[Do, Sequence[CatalogueItem]]]:
        for items in self.catalogue.expiring(due_at=now):
            yield self._go_on, [it for it in items if it.state is State.EXPIRING]
        for items in self.catalogue.archived_before(now - self.after):
            yield self._begin, [it for it in items if self._is_due(it, now)]

    def _is_due(self, item: CatalogueItem, now: datetime) -> bool:
        if item.state is not State.ARCHIVED or item.archived is None:
            return False
        return expires_at(item.archived.archived_at, after=self.after) <= now

    def _begin(self, item: CatalogueItem) -> ExpiryOutcome:
        if item.hold is not None or self.vault.is_held(item.recording):
            return ExpiryOutcome.HELD
        expiring_at = self.clock()
        self.catalogue.begin_expiry(item, expiring_at=expiring_at)
        return self._tagged(item, expiring_at)

    def _go_on(self, item: CatalogueItem) -> ExpiryOutcome:
        match self.vault.remains(item.recording):
            case Remains.NOTHING:
                return self._buried(item)
            case Remains.UNTAGGED:
                return self._tagged_again(item)
            case Remains.TAGGED:
                self._look_again(item, since=item.expiring_at)
                return ExpiryOutcome.LEFT

    def _tagged_again(self, item: CatalogueItem) -> ExpiryOutcome:
        """Tag it again: the run that was to tag it was killed, or the hold that was to save it."""
        if self.vault.is_held(item.recording):
            return ExpiryOutcome.HELD
        expiring_at = self.clock()
        self.catalogue.begin_again(item, expiring_at=expiring_at)
        return self._tagged(item, expiring_at)

    def _tagged(self, item: CatalogueItem, expiring_at: datetime) -> ExpiryOutcome:
        self.vault.tag(item.recording)
        self._look_again(item, since=expiring_at)
        return ExpiryOutcome.TAGGED

    def _look_again(self, item: CatalogueItem, *, since: datetime | None) -> None:
        at = self.clock() + LOOKED_AT_EVERY
        self.catalogue.look_again(item.recording.recording_id, since=since, at=at)

    def _buried(self, item: CatalogueItem) -> ExpiryOutcome:
        self.pointers.remove(item.recording, former=item.former_numbers)
        reason = f"expired: kept for {self.after // DAY} days"
        self.catalogue.end_expiry(item, tombstone=tombstone(item, State.EXPIRED, reason=reason))
        return ExpiryOutcome.EXPIRED


def _tried(do: Do, item: CatalogueItem) -> tuple[ExpiryOutcome, RingvaultError | None]:
    """Return the outcome and error of one; a failure does not affect the others."""
    try:
        return do(item), None
    except ConflictError:
        return ExpiryOutcome.CHANGED, None
    except ServiceUnavailableError as error:
        return ExpiryOutcome.FAILED, error


def expires_at(archived_at: datetime, *, after: timedelta) -> datetime:
    """Return from when S3 deletes an object archived at that time: the next midnight UTC.

    S3 adds the rule's days to the object's creation and rounds up to the next midnight ("Lifecycle
    configuration elements", Amazon S3 User Guide).
    """
    due_at = archived_at + after
    return datetime.combine(due_at.date(), time(), due_at.tzinfo) + DAY
