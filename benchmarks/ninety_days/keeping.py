"""The stores of benchmarks/quota, extended for long runs: final states, reading back."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, datetime

from benchmarks.quota.counts import Counts
from benchmarks.quota.ringcentral import WAV
from benchmarks.quota.stores import MemoryCatalogue, MemoryVault, Pause, learnt
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem, ItemsRead, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError, ObjectExistsError
from ringvault.core.reconciliation.run import ReconciliationProgress
from ringvault.core.vault.checksum import StoredSize
from ringvault.core.vault.layout import audio_prefix, day_prefixes, sidecar_key

# The account that benchmarks/quota's records name.
ACCOUNT = "1"


class KeepingCatalogue(MemoryCatalogue):
    """The catalogue, with final states and reading by day."""

    def __init__(self, counts: Counts, *, pause: Pause) -> None:
        """Begin empty."""
        super().__init__(counts, pause=pause)
        self._by_start: list[tuple[datetime, str]] = []

    @property
    def items(self) -> Mapping[str, CatalogueItem]:
        """All items by id."""
        return self._items

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        """Add missing ones: both lister and reconciliation may have found them."""
        return super().add_new(self.unlisted(recordings), listed_at=listed_at)

    add_indexed = add_new

    def end(self, item: CatalogueItem, *, state: State, reason: str, attempts: int) -> None:
        """Set ABSENT or FAILED."""
        self._write()
        present = self._items[item.recording.recording_id]
        if present.state is State.ARCHIVED:
            raise ConflictError("archived")
        self._losses.pop(item.recording.recording_id, None)
        ended = replace(learnt(present, item), state=state, reason=reason, attempts=attempts)
        self._set(replace(ended, retry_at=None))

    def started_in(self, from_at: datetime, before_at: datetime) -> ItemsRead:
        """Return all items that started in [from_at, before_at)."""
        first, end = (bisect_left(self._by_start, (at, "")) for at in (from_at, before_at))
        return ItemsRead(tuple(self._items[name] for _, name in self._by_start[first:end]))

    def find_all(self, recording_ids: Sequence[str]) -> ItemsRead:
        """Return the items that exist of these ids."""
        return ItemsRead(tuple(self._items[it] for it in recording_ids if it in self._items))

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return which of the ids it holds."""
        return set(recording_ids) & self._items.keys()

    def follow_record(self, recording: Recording) -> CatalogueItem:
        """Apply a rewritten record."""
        self._write()
        self._set(replace(self._items[recording.recording_id], recording=recording))
        return self._items[recording.recording_id]

    def restore(self, item: CatalogueItem) -> None:
        """Refuse: no item is ever lost here."""
        raise AssertionError(f"{item.recording.recording_id} is restored")

    def set_pending_again(self, item: CatalogueItem, *, reason: str, retry_at: datetime) -> None:  # noqa: ARG002 - takes what the real one takes
        """Refuse: no object is ever lost here."""
        raise AssertionError(f"{item.recording.recording_id} is fetched again: {reason}")

    def forget(self, recording_id: str) -> None:
        """Lose an item: only for tests, to see that the proof finds it."""
        del self._items[recording_id]

    def _set(self, item: CatalogueItem) -> None:
        name = item.recording.recording_id
        if name not in self._items:
            insort(self._by_start, (item.recording.started_at, name))
        super()._set(item)


class KeepingVault(MemoryVault):
    """The bucket, with its contents; every recording is the same silence."""

    def __init__(self, *, pause: Pause) -> None:
        """Begin empty."""
        super().__init__(pause=pause)
        self._audio: dict[str, StoredSize] = {}
        self._sidecars: dict[str, CatalogueItem] = {}
        self._by_folder: dict[str, set[str]] = defaultdict(set)
        self.reports: dict[str, bytes] = {}

    def holds(self, item: CatalogueItem) -> bool:
        """Whether audio and sidecar of an item exist, the sidecar as in the item."""
        sidecar = self._sidecars.get(sidecar_key(item.recording))
        is_same = sidecar is not None and sidecar.recording == item.recording
        return is_same and self.find_audio(audio_prefix(item.recording)) is not None

    def store_audio(
        self, object_key: str, *, content_type: str, chunks: Iterable[bytes]
    ) -> StoredSize:
        """Note the key."""
        stored = super().store_audio(object_key, content_type=content_type, chunks=chunks)
        if object_key in self._audio:
            raise ObjectExistsError(object_key)
        self._audio[object_key] = stored
        self._file(object_key)
        return stored

    def find_audio(self, prefix: str) -> str | None:
        """Return the key with this prefix: here every file is WAV."""
        object_key = f"{prefix}wav"
        return object_key if object_key in self._audio else None

    def read_audio(self, object_key: str) -> Iterator[bytes]:  # noqa: ARG002 - all are the same
        """Yield the stored content."""
        yield WAV

    def opened_sidecar(self, object_key: str) -> str:
        """Return the ETag: here no other process deletes or replaces it."""
        return object_key

    def store_sidecar(
        self,
        object_key: str,
        *,
        item: CatalogueItem,
        archived: ArchivedObject,
        replaces: str | None = None,  # noqa: ARG002 - the real signature
    ) -> None:
        """Keep it."""
        super().store_sidecar(object_key, item=item, archived=archived)
        self._sidecars[object_key] = replace(item, archived=archived)
        self._file(object_key)

    def accounts(self) -> Sequence[str]:
        """Return the one account's id."""
        return [ACCOUNT]

    def keys_of(self, account_id: str, on: date) -> Mapping[str, int]:
        """Return the keys of a day, each with a size: nothing is empty."""
        audio, sidecars = day_prefixes(account_id, on)
        return dict.fromkeys(self._by_folder[audio] | self._by_folder[sidecars], 1)

    def measure(self, object_keys: Sequence[str]) -> Mapping[str, StoredSize]:
        """Return size and checksum of the objects that exist."""
        return {key: self._audio[key] for key in object_keys if key in self._audio}

    def read_sidecar(self, object_key: str) -> CatalogueItem:
        """Return the item of a sidecar."""
        return self._sidecars[object_key]

    def report_keys(self) -> Sequence[str]:
        """Return the keys of the reports."""
        return sorted(self.reports)

    def read_report(self, object_key: str) -> bytes:
        """Return a report."""
        return self.reports[object_key]

    def store_report(self, object_key: str, content: bytes, *, content_type: str) -> None:  # noqa: ARG002 - takes what the real one takes
        """Store a report, the first of its key."""
        if object_key in self.reports:
            raise ObjectExistsError(object_key)
        self.reports[object_key] = content

    def _file(self, object_key: str) -> None:
        self._by_folder[object_key[: object_key.rindex("/") + 1]].add(object_key)


class MemoryReconciliationProgress:
    """The progress of reconciliation."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._stored, self._version = ReconciliationProgress(), 0

    def load(self) -> tuple[ReconciliationProgress, int]:
        """Return the progress and its version."""
        return self._stored, self._version

    def save(self, progress: ReconciliationProgress, *, version: int) -> int:
        """Store it; there is one invocation at a time."""
        self._stored, self._version = progress, version + 1
        return self._version
