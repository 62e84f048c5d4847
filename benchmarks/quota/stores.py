"""AWS's stores in memory: each call takes a moment, each write request is counted."""

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from benchmarks.quota.counts import Counts
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem, State
from ringvault.core.catalogue.phone_number import numbers_of
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError
from ringvault.core.instants import Clock
from ringvault.core.listing.feed import Candidate, Losses
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.quota.window import Quota
from ringvault.core.vault.checksum import StoredSize

# As adapters/dynamodb/catalogue.py and dynamodb_batches.py write.
MAX_IN_TRANSACTION = 25
MAX_PUTS = 25

Pause = Callable[[float], None]


def no_pause(seconds: float) -> None:
    """Take no time."""


class MemoryQuotaStore:
    """One quota with the same rule of versions as the table's; `pause` is the time of a call."""

    def __init__(self, quota: Quota, counts: Counts, *, pause: Pause) -> None:
        self._quota, self._version = quota, 0
        self._counts = counts
        self._pause = pause

    def load(self) -> tuple[Quota, int]:
        """Return the value stored when the request arrives."""
        self._pause(0.004)
        return self._quota, self._version

    def save(self, quota: Quota, *, version: int) -> None:
        """Store unless another was first."""
        self._pause(0.006)
        self._counts.quota_writes += 1
        if version != self._version:
            self._counts.lost_races += 1
            raise ConflictError("another container was first")
        self._quota, self._version = quota, version + 1


class MemoryProgress:
    """The progress of reading the call log."""

    def __init__(self, counts: Counts) -> None:
        self._stored, self._version = ListingProgress(), 0
        self._counts = counts

    def load(self) -> tuple[ListingProgress, int]:
        """Return the progress and its version."""
        return self._stored, self._version

    def save(self, progress: ListingProgress, *, version: int) -> int:
        """Store it; there is one lister."""
        self._counts.lister_writes += 1
        self._stored, self._version = progress, version + 1
        return self._version


class MemoryNumberIndex:
    """The number index, of which only the writes count."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def add(self, recordings: Sequence[Recording]) -> None:
        """Count the batches that the pointers fill, two for each number."""
        pointers = sum(2 * len(numbers_of(found.call_record)) for found in recordings)
        self._counts.lister_writes += ceil(pointers / MAX_PUTS)


class MemoryCatalogue:
    """The catalogue, with PENDING in the order of the index by state."""

    def __init__(self, counts: Counts, *, pause: Pause) -> None:
        self._items: dict[str, CatalogueItem] = {}
        self._pending: list[tuple[datetime, str]] = []
        self._queued: set[str] = set()
        self._losses: dict[str, Losses] = {}
        self._counts = counts
        self._pause = pause

    def unlisted(self, recordings: Sequence[Recording]) -> Sequence[Recording]:
        """Return those that the catalogue lacks."""
        return [found for found in recordings if found.recording_id not in self._items]

    def take_refused(self) -> Sequence[str]:
        """Return none: memory takes everything."""
        return ()

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add them as PENDING; there is one lister, so none exists yet."""
        for found in recordings:
            self._set(CatalogueItem(found, State.PENDING, listed_at=listed_at))
        self._counts.lister_writes += ceil(len(recordings) / MAX_IN_TRANSACTION)
        return len(recordings)

    def candidates(self, *, max_items: int, now: datetime) -> Iterable[Candidate]:
        """Return `max_items` PENDING from either end that may be tried, and all QUEUED."""
        oldest = self._to_be_tried(self._pending, max_items, now)
        newest = self._to_be_tried(reversed(self._pending), max_items, now)
        return [_candidate(self._items[name]) for name in {*oldest, *newest, *self._queued}]

    def _to_be_tried(
        self, pending: Iterable[tuple[datetime, str]], max_items: int, now: datetime
    ) -> list[str]:
        found: list[str] = []
        for _, name in pending:
            if len(found) >= max_items:
                break
            retry_at = self._items[name].retry_at
            if retry_at is None or retry_at <= now:
                found.append(name)
        return found

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Set QUEUED the items that match their candidates."""
        for candidate in candidates:
            item = self._items[candidate.recording_id]
            if item.state is candidate.state and item.claimed_until == candidate.claimed_until:
                self._set(replace(item, state=State.QUEUED, queued_at=queued_at))
        self._counts.lister_writes += ceil(len(candidates) / MAX_IN_TRANSACTION)

    def losses(self, recording_ids: Sequence[str]) -> Mapping[str, Losses]:
        """Return how often each was lost."""
        return {it: self._losses[it] for it in recording_ids if it in self._losses}

    def put_back(self, candidate: Candidate, losses: Losses, *, retry_at: datetime) -> None:
        """Set PENDING a lost one."""
        self._counts.lister_writes += 1
        self._losses[candidate.recording_id] = losses
        item = self._items[candidate.recording_id]
        self._set(replace(item, state=State.PENDING, queued_at=None, retry_at=retry_at))

    def give_up(self, candidate: Candidate, losses: Losses, *, reason: str) -> None:
        """Set FAILED a lost one."""
        self._counts.lister_writes += 1
        self._losses[candidate.recording_id] = losses
        failed = replace(self._items[candidate.recording_id], state=State.FAILED, reason=reason)
        self._set(replace(failed, claimed_until=None, queued_at=None, retry_at=None))

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item."""
        self._pause(0.004)
        return self._items.get(recording_id)

    def claim(self, item: CatalogueItem, *, now: datetime, until: datetime) -> None:
        """Claim an item that no other archiver holds."""
        self._write()
        present = self._items[item.recording.recording_id]
        is_held = present.claimed_until is not None and present.claimed_until >= now
        if is_held or present.state in {State.ARCHIVED, State.ABSENT}:
            raise ConflictError("held")
        self._set(replace(present, claimed_until=until))

    def renew_claim(self, recording_id: str, *, until: datetime) -> None:
        """Extend the claim."""
        self._write()
        present = self._items[recording_id]
        if present.state is State.ARCHIVED:
            raise ConflictError("lost")
        self._set(replace(present, claimed_until=until))

    def set_archived(self, recording_id: str, archived: ArchivedObject) -> None:
        """Set ARCHIVED."""
        self._write()
        present = self._items[recording_id]
        self._counts.archived += present.state is not State.ARCHIVED
        self._losses.pop(recording_id, None)
        # Only the number of attempts stays.
        self._set(
            CatalogueItem(
                present.recording,
                State.ARCHIVED,
                listed_at=present.listed_at,
                attempts=present.attempts,
                queued_at=present.queued_at,
                archived=archived,
            )
        )

    def defer(self, item: CatalogueItem, *, retry_at: datetime, reason: str, attempts: int) -> None:
        """Set PENDING until `retry_at`."""
        self._write()
        present = self._items[item.recording.recording_id]
        if present.state in {State.ARCHIVED, State.ABSENT}:
            raise ConflictError("ended")
        self._losses.pop(item.recording.recording_id, None)
        deferred = replace(learnt(present, item), state=State.PENDING, retry_at=retry_at)
        self._set(replace(deferred, reason=reason, attempts=attempts))

    def end(self, item: CatalogueItem, *, state: State, reason: str, attempts: int) -> None:
        """Refuse: no recording ends in a benchmark of the quota."""
        raise AssertionError(f"{item.recording.recording_id} ended {state}: {reason} ({attempts})")

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Refuse: nothing in a benchmark is erased."""
        raise AssertionError(f"{tombstone.recording.recording_id} is erased")

    def _write(self) -> None:
        self._pause(0.006)
        self._counts.recording_writes += 1

    def _set(self, item: CatalogueItem) -> None:
        name = item.recording.recording_id
        place = (item.recording.started_at, name)
        before = self._items.get(name)
        if before is not None and before.state is State.PENDING:
            del self._pending[bisect_left(self._pending, place)]
        self._queued.discard(name)
        self._items[name] = item
        if item.state is State.PENDING:
            insort(self._pending, place)
        elif item.state is State.QUEUED:
            self._queued.add(name)


def learnt(present: CatalogueItem, item: CatalogueItem) -> CatalogueItem:
    """Return `present` without its claim, and with the knowledge of the attempts in `item`."""
    return replace(
        present,
        deferrals=item.deferrals,
        not_found=item.not_found,
        refused=item.refused,
        unrecognised_sha256_hex=item.unrecognised_sha256_hex,
        claimed_until=None,
        queued_at=None,
    )


def _candidate(item: CatalogueItem) -> Candidate:
    return Candidate(
        item.recording.recording_id,
        item.state,
        item.recording.started_at,
        queued_at=item.queued_at,
        claimed_until=item.claimed_until,
        retry_at=item.retry_at,
    )


class MemoryVault:
    """Accepts everything and stores nothing."""

    def __init__(self, *, pause: Pause) -> None:
        self._pause = pause

    def store_audio(
        self,
        object_key: str,  # noqa: ARG002 - the real signature
        *,
        content_type: str,  # noqa: ARG002 - the same
        chunks: Iterable[bytes],
    ) -> StoredSize:
        """Read it to its end."""
        size_bytes = sum(map(len, chunks))
        self._pause(0.040)
        return StoredSize(size_bytes, "")

    def find_audio(self, prefix: str) -> str | None:
        """Return None: no earlier archiver left a complete object here."""

    def read_audio(self, object_key: str) -> Iterator[bytes]:
        """Refuse: nothing is stored."""
        raise AssertionError(f"{object_key} is read back")

    def abort_uploads(self, prefix: str) -> None:
        """Do nothing: there are no open uploads."""

    def store_sidecar(
        self,
        object_key: str,  # noqa: ARG002 - takes what the real one takes
        *,
        item: CatalogueItem,  # noqa: ARG002 - the same
        archived: ArchivedObject,  # noqa: ARG002 - the same
    ) -> None:
        """Wait as long as a call takes."""
        self._pause(0.020)


class MemoryQueue:
    """Ids, each to be received from an instant on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: list[tuple[datetime, int, str]] = []
        self._sent = 0
        self.in_flight = 0

    def depth(self) -> tuple[int, int]:
        """Return how many wait, delayed ones included, and how many are in flight."""
        return len(self._messages), self.in_flight

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Queue all."""
        for recording_id in recording_ids:
            self.send_back(recording_id, delay=timedelta(0))
        return recording_ids

    def send_back(self, recording_id: str, *, delay: timedelta) -> None:
        """Queue one, to be received after `delay`."""
        self._sent += 1
        heapq.heappush(self._messages, (self._clock() + delay, self._sent, recording_id))

    def receive(self) -> str | None:
        """Return the next id, None if there is none now."""
        if not self._messages or self._messages[0][0] > self._clock():
            return None
        self.in_flight += 1
        return heapq.heappop(self._messages)[2]
