"""An account, its catalogue and its bucket in memory; something happens at a planned step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem, ItemsRead, State
from ringvault.core.catalogue.recording import Recording, read_record
from ringvault.core.errors import (
    ConflictError,
    InvalidRecordError,
    ObjectExistsError,
    ThrottledError,
    UnreadableItemError,
)
from ringvault.core.instants import format_instant
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.quota.gate import Turn
from ringvault.core.reconciliation.reconcile_archive import ReconciliationResult, reconcile_archive
from ringvault.core.reconciliation.run import ReconciliationProgress
from ringvault.core.spans import Period, Span
from ringvault.core.vault.checksum import StoredSize
from ringvault.core.vault.layout import audio_key, day_prefixes, sidecar_key
from tests.support.call_log_records import record, recording
from tests.support.fakes import START, Time

DAY = timedelta(days=1)
REACH = 5 * DAY
ACCOUNT = "37439510"


class DiedError(BaseException):
    """The process is gone: no code of it catches that."""


def die() -> None:
    """End the process."""
    raise DiedError


def call(number: int, started_at: datetime, **fields: Any) -> dict[str, Any]:
    """Return the record of a recorded call."""
    changes = {"recording": recording(str(number)), **fields}
    return record(id=f"call-{number}", startTime=format_instant(started_at), **changes)


def recording_in(call_record: Mapping[str, Any]) -> Recording:
    """Return the first recording of a record."""
    return read_record(call_record).recordings[0]


def archived_item(of: Recording) -> CatalogueItem:
    """Return the item of a recording that was archived well."""
    archived = ArchivedObject(
        object_key=audio_key(of, "mp3"),
        content_type="audio/mpeg",
        size_bytes=1000 + int(of.recording_id),
        sha256_hex="ab" * 32,
        crc32=f"crc-{of.recording_id}",
        audio_duration_s=61.0,
        archived_at=of.started_at + DAY,
    )
    return CatalogueItem(of, State.ARCHIVED, listed_at=of.started_at, archived=archived)


@dataclass
class Outside:
    """RingCentral, catalogue, bucket and state in memory.

    `damaged` are ids of items and keys of sidecars that can't be read; a sidecar that is None is
    an empty object.

    `happens` is called once, before the step of number `at_step`.
    """

    time: Time = field(default_factory=Time)
    calls: list[dict[str, Any]] = field(default_factory=list)
    per_page: int = 3
    permitted: float = 1000.0
    turns_left: int = 10_000
    latest: datetime = START + DAY
    daily_reach: timedelta | None = REACH
    wide_look_back: timedelta = timedelta(hours=2)
    at_step: int | None = None
    happens: Callable[[], object] = die
    step: int = 0
    requests: int = 0
    items: dict[str, CatalogueItem] = field(default_factory=dict)
    audio: dict[str, StoredSize] = field(default_factory=dict)
    sidecars: dict[str, CatalogueItem | None] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)
    reports: dict[str, bytes] = field(default_factory=dict)
    proofs: set[str] = field(default_factory=set)
    listing: ListingProgress = field(
        default_factory=lambda: ListingProgress(opened_to={"short": START})
    )
    progress: ReconciliationProgress = field(default_factory=ReconciliationProgress)
    version: int = 0

    def _next(self) -> None:
        self.step += 1
        if self.step == self.at_step:
            self.happens()

    # What is there
    def archive(self, call_record: dict[str, Any]) -> CatalogueItem:
        """Have a call whose recording is archived well."""
        self.calls.append(call_record)
        item = archived_item(recording_in(call_record))
        self.items[item.recording.recording_id] = item
        self.store(item)
        return item

    def store(self, item: CatalogueItem) -> None:
        """Have audio and sidecar of an item."""
        assert item.archived is not None
        archived = item.archived
        self.audio[archived.object_key] = StoredSize(archived.size_bytes, archived.crc32)
        self.sidecars[sidecar_key(item.recording)] = item

    # Call log
    def first_page(self, span: Span, turn: Turn) -> Any:
        self._next()
        inside = [
            it
            for it in self.calls
            if format_instant(span.from_at) <= it["startTime"] < format_instant(span.to_at)
        ]
        return self._page(inside)

    def next_page(self, uri: str, turn: Turn) -> Any:
        self._next()
        return self._page(self._rest)

    def _page(self, calls: list[dict[str, Any]]) -> Any:
        self.requests += 1
        self._rest = calls[self.per_page :]
        return SimpleNamespace(
            records=calls[: self.per_page],
            next_uri=f"{len(self._rest)} more" if self._rest else None,
        )

    # Quota
    def reserve(self, *, latest: datetime) -> Turn:
        if self.turns_left == 0:
            raise ThrottledError("later", retry_at=self.time.now + DAY)
        self.turns_left -= 1
        return Turn("1", at=self.time.now, latest=latest, closings=0)

    def requests_in(self, period: timedelta) -> float:
        return self.permitted

    # Catalogue
    def started_in(self, from_at: datetime, before_at: datetime) -> ItemsRead:
        items = self.items.values()
        found = [
            it.recording.recording_id
            for it in items
            if from_at <= it.recording.started_at < before_at
        ]
        return self.find_all(found)

    def find_all(self, recording_ids: Sequence[str]) -> ItemsRead:
        there = [it for it in recording_ids if it in self.items]
        items = tuple(self.items[it] for it in there if it not in self.damaged)
        errors = [UnreadableItemError(it, "an attribute is damaged") for it in there]
        unreadable = tuple(it for it in errors if it.recording_id in self.damaged)
        return ItemsRead(items, unreadable)

    def known(self, recording_ids: Sequence[str]) -> set[str]:
        return set(recording_ids) & self.items.keys()

    def find(self, recording_id: str) -> CatalogueItem | None:
        return self.items.get(recording_id)

    def add_indexed(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        self._next()
        for found in recordings:
            item = CatalogueItem(found, State.PENDING, listed_at)
            self.items.setdefault(found.recording_id, item)
        return len(recordings)

    def restore(self, item: CatalogueItem) -> None:
        self._next()
        if item.recording.recording_id in self.items:
            raise ConflictError("there is one")
        self.items[item.recording.recording_id] = item

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        self._next()
        recording_id = tombstone.recording.recording_id
        if self.items[recording_id].state in {State.ERASED, State.ERASING}:
            raise ConflictError("erased already")
        self.items[recording_id] = tombstone

    def set_pending_again(self, item: CatalogueItem, *, reason: str, retry_at: datetime) -> None:
        self._next()
        recording_id = item.recording.recording_id
        now = self.items[recording_id]
        if now.archived != item.archived:
            raise ConflictError("no longer so")
        pending = replace(now, state=State.PENDING, archived=None, reason=reason, retry_at=retry_at)
        self.items[recording_id] = pending

    def follow_record(self, recording: Recording) -> CatalogueItem:
        self._next()
        item = replace(self.items[recording.recording_id], recording=recording)
        self.items[recording.recording_id] = item
        return item

    # Vault
    def accounts(self) -> Sequence[str]:
        return [ACCOUNT] if self.audio or self.sidecars else []

    def keys_of(self, account_id: str, on: date) -> dict[str, int]:
        prefixes = day_prefixes(account_id, on)
        sizes = {key: it.size_bytes for key, it in self.audio.items()}
        sizes |= {key: int(it is not None) for key, it in self.sidecars.items()}
        return {key: size for key, size in sizes.items() if key.startswith(prefixes)}

    def measure(self, object_keys: Sequence[str]) -> Mapping[str, StoredSize]:
        return {key: self.audio[key] for key in object_keys if key in self.audio}

    def find_audio(self, prefix: str) -> str | None:
        return next((key for key in (*self.audio, *self.proofs) if key.startswith(prefix)), None)

    def read_sidecar(self, object_key: str) -> CatalogueItem:
        item = self.sidecars[object_key]
        if item is None or object_key in self.damaged:
            raise InvalidRecordError("a sidecar is not JSON")
        return item

    def opened_sidecar(self, object_key: str) -> str:
        self._next()
        self.sidecars.setdefault(object_key, None)
        return str(id(self.sidecars[object_key]))

    def store_sidecar(
        self,
        object_key: str,
        *,
        item: CatalogueItem,
        archived: ArchivedObject,
        replaces: str | None = None,
    ) -> None:
        self._next()
        if object_key not in self.sidecars or str(id(self.sidecars[object_key])) != replaces:
            raise ConflictError("what it was to replace is gone")
        self.sidecars[object_key] = replace(item, archived=archived)

    def report_keys(self) -> Sequence[str]:
        return sorted(self.reports)

    def read_report(self, object_key: str) -> bytes:
        return self.reports[object_key]

    def store_report(self, object_key: str, content: bytes, *, content_type: str) -> None:
        self._next()
        if object_key in self.reports:
            raise ObjectExistsError("there is one")
        self.reports[object_key] = content

    # Progress, of both
    def load(self) -> tuple[ReconciliationProgress, int]:
        return self.progress, self.version

    def save(self, progress: ReconciliationProgress, *, version: int) -> int:
        self._next()
        if version != self.version:
            raise ConflictError("another invocation was quicker")
        self.progress, self.version = progress, version + 1
        return self.version

    def invoke(self, asked: Period | None = None) -> ReconciliationResult:
        """Reconcile for one invocation."""
        listing: Any = SimpleNamespace(load=lambda: (self.listing, 1))
        return reconcile_archive(
            asked=asked,
            daily_reach=self.daily_reach,
            call_log=self,
            quota=self,
            catalogue=self,
            vault=self,
            listing=listing,
            wide_look_back=self.wide_look_back,
            progress=self,
            clock=self.time,
            latest=self.latest,
        )
