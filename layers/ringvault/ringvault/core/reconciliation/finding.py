"""The results of a reconciliation: verdicts, causes and findings."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from ringvault.core.catalogue.item import CatalogueItem
from ringvault.core.catalogue.recording import Recording
from ringvault.core.vault.checksum import StoredSize

_EVER = datetime.min.replace(tzinfo=UTC)


class Verdict(StrEnum):
    """The verdict on a recording; `unexpected` and `unreadable` may be about an object or record.

    `overdue` waits longer than the archive explains. `backfilling` is listed by RingCentral only:
    an open backfill will still find it. `not_served` is in the call log, but its content
    is 404. `refused` is 403.
    """

    ARCHIVED = "archived"
    ABSENT = "absent"
    PENDING = "pending"
    QUEUED = "queued"
    OVERDUE = "overdue"
    BACKFILLING = "backfilling"
    NOT_SERVED = "not_served"
    REFUSED = "refused"
    FAILED = "failed"
    ERASED = "erased"
    EXPIRED = "expired"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNEXPECTED = "unexpected"


# A report says "nothing is missing" only if all of these are zero.
UNSETTLED = (
    Verdict.MISSING,
    Verdict.UNEXPECTED,
    Verdict.UNREADABLE,
    Verdict.NOT_SERVED,
    Verdict.REFUSED,
    Verdict.FAILED,
    Verdict.OVERDUE,
    Verdict.BACKFILLING,
)
ON_THE_WAY = (Verdict.PENDING, Verdict.QUEUED)
# Counted and not named: normal, on their way, or too many during an import.
_NOT_NAMED = frozenset(
    {
        Verdict.ARCHIVED,
        Verdict.ERASED,
        Verdict.EXPIRED,
        Verdict.BACKFILLING,
        *ON_THE_WAY,
    }
)


class Cause(StrEnum):
    """Why a recording is missing, or another verdict urgent."""

    NEVER_LISTED = "never_listed"
    CATALOGUE_ITEM_DELETED = "catalogue_item_deleted"
    OBJECT_DELETED = "object_deleted"
    OBJECT_ALTERED = "object_altered"
    SIDECAR_MISSING = "sidecar_missing"
    REPEATEDLY_NOT_SERVED = "repeatedly_not_served"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one recording, or on an object or record without a recording.

    `recording_id` is None if the name of an object is not one of ringvault's (it may hold
    anything, so only its folder is named) or if a record's can't be read. `detail` is the
    reason of the verdict, or the key of the object that is damaged or unexpected. `is_rewritten`
    says that its call-log record has changed. `is_counted` is False if the recording has its
    verdict on another day: only the rewriting is counted here.
    """

    on: date
    recording_id: str | None
    verdict: Verdict
    causes: tuple[Cause, ...] = ()
    detail: str | None = None
    is_rewritten: bool = False
    is_counted: bool = True

    @property
    def subject(self) -> str:
        """Its subject, unique in a run."""
        if not self.is_counted:
            return f"{self.recording_id} rewritten"
        is_of_detail = self.verdict in {Verdict.UNEXPECTED, Verdict.UNREADABLE}
        if is_of_detail or self.recording_id is None:
            return self.detail or ""
        return self.recording_id

    @property
    def is_named(self) -> bool:
        """Whether a report names it: all except normal ones and those on their way."""
        return self.is_rewritten or self.verdict not in _NOT_NAMED


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and the data for its repair."""

    finding: Finding
    item: CatalogueItem | None = None
    listed: Recording | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """An unreadable record, item or sidecar; `detail` names it and has no content."""

    recording_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of one day's recordings, or of a part of the day.

    `listed_in_span` is the call log's list of the whole span, of which this may be a part.
    `elsewhere` are the items of listed recordings that the catalogue has outside the span.
    `known` are ids that the catalogue holds elsewhere, or that can't be read there.
    `from_sidecars` are items that it lacks, as their sidecars describe them;
    `damaged_sidecars` are the ids of those whose sidecar can't be read. `not_yet_due` are listed
    recordings that the next look-backs will find, `backfilling` those that a backfill will.
    `object_keys` are the day's, audio and sidecars; `empty_keys` those without content; `measured`
    is the audio that some item names. Of recordings that started before `kept_from`, RingCentral
    may have deleted the content.
    """

    on: date
    now: datetime = _EVER
    kept_from: datetime = _EVER
    listed: Mapping[str, Recording] = field(default_factory=dict)
    listed_in_span: Mapping[str, Recording] = field(default_factory=dict)
    items: Mapping[str, CatalogueItem] = field(default_factory=dict)
    elsewhere: Mapping[str, CatalogueItem] = field(default_factory=dict)
    known: AbstractSet[str] = frozenset()
    from_sidecars: Mapping[str, CatalogueItem] = field(default_factory=dict)
    damaged_sidecars: AbstractSet[str] = frozenset()
    unreadable: Sequence[Unread] = ()
    not_yet_due: AbstractSet[str] = frozenset()
    backfilling: AbstractSet[str] = frozenset()
    object_keys: AbstractSet[str] = frozenset()
    empty_keys: AbstractSet[str] = frozenset()
    measured: Mapping[str, StoredSize] = field(default_factory=dict)


def unsettled(totals: Mapping[str, int]) -> dict[str, int]:
    """Return the counts above 0 because of which a report can't say that nothing is missing.

    A report of an earlier schema lacks some: they count as 0.
    """
    counts = {str(verdict): int(totals.get(verdict, 0)) for verdict in UNSETTLED}
    return {verdict: count for verdict, count in counts.items() if count}


def in_words(counts: Mapping[str, int]) -> str:
    """Return counts for a person to read: `1 missing, 2 not served`."""
    return ", ".join(f"{count:,} {verdict.replace('_', ' ')}" for verdict, count in counts.items())
