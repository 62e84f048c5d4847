"""One run of the listing, and runs that die anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import (
    ConflictError,
    CredentialsError,
    EndlessPagesError,
    PermissionLostError,
    RingvaultError,
    ServiceUnavailableError,
    ThrottledError,
)
from ringvault.core.instants import format_instant
from ringvault.core.listing.feed import Candidate, FeedReason, Losses
from ringvault.core.listing.list_recordings import ListingResult, Quotas, list_recordings
from ringvault.core.listing.read_windows import MAX_REJECTED
from ringvault.core.listing.windows import ListingProgress, Reach
from ringvault.core.quota.gate import Turn
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Span
from tests.support.call_log_records import record, recording
from tests.support.fakes import START, Time

DAY = timedelta(days=1)
REACH = 30 * DAY


class DiedError(Exception):
    """The process is gone."""


def is_of_backfill(span: Span, now: datetime) -> bool:
    """Whether a look-back, which ends with the run that opened it, does not read the span."""
    return now - span.to_at > timedelta(hours=1)


@dataclass
class Outside:
    """RingCentral, catalogue, state and queue in memory; dies at the planned step."""

    time: Time = field(default_factory=Time)
    calls: list[dict[str, Any]] = field(default_factory=list)
    per_page: int = 3
    permitted: float = 40.0
    turns_left: int = 1000
    dies_at: int | None = None
    kept: Retention = field(default_factory=Retention)
    asked_for_retention: int = 0
    refuses: set[str] = field(default_factory=set)
    step: int = 0
    pages: list[Span] = field(default_factory=list)
    indexed: set[str] = field(default_factory=set)
    too_large: frozenset[str] = frozenset()
    refused: tuple[str, ...] = ()
    items: dict[str, Candidate] = field(default_factory=dict)
    lost: dict[str, Losses] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    progress: ListingProgress = field(default_factory=ListingProgress)
    version: int = 0

    def _next(self) -> None:
        self.step += 1
        if self.step == self.dies_at:
            raise DiedError

    # Call log
    def first_page(self, span: Span, turn: Turn) -> CallLogPage:
        self._next()
        self.pages.append(span)
        return self._page(span, 0)

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        self._next()
        self.pages.append(self.pages[-1])
        return self._page(self.pages[-1], int(uri))

    def retention(self, turn: Turn) -> Retention:
        self._next()
        self.asked_for_retention += 1
        return self.kept

    @property
    def requests_for_backfills(self) -> int:
        return sum(is_of_backfill(span, self.time.now) for span in self.pages)

    def _page(self, span: Span, start: int) -> CallLogPage:
        inside = [
            call
            for call in self.calls
            if format_instant(span.from_at) <= call["startTime"] <= format_instant(span.to_at)
        ]
        end = start + self.per_page
        return CallLogPage(inside[start:end], str(end) if end < len(inside) else None)

    # Quota
    def reserve(self, *, latest: datetime) -> Turn:
        if self.turns_left == 0:
            raise ThrottledError("later", retry_at=self.time.now + DAY)
        self.turns_left -= 1
        return Turn("1", at=self.time.now, latest=latest, closings=0)

    def requests_in(self, period: timedelta) -> float:
        return self.permitted

    # Number index
    def add(self, recordings: Sequence[Recording]) -> None:
        for found in recordings:
            self._next()
            self.indexed.add(found.recording_id)

    # Catalogue
    def unlisted(self, recordings: Sequence[Recording]) -> Sequence[Recording]:
        return [found for found in recordings if found.recording_id not in self.items]

    def take_refused(self) -> Sequence[str]:
        refused, self.refused = tuple(self.refused), ()
        return refused

    def add_new(self, recordings: Sequence[Recording], *, listed_at: datetime) -> int:
        added = 0
        for found in recordings:
            self._next()
            assert found.recording_id in self.indexed
            if found.recording_id in self.too_large:
                self.refused += (found.recording_id,)
                continue
            if found.recording_id not in self.items:
                added += 1
                self.items[found.recording_id] = Candidate(
                    found.recording_id, State.PENDING, found.started_at
                )
        return added

    def candidates(self, *, max_items: int, now: datetime) -> Iterable[Candidate]:
        return [it for it in self.items.values() if it.state in {State.PENDING, State.QUEUED}]

    def losses(self, recording_ids: Sequence[str]) -> Mapping[str, Losses]:
        return {it: self.lost[it] for it in recording_ids if it in self.lost}

    def put_back(self, candidate: Candidate, losses: Losses, *, retry_at: datetime) -> None:
        self._next()
        self.lost[candidate.recording_id] = losses
        self.items[candidate.recording_id] = replace(
            candidate, state=State.PENDING, queued_at=None, retry_at=retry_at
        )

    def give_up(self, candidate: Candidate, losses: Losses, *, reason: str) -> None:
        self._next()
        self.lost[candidate.recording_id] = losses
        self.items[candidate.recording_id] = replace(candidate, state=State.FAILED)

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        for candidate in candidates:
            self._next()
            changed = replace(candidate, state=State.QUEUED, queued_at=queued_at)
            self.items[candidate.recording_id] = changed

    # Progress
    def load(self) -> tuple[ListingProgress, int]:
        return self.progress, self.version

    def save(self, progress: ListingProgress, *, version: int) -> int:
        self._next()
        if version != self.version:
            raise ConflictError("another run was quicker")
        self.progress, self.version = progress, version + 1
        return self.version

    # Queue
    def depth(self) -> tuple[int, int]:
        return len(self.queue), 0

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        self._next()
        accepted = [it for it in recording_ids if it not in self.refuses]
        self.queue += accepted
        return accepted

    def run(self, **changed: Any) -> ListingResult:
        """Run once."""
        collaborators: dict[str, Any] = {
            "call_log": self,
            "quotas": Quotas(self, self, self),
            "reach": Reach(first_run=REACH),
            "catalogue": self,
            "number_index": self,
            "progress": self,
            "queue": self,
            **changed,
        }
        return list_recordings(
            **collaborators,
            clock=self.time,
            latest=START + 10 * DAY,
        )


def call(number: int, age: timedelta) -> dict[str, Any]:
    """Return the record of a recorded call that long ago."""
    return record(
        id=f"call-{number}",
        startTime=format_instant(START - age),
        recording=recording(str(number)),
    )


def account(number: int = 20) -> list[dict[str, Any]]:
    """Return calls over the whole reach, newest first."""
    return [call(100 + it, REACH * it / number + timedelta(hours=1)) for it in range(number)]


def test_one_run_lists_and_feeds_what_is_there() -> None:
    """Everything in reach is in the catalogue and on the queue."""
    outside = Outside(calls=account(), permitted=200)
    result = outside.run()

    assert (result.listed.new, result.fed.total(), result.problem) == (20, 20, None)
    assert result.windows_open == 0
    assert set(outside.queue) == set(outside.items) == {str(100 + it) for it in range(20)}
    assert {it.state for it in outside.items.values()} == {State.QUEUED}


def test_a_second_run_lists_and_feeds_nothing_twice() -> None:
    """The overlap costs requests, not duplicates."""
    outside = Outside(calls=account(), permitted=200)
    outside.run()
    outside.time.now += timedelta(minutes=5)
    result = outside.run()

    assert (result.listed.new, result.fed.total()) == (0, 0)
    assert len(outside.queue) == 20


def test_the_feed_stops_when_the_queue_holds_enough() -> None:
    """The queue is a conveyor of a few minutes; the rest waits in the catalogue."""
    outside = Outside(calls=account(), permitted=7)
    for _ in range(12):
        outside.run()

    assert len(outside.queue) == 7
    assert len(outside.items) == 20


def test_what_the_queue_refuses_stays_pending() -> None:
    """A partial failure of SendMessageBatch loses nothing."""
    outside = Outside(calls=account(4), permitted=200, refuses={"101"})
    outside.run()

    assert outside.items["101"].state is State.PENDING
    assert outside.items["102"].state is State.QUEUED


def test_a_run_stays_within_its_share_of_the_quota() -> None:
    """A quarter of what five minutes permit, and the windows stay open."""
    outside = Outside(calls=account(), permitted=40, per_page=1)
    result = outside.run()

    assert 5 <= result.listed.requests <= 10
    assert result.windows_open > 0


def test_a_window_too_large_for_one_run_is_cut_until_it_fits() -> None:
    """A busy hour is read in the end, however small the share."""
    busy = [call(it, timedelta(minutes=it)) for it in range(60)]
    outside = Outside(calls=busy, permitted=4, per_page=3)
    for _ in range(60):
        outside.run()

    assert len(outside.items) == 60


def test_a_backfill_that_needs_more_than_the_look_back_leaves_is_cut() -> None:
    """Look-backs come first in every run; what they leave is all that a backfill ever gets."""
    old = [call(it, 3 * DAY + timedelta(minutes=it)) for it in range(12)]
    outside = Outside(calls=old, permitted=16, per_page=3)
    for _ in range(12):
        outside.run()
        outside.time.now += timedelta(minutes=5)

    assert len(outside.items) == 12
    assert outside.progress.windows == ()


def test_a_backfill_that_the_quota_stops_in_its_middle_is_cut() -> None:
    """A run that never has time for the whole of it would read its first pages for ever."""
    old = [call(it, 3 * DAY + timedelta(minutes=it)) for it in range(12)]
    outside = Outside(calls=old, permitted=200, per_page=3)
    for _ in range(30):
        outside.turns_left = 3
        outside.run()
        outside.time.now += timedelta(minutes=5)

    assert len(outside.items) == 12


def test_old_calls_that_would_not_fit_are_left_to_the_next_run() -> None:
    """No window is begun that the run could not end: its pages would be read twice."""
    old = [call(it, 2 * DAY + it * DAY + timedelta(hours=1)) for it in range(28)]
    outside = Outside(calls=old, permitted=20, per_page=1)
    while outside.progress.windows or not outside.version:
        outside.run()
        outside.time.now += timedelta(seconds=1)

    assert len(outside.items) == len(old)
    assert outside.requests_for_backfills <= len(old) + 5


def test_todays_calls_are_fed_before_old_ones_are_listed() -> None:
    """A run that dies in its backfill has fed what the look-back found."""
    outside = Outside(calls=[call(1, timedelta(hours=1)), call(2, 9 * DAY)], permitted=200)

    class Dying(Outside):
        def first_page(self, span: Span, turn: Turn) -> CallLogPage:
            if is_of_backfill(span, outside.time.now):
                raise DiedError
            return outside.first_page(span, turn)

    with pytest.raises(DiedError):
        outside.run(call_log=Dying())

    assert outside.queue == ["1"]


def test_the_first_run_reaches_as_far_as_the_account_keeps_recordings() -> None:
    """The account's own retention decides, and a day more; it is asked once a day."""
    old = call(1, 200 * DAY)
    outside = Outside(calls=[old], permitted=400, kept=Retention(period=200 * DAY))
    for _ in range(3):
        outside.run(reach=Reach())
        outside.time.now += timedelta(hours=6)

    assert set(outside.items) == {"1"}
    assert outside.progress.retention == Retention(period=200 * DAY)
    assert outside.asked_for_retention == 1
    outside.time.now += timedelta(hours=6)
    outside.run(reach=Reach())
    assert outside.asked_for_retention == 2


@pytest.mark.parametrize(
    "error",
    [
        PermissionLostError("no", concerns_all_users=True),
        ServiceUnavailableError("not now"),
    ],
)
def test_who_may_not_know_the_retention_lists_all_the_same(error: RingvaultError) -> None:
    """The permission is a convenience: RingCentral's own retention is presumed."""

    class Silent(Outside):
        def retention(self, turn: Turn) -> Retention:
            raise error

    outside = Silent(calls=account(4), permitted=200)
    result = outside.run(reach=Reach())

    assert (result.problem, len(outside.items)) == (None, 4)
    assert outside.progress.retention == Retention()


def test_a_run_says_why_it_fed_what() -> None:
    """The share of each is visible: near deletion, today, backlog."""
    ages = (timedelta(hours=1), 40 * DAY, 89 * DAY, 88 * DAY)
    outside = Outside(calls=[call(it, age) for it, age in enumerate(ages)], permitted=400)
    result = outside.run(reach=Reach())

    assert result.fed.turns == {
        FeedReason.NEAR_DELETION: 2,
        FeedReason.TODAY: 1,
        FeedReason.BACKLOG: 1,
    }


def test_a_throttled_run_feeds_all_the_same() -> None:
    """What is known already need not wait for the call log."""
    outside = Outside(calls=account(), permitted=200, turns_left=2)
    result = outside.run()

    assert result.throttled_until == START + DAY
    assert result.problem is None
    assert result.fed.total() == result.listed.new > 0


def test_a_refused_sign_in_is_the_runs_problem() -> None:
    """The run ends in order and says why."""

    class Refused(Outside):
        def first_page(self, span: Span, turn: Turn) -> CallLogPage:
            raise CredentialsError("RingCentral refuses the sign-in")

    result = Refused().run()

    assert isinstance(result.problem, CredentialsError)
    assert result.windows_open == 2


def test_an_overtaken_run_stops() -> None:
    """Two runs at once do not write over each other's progress; the second feeds nothing."""
    outside = Outside(calls=account())

    class Overtaken(Outside):
        def save(self, progress: ListingProgress, *, version: int) -> int:
            raise ConflictError("another run was quicker")

    result = outside.run(progress=Overtaken())

    assert (result.is_overtaken, result.problem, result.fed.total()) == (True, None, 0)


def test_a_malformed_record_does_not_stop_the_others() -> None:
    """It is reported, and the rest of its page is listed."""
    broken = record(id="broken", startTime=format_instant(START - DAY), recording={"id": ""})
    outside = Outside(calls=[call(1, DAY), broken, call(2, DAY)], permitted=200)
    result = outside.run()

    assert set(outside.items) == {"1", "2"}
    assert any("broken" in told for told in result.listed.rejected)


def test_what_the_catalogue_refuses_does_not_stop_the_others() -> None:
    """It is reported in each run that meets it, and never counted as listed."""
    outside = Outside(calls=[call(1, DAY), call(2, DAY)], permitted=200, too_large=frozenset("1"))
    result = outside.run()

    assert set(outside.items) == {"2"}
    assert result.listed.new == 1
    assert "recording 1: the catalogue refuses its item" in result.listed.rejected


@pytest.mark.parametrize("per_page", [1, 3, 100])
def test_dying_at_any_step_loses_nothing(per_page: int) -> None:
    """Killed at each step in turn, the next runs make it good: all listed, all fed."""
    steps = Outside(calls=account(8), permitted=400, per_page=per_page)
    steps.run()
    for dies_at in range(1, steps.step + 1):
        outside = Outside(calls=account(8), permitted=400, per_page=per_page, dies_at=dies_at)
        with pytest.raises(DiedError):
            outside.run()
        outside.time.now += timedelta(minutes=40)
        outside.run()

        assert len(outside.items) == 8
        assert set(outside.queue) == set(outside.items)
        assert {it.state for it in outside.items.values()} == {State.QUEUED}


@given(st.lists(st.integers(1, 60), max_size=8), st.integers(1, 5))
def test_dying_again_and_again_loses_nothing(deaths: list[int], per_page: int) -> None:
    """Several runs in a row die at random steps; one that does not is enough."""
    outside = Outside(calls=account(8), permitted=400, per_page=per_page)
    for dies_after in deaths:
        outside.dies_at = outside.step + dies_after
        with suppress(DiedError):
            outside.run()
        outside.time.now += timedelta(minutes=5)
    outside.dies_at = None
    outside.time.now += timedelta(minutes=40)
    outside.run()

    assert set(outside.queue) == set(outside.items) == {str(100 + it) for it in range(8)}


class Throttled(Outside):
    """Answers 429 to every later page of a backfill, while `is_drained`."""

    is_drained = True

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        if self.is_drained and is_of_backfill(self.pages[-1], self.time.now):
            raise ThrottledError("429", retry_at=self.time.now + timedelta(minutes=1))
        return super().next_page(uri, turn)


def test_a_throttle_changes_no_window() -> None:
    """However often RingCentral answers 429 in the middle of one, its span says nothing of it."""
    outside = Throttled(calls=[call(it, 3 * DAY + timedelta(minutes=it)) for it in range(12)])
    outside.run()
    windows = outside.progress.windows
    for _ in range(36):
        outside.run()
    assert outside.progress.windows == windows
    outside.is_drained = False
    for _ in range(12):
        outside.time.now += timedelta(minutes=5)
        outside.run()
    assert len(outside.items) == 12
    assert outside.progress.windows == ()


def test_a_minute_with_more_calls_than_a_run_can_read_is_read_over_several() -> None:
    """It can't be cut any more, and no page of it is read in vain."""
    crowd = [call(it, DAY + timedelta(milliseconds=it)) for it in range(60)]
    outside = Outside(calls=crowd, permitted=4, per_page=3)
    for _ in range(60):
        outside.run()
        outside.time.now += timedelta(minutes=5)

    assert len(outside.items) == 60


class Circular(Outside):
    """Every span with the call of that start names its first page as the next, for ever."""

    poison: str = ""

    def _page(self, span: Span, start: int) -> CallLogPage:
        page = super()._page(span, start)
        is_poisoned = any(it["startTime"] == self.poison for it in page.records)
        return CallLogPage(page.records, "0") if is_poisoned else page


def test_pages_in_a_circle_cost_their_own_window_only() -> None:
    """The others are read, new calls are found, and the run says what is wrong."""
    calls = account(20)
    outside = Circular(calls=calls, permitted=400)
    outside.poison = calls[0]["startTime"]
    result = outside.run()

    assert isinstance(result.problem, EndlessPagesError)
    assert len(outside.items) == 20
    assert result.windows_broken == result.windows_open == 2
    outside.calls.insert(0, call(1, -timedelta(minutes=4)))
    outside.time.now += timedelta(minutes=5)
    later = outside.run()
    assert later.listed.new == 1


def test_an_empty_page_that_names_a_next_one_is_not_the_end() -> None:
    """What is behind it is listed."""

    class Gappy(Outside):
        def _page(self, span: Span, start: int) -> CallLogPage:
            page = super()._page(span, start // 2)
            if start % 2 == 0 and page.next_uri is not None:
                return CallLogPage([], str(start + 1))
            uri = page.next_uri and str(2 * int(page.next_uri))
            return CallLogPage(page.records, uri)

    outside = Gappy(calls=account(12), permitted=400, per_page=1)
    outside.run()

    assert len(outside.items) == 12


def test_so_many_unreadable_records_are_counted_and_few_are_named() -> None:
    """A log line has an end; the number is that of all."""
    rubbish: list[Any] = [
        record(id=f"broken-{it}", startTime=format_instant(START - DAY), recording={"id": ""})
        for it in range(200)
    ]
    outside = Outside(calls=[call(1, DAY), *rubbish], permitted=200, per_page=500)
    result = outside.run()

    assert set(outside.items) == {"1"}
    assert (result.listed.unreadable, len(result.listed.rejected)) == (200, MAX_REJECTED)
