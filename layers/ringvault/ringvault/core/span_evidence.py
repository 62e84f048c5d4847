"""Gathers what call log, catalogue and bucket say of one span, day by day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from ringvault.core.archive_recording import StoredObject
from ringvault.core.catalogue import CatalogueItem, ItemsRead
from ringvault.core.errors import InvalidRecordError, OutOfTimeError
from ringvault.core.quota_gate import Clock
from ringvault.core.reconciliation import Evidence, Judged, judge, recording_id_in
from ringvault.core.reconciliation_run import Span
from ringvault.core.recording import CallLogRecord, Recording, read_record, unique
from ringvault.core.vault_layout import SIDECARS, sidecar_key
from ringvault.core.windows import Kind, ListingProgress

ListedCalls = Sequence[CallLogRecord]
# The wide look-back runs once a day; two hours more for a run that waits for the quota.
LISTED_WITHIN = timedelta(hours=26)
# Objects are measured in batches, and the time is looked at in between.
MEASURED_AT_ONCE = 500


class Catalogue(Protocol):
    """The catalogue, for reading."""

    def started_in(self, from_at: datetime, before_at: datetime) -> ItemsRead:
        """Return all items that started in [from_at, before_at), within one month."""

    def known(self, recording_ids: Sequence[str]) -> AbstractSet[str]:
        """Return which of the ids the catalogue holds."""


class Vault(Protocol):
    """The bucket, for reading."""

    def accounts(self) -> Sequence[str]:
        """Return the ids of the accounts that have recordings or sidecars."""

    def keys_of(self, account_id: str, on: date) -> AbstractSet[str]:
        """Return the keys of a day's audio and sidecars."""

    def measure(self, object_keys: Sequence[str]) -> Mapping[str, StoredObject]:
        """Return size and CRC-32 of those objects that are there, without reading them."""

    def read_sidecar(self, object_key: str) -> CatalogueItem:
        """Return the item that a sidecar tells of.

        Raises:
            InvalidRecordError: it is none of ringvault's.
        """


class Listing(Protocol):
    """How far the lister has come."""

    def load(self) -> tuple[ListingProgress, int]:
        """Return the progress and its version."""


@dataclass(frozen=True, slots=True)
class SpanEvidence:
    """What is known of a span whose call-log `records` have been read.

    `end_at` is where the run ends, `wide_look_back` how far back the lister looks once a day. The
    catalogue is read before the bucket: whatever the one calls archived was stored before, so that
    nothing is missing only because it came in between.
    """

    span: Span
    end_at: datetime
    records: ListedCalls
    catalogue: Catalogue
    vault: Vault
    listing: Listing
    wide_look_back: timedelta
    clock: Clock
    latest: datetime

    def judged(self) -> Iterator[Judged]:
        """Yield a verdict for each recording of the span, and for each object that is none's.

        Raises:
            OutOfTimeError: `latest` has come before the end.
        """
        accounts = self.vault.accounts()
        progress, _ = self.listing.load()
        listed = self._listed()
        for part in (*self.span.days(), *(listed.keys() - set(self.span.days()))):
            yield from judge(self._evidence(part, listed.get(part, {}), accounts, progress))

    def _listed(self) -> Mapping[Span, Mapping[str, Recording]]:
        """Return the listed recordings by the day, or part of it, that they started in.

        A leg may start outside the span: it is looked at in a part that holds nothing else.
        """
        days = list(self.span.days())
        found: dict[Span, dict[str, Recording]] = defaultdict(dict)
        for recording in self._recordings():
            at = recording.started_at
            part = next((day for day in days if day.from_at <= at < day.to_at), Span(at, at))
            found[part][recording.recording_id] = recording
        return found

    def _recordings(self) -> Sequence[Recording]:
        found: list[Recording] = []
        for record in self.records:
            found += read_record(record).recordings
        return unique(found)

    def _evidence(
        self,
        part: Span,
        listed: Mapping[str, Recording],
        accounts: Sequence[str],
        progress: ListingProgress,
    ) -> Evidence:
        on = part.from_at.date()
        items = {
            item.recording.recording_id: item
            for item in self.catalogue.started_in(part.from_at, part.to_at).items
        }
        folders = {*accounts, *(recording.account_id for recording in listed.values())}
        keys = frozenset[str]().union(*(self.vault.keys_of(it, on) for it in sorted(folders)))
        in_bucket = {it for key in keys if (it := recording_id_in(key))}
        unknown = sorted((listed.keys() | in_bucket) - items.keys())
        known = self.catalogue.known(unknown)
        from_sidecars = self._from_sidecars(keys, set(unknown) - known)
        return Evidence(
            on=min(on, (self.end_at - timedelta(milliseconds=1)).date()),
            listed=listed,
            items=items,
            known=known,
            from_sidecars=from_sidecars,
            not_yet_due={
                it.recording_id for it in listed.values() if self._is_still_to_come(it, progress)
            },
            object_keys=keys,
            measured=self._measured([*items.values(), *from_sidecars.values()], keys),
        )

    def _from_sidecars(
        self, keys: AbstractSet[str], unknown: AbstractSet[str]
    ) -> dict[str, CatalogueItem]:
        found: dict[str, CatalogueItem] = {}
        for key in sorted(key for key in keys if key.startswith(SIDECARS)):
            recording_id = recording_id_in(key)
            if recording_id is not None and recording_id in unknown:
                # One that can't be read leaves its audio unexpected, for a person to look at.
                with suppress(InvalidRecordError):
                    item = self.vault.read_sidecar(key)
                    if sidecar_key(item.recording) == key:
                        found[recording_id] = item
        return found

    def _is_still_to_come(self, recording: Recording, progress: ListingProgress) -> bool:
        """Whether the lister has not had to list it yet."""
        at = recording.started_at
        is_young = at >= self.clock() - self.wide_look_back - LISTED_WITHIN
        is_open = any(
            window.kind is Kind.BACKFILL and window.from_at <= at <= window.to_at
            for window in progress.windows
        )
        return is_young or is_open or not progress.opened_to

    def _measured(
        self, items: Sequence[CatalogueItem], keys: AbstractSet[str]
    ) -> Mapping[str, StoredObject]:
        named = [item.archived.object_key for item in items if item.archived is not None]
        there = [key for key in named if key in keys]
        measured: dict[str, StoredObject] = {}
        for start in range(0, len(there), MEASURED_AT_ONCE):
            if self.clock() >= self.latest:
                raise OutOfTimeError("the invocation ends before the span is measured")
            measured |= self.vault.measure(there[start : start + MEASURED_AT_ONCE])
        return measured
