"""How the archive stands: what waits, what is at risk, and what needs somebody's attention."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from typing import Any, Protocol

from ringvault.core.catalogue.item import State
from ringvault.core.listing.feed import is_near_deletion
from ringvault.core.listing.windows import ListingProgress, LookBacks
from ringvault.core.operations.retry_recordings import ENDED, Ended
from ringvault.core.reconciliation.finding import Verdict, in_words, unsettled
from ringvault.core.spans import Period
from ringvault.core.versioned import Versioned

# Sixty thousand recordings or more, a quarter of a cent for four hundred looks. Beyond, DynamoDB's
# own count of the table is near enough: it is at most six hours old, and costs nothing.
MAX_PAGES_OF_ARCHIVED = 20
# Of each state: five requests, and enough to know what is wrong.
MAX_READ = 500


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; only about so many where `is_exact` is false."""

    number: int
    is_exact: bool = True


class Counts(Protocol):
    """The catalogue as it can be counted without reading it."""

    def count(self, state: State, *, max_pages: int | None = None) -> int | None:
        """Return how many are in the state, None when they fill more than so many pages."""

    def oldest_waiting_at(self) -> datetime | None:
        """Return when the oldest call began whose recording is PENDING or QUEUED."""

    def items_about(self) -> int:
        """Return how many recordings there were within the last six hours."""


class CountsByCall(Counts, Protocol):
    """The same, by when a call began."""

    def count_between(
        self, state: State, from_at: datetime, to_at: datetime, *, max_pages: int
    ) -> int | None:
        """Return how many are in the state of calls from then to then, None like `count`."""


class Queue(Protocol):
    """A queue that can be looked at."""

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible or delayed, and how many are in flight."""


class Metrics(Protocol):
    """The metrics of the functions."""

    def archived_since(self, at: datetime, *, now: datetime) -> int:
        """Return how many recordings were archived since then."""

    def quota_used(self, *, now: datetime) -> float | None:
        """Return the share of the quota that the last hour took; None where it is unknown."""


class GivenUp(Protocol):
    """What nobody fetches any more."""

    def ended(self, state: State, period: Period | None) -> Iterable[Ended]:
        """Yield what is in the state, oldest first; None is all the time there was."""


class Reports(Protocol):
    """What reconciliation left."""

    def last(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return object key and content of the newest report, None where there is none."""


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """The state of the archive at `at`; instants are None where nothing waits.

    `archived_today` is since midnight UTC, `quota_used` a share of the last hour's, which passes 1
    where RingCentral counts call log and recordings apart. `failures` are FAILED and ABSENT ones
    by state and reason, most first, of the oldest that are read.
    `look_back_requests_a_day` counts empty pages where nobody knows how busy the account is.
    `report` is the newest reconciliation report, under `report_key`.
    """

    at: datetime
    counts: Mapping[State, Count]
    oldest_waiting_at: datetime | None
    nearest_deletion_at: datetime | None
    is_near_deletion: bool
    listing: ListingProgress
    look_back_requests_a_day: int
    archived_today: int
    quota_used: float | None
    failures: Mapping[tuple[State, str], int]
    queue: tuple[int, int]
    dead_letters: int
    report_key: str | None
    report: Mapping[str, Any]

    @property
    def listed_at(self) -> datetime | None:
        """When the call log was last read."""
        return max(self.listing.opened_to.values(), default=None)

    @property
    def unsettled(self) -> Mapping[str, int]:
        """Why the newest report does not say that nothing is missing: counts by verdict."""
        return unsettled(self.report.get("totals", {}))

    @property
    def attention(self) -> Sequence[str]:
        """What needs a person, and what they can do; nothing where all is well."""
        return tuple(self._attention())

    def _attention(self) -> Iterator[str]:
        failed = self.counts[State.FAILED].number
        # A backfill is not a fault, and what failed is counted as of now above.
        calm = {Verdict.BACKFILLING, Verdict.FAILED}
        reported = {it: count for it, count in self.unsettled.items() if it not in calm}
        if failed:
            yield f"{failed:,} failed: see ringvault retry --state failed"
        if self.dead_letters:
            yield f"{self.dead_letters:,} in the dead-letter queue: see docs/operations/alarms.md"
        if self.is_near_deletion:
            yield "RingCentral soon deletes what still waits: see docs/operations/alarms.md"
        if reported:
            yield f"{in_words(reported)}: read the last report"
        if not self.listing.opened_to:
            yield "the call log was never read: is the schedule enabled?"


def archive_status(
    *,
    catalogue: Counts,
    listing: Versioned[ListingProgress],
    metrics: Metrics,
    given_up: GivenUp,
    queue: Queue,
    dead_letter_queue: Queue,
    reports: Reports,
    look_backs: LookBacks,
    per_page: int,
    now: datetime,
) -> ArchiveStatus:
    """Return how the archive stands; reads what waits, and of what is done a bounded part."""
    progress, _ = listing.load()
    started_at = catalogue.oldest_waiting_at()
    after = progress.deletion_after
    report = reports.last()
    return ArchiveStatus(
        at=now,
        counts=state_counts(catalogue),
        oldest_waiting_at=started_at,
        nearest_deletion_at=started_at + after if started_at else None,
        is_near_deletion=started_at is not None
        and is_near_deletion(started_at, now=now, deletion_after=after),
        listing=progress,
        look_back_requests_a_day=look_backs.requests_a_day(
            progress.recordings_a_day or 0, per_page=per_page
        ),
        archived_today=metrics.archived_since(_midnight(now), now=now),
        quota_used=metrics.quota_used(now=now),
        failures=failures_by_reason(given_up),
        queue=queue.depth(),
        dead_letters=sum(dead_letter_queue.depth()),
        report_key=report and report[0],
        report=report[1] if report else {},
    )


def failures_by_reason(given_up: GivenUp) -> Mapping[tuple[State, str], int]:
    """Count what is FAILED or ABSENT by its reason, as far as it is read, most first."""
    counts: Counter[tuple[State, str]] = Counter()
    for state in ENDED:
        counts.update((it.state, it.reason) for it in islice(given_up.ended(state, None), MAX_READ))
    return dict(counts.most_common())


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), time(), at.tzinfo)


def state_counts(catalogue: Counts) -> Mapping[State, Count]:
    """Count exactly whatever a person may have to act on, and what is archived as far as cheap."""
    others = [state for state in State if state is not State.ARCHIVED]
    counts = {state: Count(catalogue.count(state) or 0) for state in others}
    archived = catalogue.count(State.ARCHIVED, max_pages=MAX_PAGES_OF_ARCHIVED)
    if archived is not None:
        return counts | {State.ARCHIVED: Count(archived)}
    rest = sum(count.number for count in counts.values())
    about = max(0, catalogue.items_about() - rest)
    return counts | {State.ARCHIVED: Count(about, is_exact=False)}


def archived_between(catalogue: CountsByCall, from_at: datetime, to_at: datetime) -> Count:
    """Count what is archived of those calls; where that is too much, about what is archived."""
    max_pages = MAX_PAGES_OF_ARCHIVED
    archived = catalogue.count_between(State.ARCHIVED, from_at, to_at, max_pages=max_pages)
    return state_counts(catalogue)[State.ARCHIVED] if archived is None else Count(archived)
