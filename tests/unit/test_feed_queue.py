"""How much a feed adds to the queue, over a catalogue and a queue in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ringvault.core.catalogue import State
from ringvault.core.feed import Candidate
from ringvault.core.feed_queue import feed_queue
from tests.unit.fakes import START as NOW

MINUTE = timedelta(minutes=1)


@dataclass
class Outside:
    """Ten requests a minute, a hundred recordings that wait, and a queue."""

    queued: list[str] = field(default_factory=list)

    def requests_in(self, period: timedelta) -> float:
        return 10 * (period / MINUTE)

    def candidates(self, *, most: int, now: datetime) -> Iterable[Candidate]:
        return [Candidate(str(number), State.PENDING, now) for number in range(100)]

    def mark_queued(self, candidates: Sequence[Candidate], *, queued_at: datetime) -> None:
        """Keep nothing: the queue tells enough."""

    def depth(self) -> tuple[int, int]:
        return len(self.queued), 0

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        self.queued += recording_ids
        return recording_ids

    def feed(self, now: datetime, *, until: datetime) -> int:
        fed = feed_queue(
            quota=self,
            catalogue=self,
            queue=self,
            now=now,
            until=until,
            deletion_after=timedelta(days=90),
        )
        return fed.total()


def test_a_feed_adds_what_can_be_fetched_before_its_end() -> None:
    """Late in a run that is less: whatever lies there is in front of the next fresh call."""
    outside, until = Outside(), NOW + 6 * MINUTE

    assert outside.feed(NOW, until=until) == 60
    assert outside.feed(NOW + 4 * MINUTE, until=until) == 0
    del outside.queued[:50]
    assert outside.feed(NOW + 4 * MINUTE, until=until) == 10
    assert outside.feed(NOW + 7 * MINUTE, until=until) == 0
