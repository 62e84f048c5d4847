"""How much a feed adds to the queue, and what it does with what is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from ringvault.core.catalogue.item import State
from ringvault.core.errors import UnreadableItemError
from ringvault.core.listing.feed import MAX_DEATHS, MAX_WAIT, Candidate, Fed, Losses, feed_queue
from tests.support.fakes import START as NOW

MINUTE = timedelta(minutes=1)
Found = Candidate | UnreadableItemError


@dataclass
class Outside:
    """Ten requests a minute, a catalogue of what waits, and a queue."""

    items: dict[str, Found] = field(default_factory=dict)
    lost: dict[str, Losses] = field(default_factory=dict)
    queued: list[str] = field(default_factory=list)
    in_flight: int = 0

    def requests_in(self, period: timedelta) -> float:
        return 10 * (period / MINUTE)

    def candidates(self, *, max_items: int, now: datetime) -> Sequence[Found]:
        return list(self.items.values())

    def losses(self, recording_ids: Sequence[str]) -> Mapping[str, Losses]:
        return {it: self.lost[it] for it in recording_ids if it in self.lost}

    def put_back(self, candidate: Candidate, losses: Losses, *, retry_at: datetime) -> None:
        self._lose(candidate, losses, state=State.PENDING, retry_at=retry_at)

    def give_up(self, candidate: Candidate, losses: Losses, *, reason: str) -> None:
        self._lose(candidate, losses, state=State.FAILED, retry_at=None)

    def _lose(
        self, candidate: Candidate, losses: Losses, *, state: State, retry_at: datetime | None
    ) -> None:
        changed = replace(candidate, state=state, queued_at=None, retry_at=retry_at)
        self.items[candidate.recording_id] = changed
        self.lost[candidate.recording_id] = losses

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        for it in candidates:
            changed = replace(it, state=State.QUEUED, queued_at=queued_at)
            self.items[it.recording_id] = changed

    def depth(self) -> tuple[int, int]:
        return len(self.queued), self.in_flight

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        self.queued += recording_ids
        return recording_ids

    def feed(self, now: datetime, *, until: datetime | None = None) -> Fed:
        return feed_queue(
            quota=self,
            catalogue=self,
            queue=self,
            now=now,
            until=until or now + 6 * MINUTE,
            deletion_after=timedelta(days=90),
        )

    def claims(self, name: str, *, until: datetime) -> None:
        """Let an archiver take the recording, and die."""
        item = self.items[name]
        assert isinstance(item, Candidate)
        self.items[name] = replace(item, claimed_until=until)
        self.queued.remove(name)


def waiting(number: int) -> dict[str, Found]:
    """Return so many recordings that wait."""
    return {str(it): Candidate(str(it), State.PENDING, NOW) for it in range(number)}


def test_a_feed_adds_what_can_be_fetched_before_its_end() -> None:
    """Late in a run that is less: whatever lies there is in front of the next fresh call."""
    outside, until = Outside(waiting(100)), NOW + 6 * MINUTE

    assert outside.feed(NOW, until=until).total() == 60
    assert outside.feed(NOW + MINUTE, until=until).total() == 0
    for name in outside.queued[:50]:
        del outside.items[name]
    del outside.queued[:50]
    assert outside.feed(NOW + 4 * MINUTE, until=until).total() == 10
    assert outside.feed(NOW + 7 * MINUTE, until=until).total() == 0


def test_messages_in_flight_take_nobodys_place() -> None:
    """They may be copies of one recording that kills its archivers."""
    outside = Outside(waiting(100), in_flight=1_000)

    assert outside.feed(NOW).total() == 60


def test_what_an_archiver_works_on_counts_although_the_queue_is_empty() -> None:
    """The catalogue knows that it is on its way."""
    outside = Outside(waiting(100))
    outside.feed(NOW)
    for name in list(outside.queued):
        outside.claims(name, until=NOW + 9 * MINUTE)

    assert outside.feed(NOW + MINUTE).total() == 0


def test_what_kills_its_archivers_waits_longer_each_time_and_ends() -> None:
    """It holds one place at most, costs little, and is FAILED after twelve deaths in a row."""
    outside, now, fed_at = Outside(waiting(1)), NOW, [NOW]
    outside.feed(NOW)
    given_up = 0
    while not given_up:
        outside.claims("0", until=now + MINUTE)
        while not outside.queued and not given_up:
            now += 5 * MINUTE
            given_up = outside.feed(now).given_up
        fed_at.append(now)

    waits = [after - before for before, after in pairwise(fed_at)]
    assert waits[:-1] == sorted(waits[:-1])
    assert len(waits) == MAX_DEATHS
    assert MAX_WAIT <= waits[-2] < MAX_WAIT + 10 * MINUTE
    item = outside.items["0"]
    assert isinstance(item, Candidate)
    assert item.state is State.FAILED


def test_where_no_archiver_runs_nothing_ends() -> None:
    """Messages that nobody takes are lost again and again, and no recording is to blame."""
    outside = Outside(waiting(1))
    for hour in range(24 * 14):
        assert outside.feed(NOW + timedelta(hours=hour)).given_up == 0
        outside.queued.clear()

    assert outside.lost["0"].times > MAX_DEATHS


def test_a_damaged_item_costs_itself_only() -> None:
    """It is counted, and the others are fed."""
    outside = Outside({**waiting(3), "x": UnreadableItemError("x", "damaged")})
    result = outside.feed(NOW)

    assert (result.total(), result.unreadable) == (3, 1)
