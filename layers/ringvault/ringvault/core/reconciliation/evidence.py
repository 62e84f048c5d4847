"""Collects the evidence of one span from call log, catalogue and bucket, day by day."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from ringvault.core.catalogue.item import CatalogueItem, ItemsRead
from ringvault.core.catalogue.recording import (
    CallLogRecord,
    Recording,
    Unreadable,
    read_record,
    unique,
)
from ringvault.core.defects import place_of
from ringvault.core.errors import (
    InvalidRecordError,
    OutOfTimeError,
    RingvaultError,
    UnreadableItemError,
)
from ringvault.core.instants import Clock, format_instant
from ringvault.core.listing.windows import Kind, ListingProgress, Window
from ringvault.core.reconciliation.finding import Evidence, Judged, Unread
from ringvault.core.reconciliation.judge import judge
from ringvault.core.spans import DAY, Span
from ringvault.core.vault.checksum import StoredSize
from ringvault.core.vault.cold_storage import InColdStorageError
from ringvault.core.vault.layout import SIDECARS, recording_id_in, sidecar_key

ListedCalls = Sequence[CallLogRecord]
# The wide look-back runs once a day; two hours more for a run that waits for the quota.
LISTED_WITHIN = timedelta(hours=26)
# Objects are measured in batches, and the time is checked in between.
MEASURED_AT_ONCE = 500


class EvidenceCatalogue(Protocol):
    """The catalogue, for reading."""

    def started_in(self, from_at: datetime, before_at: datetime) -> ItemsRead:
        """Return all items that started in [from_at, before_at), within one month."""

    def find_all(self, recording_ids: Sequence[str]) -> ItemsRead:
        """Return the items that exist of these ids."""

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return which of the ids the catalogue holds."""


class EvidenceVault(Protocol):
    """The bucket, for reading."""

    def accounts(self) -> Sequence[str]:
        """Return the ids of the accounts that have recordings or sidecars."""

    def keys_of(self, account_id: str, on: date) -> Mapping[str, int]:
        """Return the keys of a day's audio and sidecars, each with the object's size in bytes."""

    def measure(self, object_keys: Sequence[str]) -> Mapping[str, StoredSize]:
        """Return size and CRC-32 of the objects that exist, without reading them."""

    def read_sidecar(self, object_key: str) -> CatalogueItem:
        """Return the item that a sidecar describes.

        Raises:
            InvalidRecordError: ringvault did not write it.
            InColdStorageError: S3 does not serve it before a restore.
        """


@dataclass(frozen=True, slots=True)
class _Listed:
    """The call log's recordings in a span: by day or part of it, and as a whole."""

    by_part: Mapping[Span, Mapping[str, Recording]]
    in_span: Mapping[str, Recording]
    unreadable: Mapping[Span, Sequence[Unread]]


@dataclass(frozen=True, slots=True)
class SpanEvidence:
    """The evidence of a span whose call-log `records` have been read.

    `end_at` is the end of the run, `wide_look_back` how far back the lister reads once a day, and
    `backfills` what the lister has still to read once. RingCentral may have deleted recordings
    from before `kept_from`. The catalogue is read before the bucket: an object whose item is
    archived was stored earlier, so that none is missing only because it arrived in between.
    """

    span: Span
    end_at: datetime
    records: ListedCalls
    catalogue: EvidenceCatalogue
    vault: EvidenceVault
    backfills: Sequence[Window]
    kept_from: datetime
    wide_look_back: timedelta
    clock: Clock
    latest: datetime

    def judged(self) -> Iterator[Judged]:
        """Yield a verdict for each recording of the span, and for each unexpected object.

        Raises:
            OutOfTimeError: `latest` has come before the end.
        """
        accounts = self.vault.accounts()
        listed = self._listed()
        outside = listed.by_part.keys() - set(self.span.days())
        for part in (*self.span.days(), *outside):
            yield from judge(self._evidence(part, listed, accounts))

    def _listed(self) -> _Listed:
        """Return the listed recordings by the day, or part of it, in which they started.

        A leg may start outside the span: it is judged in a part of its own. An unreadable
        recording is counted at the beginning of the span if its start is not in the span.
        """
        days = list(self.span.days())
        recordings, unreadable = self._read()
        by_part: dict[Span, dict[str, Recording]] = defaultdict(dict)
        for recording in recordings:
            at = recording.started_at
            part = next((day for day in days if day.from_at <= at < day.to_at), Span(at, at))
            by_part[part][recording.recording_id] = recording
        unread: dict[Span, list[Unread]] = defaultdict(list)
        for it, detail in unreadable:
            at = it.started_at or self.span.from_at
            part = next((day for day in days if day.from_at <= at < day.to_at), days[0])
            unread[part].append(Unread(it.recording_id, detail))
        return _Listed(by_part, {it.recording_id: it for it in recordings}, unread)

    def _read(self) -> tuple[Sequence[Recording], Sequence[tuple[Unreadable, str]]]:
        """Return the recordings of the records, and a text for each unreadable part.

        A part that another record lists well is not unreadable. Two without an id are different:
        their texts have a number.
        """
        read = [read_record(record) for record in self.records]
        recordings = unique(it for part in read for it in part.recordings)
        known = {it.recording_id for it in recordings}
        repeated: Counter[str] = Counter()
        unreadable: dict[str, Unreadable] = {}
        for it in (it for part in read for it in part.unreadable):
            if it.recording_id in known:
                continue
            detail = str(it)
            if it.record_id is None:
                repeated[detail] += 1
                detail = f"{detail} ({self.span.from_at:%Y-%m-%dT%H:%MZ}, {repeated[detail]})"
            unreadable.setdefault(detail, it)
        return recordings, [(it, detail) for detail, it in unreadable.items()]

    def _evidence(self, part: Span, all_listed: _Listed, accounts: Sequence[str]) -> Evidence:
        on = part.from_at.date()
        listed = all_listed.by_part.get(part, {})
        read = self.catalogue.started_in(part.from_at, part.to_at)
        items = {item.recording.recording_id: item for item in read.items}
        damaged = {it.recording_id for it in read.unreadable if it.recording_id is not None}
        elsewhere = self.catalogue.find_all(sorted(listed.keys() - items.keys() - damaged))
        found = {item.recording.recording_id: item for item in elsewhere.items}
        damaged |= {it.recording_id for it in elsewhere.unreadable if it.recording_id is not None}
        keys = self._keys(on, listed, accounts)
        in_bucket = {it for key in keys if (it := recording_id_in(key))}
        known = {*found, *damaged}
        strangers = sorted(in_bucket - items.keys() - known)
        known |= self.catalogue.known(strangers)
        from_sidecars, unread = self._from_sidecars(keys, set(strangers) - known)
        return Evidence(
            on=min(on, (self.end_at - timedelta(milliseconds=1)).date()),
            now=self.clock(),
            kept_from=self.kept_from,
            listed=listed,
            listed_in_span=all_listed.in_span,
            items=items,
            elsewhere={it: item for it, item in found.items() if not self._is_in_span(item)},
            known=known,
            from_sidecars=from_sidecars,
            damaged_sidecars={it.recording_id for it in unread if it.recording_id is not None},
            unreadable=(
                *all_listed.unreadable.get(part, ()),
                *map(_unread_item, (*read.unreadable, *elsewhere.unreadable)),
                *unread,
            ),
            not_yet_due={it.recording_id for it in listed.values() if self._is_young(it)},
            backfilling={it.recording_id for it in listed.values() if self._is_backfilled(it)},
            object_keys=keys.keys(),
            empty_keys={key for key, size in keys.items() if not size},
            measured=self._measured([*items.values(), *from_sidecars.values()], keys.keys()),
        )

    def _is_in_span(self, item: CatalogueItem) -> bool:
        return self.span.from_at <= item.recording.started_at < self.span.to_at

    def _keys(
        self, on: date, listed: Mapping[str, Recording], accounts: Sequence[str]
    ) -> Mapping[str, int]:
        folders = {*accounts, *(recording.account_id for recording in listed.values())}
        keys: dict[str, int] = {}
        for account_id in sorted(folders):
            keys |= self.vault.keys_of(account_id, on)
        return keys

    def _from_sidecars(
        self, keys: Mapping[str, int], unknown: AbstractSet[str]
    ) -> tuple[Mapping[str, CatalogueItem], Sequence[Unread]]:
        """Return the items that sidecars describe, and the sidecars that can't be read."""
        found: dict[str, CatalogueItem] = {}
        unread: list[Unread] = []
        for key in sorted(key for key in keys if key.startswith(SIDECARS)):
            recording_id = recording_id_in(key)
            if recording_id is None or recording_id not in unknown:
                continue
            read = self._sidecar(key)
            if isinstance(read, CatalogueItem):
                found[recording_id] = read
            else:
                unread.append(Unread(recording_id, f"{key}: {read}"))
        return found, unread

    def _sidecar(self, key: str) -> CatalogueItem | str:
        """Return the item of a sidecar, or the reason why it can't be read."""
        try:
            item = self.vault.read_sidecar(key)
            is_its_own = sidecar_key(item.recording) == key
        except (InvalidRecordError, InColdStorageError) as error:
            return str(error)
        except RingvaultError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged sidecar affects its own verdict only
            return f"a defect of ringvault, {place_of(error)}"
        return item if is_its_own else "it describes another recording"

    def _is_young(self, recording: Recording) -> bool:
        """Whether a look-back will still find it."""
        return recording.started_at >= self.clock() - self.wide_look_back - LISTED_WITHIN

    def _is_backfilled(self, recording: Recording) -> bool:
        """Whether an open backfill will still find it."""
        at = recording.started_at
        return any(window.from_at <= at <= window.to_at for window in self.backfills)

    def _measured(
        self, items: Sequence[CatalogueItem], keys: AbstractSet[str]
    ) -> Mapping[str, StoredSize]:
        named = [item.archived.object_key for item in items if item.archived is not None]
        there = [key for key in named if key in keys]
        measured: dict[str, StoredSize] = {}
        for start in range(0, len(there), MEASURED_AT_ONCE):
            if self.clock() >= self.latest:
                raise OutOfTimeError("the invocation ends before the span is measured")
            measured |= self.vault.measure(there[start : start + MEASURED_AT_ONCE])
        return measured


def _unread_item(error: UnreadableItemError) -> Unread:
    return Unread(error.recording_id, str(error))


# A backfill of a million recordings is finished within two days. One that is open longer is
# stuck, or gets none of the quota.
EXCUSED_FOR = 7 * DAY
# Stands for the first run of a lister that has never run: it reaches back to any day.
_FIRST_RUN = Window(
    Kind.BACKFILL, datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
)


def open_since(
    listing: ListingProgress, *, before: Mapping[str, datetime], now: datetime
) -> Mapping[str, datetime]:
    """Return since when reconciliation has known each open backfill, by its end.

    A backfill keeps its end while it is read. `before` is the previous result.
    """
    return {name: before.get(name, now) for name in map(_name, _open(listing))}


def excusing(
    listing: ListingProgress, *, since: Mapping[str, datetime], now: datetime
) -> tuple[Window, ...]:
    """Return the unread parts of open backfills, except those that are open too long."""
    return tuple(
        window for window in _open(listing) if now - since.get(_name(window), now) < EXCUSED_FOR
    )


def _open(listing: ListingProgress) -> tuple[Window, ...]:
    if not listing.opened_to:
        return (_FIRST_RUN,)
    return tuple(window for window in listing.windows if window.kind is Kind.BACKFILL)


def _name(window: Window) -> str:
    return format_instant(window.to_at)
