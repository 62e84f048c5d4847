"""The state of the archive: what waits, what is at risk, and what needs attention."""

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

# Sixty thousand recordings or more; 400 counts cost a quarter of a cent. Beyond, DynamoDB's
# own count of the table is close enough: it is at most six hours old, and costs nothing.
MAX_PAGES_OF_ARCHIVED = 20
# Of each state: five requests, and enough to see what is wrong.
MAX_READ = 500


@dataclass(frozen=True, slots=True)
class Count:
    """A number of recordings; approximate if `is_exact` is false."""

    number: int
    is_exact: bool = True


class Counts(Protocol):
    """Counts the catalogue without reading it."""

    def count(self, state: State, *, max_pages: int | None = None) -> int | None:
        """Return how many are in the state, None if they fill more than so many pages."""

    def oldest_waiting_at(self) -> datetime | None:
        """Return when the oldest call with a PENDING or QUEUED recording began."""

    def items_about(self) -> int:
        """Return how many recordings there were within the last six hours."""


class CountsByCall(Counts, Protocol):
    """Counts by the start of the call."""

    def count_between(
        self, state: State, from_at: datetime, to_at: datetime, *, max_pages: int
    ) -> int | None:
        """Return how many are in the state of calls from then to then, None like `count`."""


class Queue(Protocol):
    """A queue whose messages can be counted."""

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible or delayed, and how many are in flight."""


class Metrics(Protocol):
    """The metrics of the functions."""

    def archived_since(self, at: datetime, *, now: datetime) -> int:
        """Return how many recordings were archived since then."""

    def quota_used(self, *, now: datetime) -> float | None:
        """Return the share of the quota that the last hour used; None if unknown."""


class GivenUp(Protocol):
    """The recordings that are no longer fetched."""

    def ended(self, state: State, period: Period | None) -> Iterable[Ended]:
        """Yield recordings in the state, oldest first; None is all time."""


class Reports(Protocol):
    """The reports of reconciliation."""

    def last(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return object key and content of the newest report, None if there is none."""


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """The state of the archive at `at`; instants are None if nothing waits.

    `archived_today` is since midnight UTC, `quota_used` a share of the last hour's, which exceeds 1
    if RingCentral counts call log and recordings separately. `failures` are FAILED and ABSENT ones
    by state and reason, most frequent first, of the oldest that are read.
    `look_back_requests_a_day` counts empty pages if the account's traffic is unknown.
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
        """The counts of the newest report that need attention, by verdict."""
        return unsettled(self.report.get("totals", {}))

    @property
    def attention(self) -> Sequence[str]:
        """The problems that need attention, each with its next step; empty if there are none."""
        return tuple(self._attention())

    def _attention(self) -> Iterator[str]:
        failed = self.counts[State.FAILED].number
        # A backfill is not a fault, and failures are counted above as of now.
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
    """Return the state of the archive; reads what waits, and a bounded part of the rest."""
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
    """Count FAILED and ABSENT recordings by reason, as far as they are read, most first."""
    counts: Counter[tuple[State, str]] = Counter()
    for state in ENDED:
        counts.update((it.state, it.reason) for it in islice(given_up.ended(state, None), MAX_READ))
    return dict(counts.most_common())


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), time(), at.tzinfo)


def state_counts(catalogue: Counts) -> Mapping[State, Count]:
    """Count exactly the states that may need action, and ARCHIVED as far as it is cheap."""
    others = [state for state in State if state is not State.ARCHIVED]
    counts = {state: Count(catalogue.count(state) or 0) for state in others}
    archived = catalogue.count(State.ARCHIVED, max_pages=MAX_PAGES_OF_ARCHIVED)
    if archived is not None:
        return counts | {State.ARCHIVED: Count(archived)}
    rest = sum(count.number for count in counts.values())
    about = max(0, catalogue.items_about() - rest)
    return counts | {State.ARCHIVED: Count(about, is_exact=False)}


def archived_between(catalogue: CountsByCall, from_at: datetime, to_at: datetime) -> Count:
    """Count the archived recordings of those calls; if too many, all archived, approximately."""
    max_pages = MAX_PAGES_OF_ARCHIVED
    archived = catalogue.count_between(State.ARCHIVED, from_at, to_at, max_pages=max_pages)
    return state_counts(catalogue)[State.ARCHIVED] if archived is None else Count(archived)
