"""Reads the call log into the catalogue, then feeds the queue from the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from ringvault.core.errors import RingvaultError, ThrottledError
from ringvault.core.instants import Clock
from ringvault.core.listing.feed import (
    FEED_HORIZON,
    Candidates,
    Fed,
    MediaQuota,
    RecordingQueue,
    feed_queue,
)
from ringvault.core.listing.read_windows import (
    AccountCallLog,
    Listed,
    NewRecordings,
    NumberPointerWriter,
    OvertakenError,
    WindowReader,
)
from ringvault.core.listing.windows import ListingProgress, Reach
from ringvault.core.quota.budget import RequestQuota
from ringvault.core.versioned import Versioned


class ListingCatalogue(NewRecordings, Candidates, Protocol):
    """The catalogue for the lister."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quota of each kind of request; several may be the same one."""

    call_log: RequestQuota
    media: MediaQuota
    settings: RequestQuota


@dataclass(slots=True)
class ListingResult:
    """The result of one run.

    It may have stopped early: at `throttled_until` the quota has a turn again, `problem` needs a
    person's attention, `is_overtaken` means that another run does the same at the same time. The
    next run continues from there. A `problem` of one window did not stop the others:
    `windows_broken` are those with endless pages.
    """

    listed: Listed = field(default_factory=Listed)
    windows_open: int = 0
    windows_broken: int = 0
    recordings_a_day: float | None = None
    deletion_after: timedelta = field(default_factory=lambda: ListingProgress().deletion_after)
    fed: Fed = field(default_factory=Fed)
    throttled_until: datetime | None = None
    problem: RingvaultError | None = None
    is_overtaken: bool = False

    @property
    def is_stopped(self) -> bool:
        """Whether the run ended before its windows or its share of the quota did."""
        return self.throttled_until is not None or self.problem is not None or self.is_overtaken

    @property
    def has_listed(self) -> bool:
        """Whether the run read what was due, or part of it."""
        return not self.is_stopped or (self.problem is None and self.listed.windows_read > 0)


def list_recordings(
    *,
    call_log: AccountCallLog,
    quotas: Quotas,
    catalogue: ListingCatalogue,
    number_index: NumberPointerWriter,
    progress: Versioned[ListingProgress],
    queue: RecordingQueue,
    clock: Clock,
    latest: datetime,
    reach: Reach,
) -> ListingResult:
    """Run the lister once; return what it listed and fed, even if the listing stopped early.

    Every listed recording is in the catalogue before the progress is saved and before it is fed:
    the next run makes up for one that dies at any point. `latest` is when the last request may be
    sent.
    """
    listing = WindowReader(
        call_log=call_log,
        quota=quotas.call_log,
        settings_quota=quotas.settings,
        catalogue=catalogue,
        number_index=number_index,
        progress=progress,
        clock=clock,
        latest=latest,
        reach=reach,
    )
    result = ListingResult(listed=listing.listed)
    feed_until = clock() + FEED_HORIZON
    visible, _ = queue.depth()
    for read in (partial(listing.look_back, is_busy=visible > 0), listing.backfill):
        if result.is_stopped:
            break
        _attempt(read, result)
        if result.is_overtaken:
            break  # the other run feeds
        # Also between the two: today's calls do not wait until old ones are listed.
        result.fed += feed_queue(
            quota=quotas.media,
            catalogue=catalogue,
            queue=queue,
            now=clock(),
            until=feed_until,
            deletion_after=listing.state.deletion_after,
        )
    result.problem = result.problem or listing.broken
    result.windows_open = len(listing.state.windows)
    result.windows_broken = len(listing.state.broken)
    result.recordings_a_day = listing.state.recordings_a_day
    result.deletion_after = listing.state.deletion_after
    return result


def _attempt(read: Callable[[], None], result: ListingResult) -> None:
    try:
        read()
    except OvertakenError:
        result.is_overtaken = True
    except ThrottledError as error:
        result.throttled_until = error.retry_at
    except RingvaultError as error:
        result.problem = error
