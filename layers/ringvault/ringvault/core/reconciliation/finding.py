"""What a reconciliation says of a recording: verdicts, causes and findings."""

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
    """What a recording stands at; `unexpected` and `unreadable` may be about an object or record.

    `overdue` waits longer than any plan explains. `backfilling` is listed by RingCentral only: an
    open backfill has still to reach it. `not_served` is offered by the call log, and its content
    is answered with 404. `refused` is answered with 403.
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


# "Nothing is missing" is said only where all of these are zero.
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
# Counted and not named: as it should be, on its way, or too many during an import.
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
    """Why a recording is missing, or what makes another verdict urgent."""

    NEVER_LISTED = "never_listed"
    CATALOGUE_ITEM_DELETED = "catalogue_item_deleted"
    OBJECT_DELETED = "object_deleted"
    OBJECT_ALTERED = "object_altered"
    SIDECAR_MISSING = "sidecar_missing"
    REPEATEDLY_NOT_SERVED = "repeatedly_not_served"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one recording, or on an object or record that is no recording's.

    `recording_id` is None where an object's name is none that ringvault gives (it may hold
    anything, so only its folder is named) or where a record's can't be read. `detail` is the
    reason of the verdict, or the key of the object that is damaged or unexpected. `is_rewritten`
    says that its call-log record has changed. `is_counted` is False where the recording has its
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
        """What it is about, once in a run."""
        if not self.is_counted:
            return f"{self.recording_id} rewritten"
        is_of_detail = self.verdict in {Verdict.UNEXPECTED, Verdict.UNREADABLE}
        if is_of_detail or self.recording_id is None:
            return self.detail or ""
        return self.recording_id

    @property
    def is_named(self) -> bool:
        """Whether a report names it: all but what is as it should be or on its way."""
        return self.is_rewritten or self.verdict not in _NOT_NAMED


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and what is needed to put it right."""

    finding: Finding
    item: CatalogueItem | None = None
    listed: Recording | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A record, an item or a sidecar that can't be read; `detail` names it and has no content."""

    recording_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the three say of one day's recordings, or of a part of the day.

    `listed_in_span` is what the call log lists in the whole span, of which this may be a part.
    `elsewhere` are the items of listed recordings that the catalogue has outside the span.
    `known` are ids that the catalogue holds elsewhere, or that can't be read there.
    `from_sidecars` are items that it does not hold, as their sidecars describe them;
    `damaged_sidecars` are the ids of those whose sidecar can't be read. `not_yet_due` are listed
    recordings that the next look-backs will meet, `backfilling` those that a backfill will.
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
    """Return the counts that forbid to say that nothing is missing, without those that are 0.

    A report of an earlier schema lacks some: they count as 0.
    """
    counts = {str(verdict): int(totals.get(verdict, 0)) for verdict in UNSETTLED}
    return {verdict: count for verdict, count in counts.items() if count}


def in_words(counts: Mapping[str, int]) -> str:
    """Return counts for a person to read: `1 missing, 2 not served`."""
    return ", ".join(f"{count:,} {verdict.replace('_', ' ')}" for verdict, count in counts.items())
