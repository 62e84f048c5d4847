"""Lets S3 delete what was kept long enough and nobody holds, and says so when it is gone.

Nothing carries the tag that S3 deletes by until it is due, so nothing that is held ever does.
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
    """What S3 still has of a recording."""

    NOTHING = "nothing"
    TAGGED = "tagged"  # every version of it
    UNTAGGED = "untagged"  # some version


class ExpiringCatalogue(Protocol):
    """The catalogue; every change is conditional on what it presumes."""

    def archived_before(self, started_at: datetime) -> Iterable[Sequence[CatalogueItem]]:
        """Yield what was ARCHIVED of calls until then, oldest first, some at a time."""

    def expiring(self, *, due_at: datetime) -> Iterable[Sequence[CatalogueItem]]:
        """Yield what is EXPIRING and is to be looked at by then, oldest first, some at a time."""

    def take_unreadable(self) -> Sequence[UnreadableItemError]:
        """Return which items were passed over since the last call: they can't be read."""

    def begin_expiry(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Set EXPIRING what is archived as `item` says; ConflictError where it isn't, or held."""

    def begin_again(self, item: CatalogueItem, *, expiring_at: datetime) -> None:
        """Say that it is being tagged anew; ConflictError where it isn't EXPIRING as `item` is."""

    def look_again(self, recording_id: str, *, since: datetime | None, at: datetime) -> None:
        """Say that all is tagged, and when to look; ConflictError where `since` is another."""

    def end_expiry(self, item: CatalogueItem, *, tombstone: CatalogueItem) -> None:
        """Put the tombstone in its place; ConflictError where it isn't EXPIRING as `item` is."""


class ExpiringVault(Protocol):
    """The bucket."""

    def is_held(self, recording: Recording) -> bool:
        """Whether a version of the recording's objects is under a legal hold."""

    def remains(self, recording: Recording) -> Remains:
        """Return what there is of it; what a delete marker hides counts, the marker does not."""

    def tag(self, recording: Recording) -> None:
        """Let S3 delete every version of audio and sidecar."""


class ExpiryOutcome(StrEnum):
    """What became of one recording."""

    TAGGED = "tagged"
    EXPIRED = "expired"
    HELD = "held"
    LEFT = "left"  # tagged before, and S3 still has it
    CHANGED = "changed"  # by somebody else, meanwhile
    FAILED = "failed"  # the next run tries again


Do = Callable[[CatalogueItem], ExpiryOutcome]


@dataclass
class Sweep:
    """What one run did; `is_through` says that it came to everything that was due.

    `problem` is the first of those for which a recording FAILED.
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
        """Work through all that is due, until `latest`; the next run does the rest.

        What is EXPIRING comes first: it may be of a run that was killed. Each state is written
        before S3 is told, and the tombstone when S3 has nothing left.

        Raises:
            ConfigurationError: AWS refuses it for good.
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
        """Whoever was to tag it died, or a hold that was to rescue it did."""
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
    """Return what became of it; one that fails keeps nobody from the others."""
    try:
        return do(item), None
    except ConflictError:
        return ExpiryOutcome.CHANGED, None
    except ServiceUnavailableError as error:
        return ExpiryOutcome.FAILED, error


def expires_at(archived_at: datetime, *, after: timedelta) -> datetime:
    """Return from when S3 deletes what was archived then: the midnight that follows, in UTC.

    S3 adds the rule's days to the object's creation and rounds up to the next midnight ("Lifecycle
    configuration elements", Amazon S3 User Guide).
    """
    due_at = archived_at + after
    return datetime.combine(due_at.date(), time(), due_at.tzinfo) + DAY
