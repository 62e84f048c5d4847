"""How long RingCentral keeps recordings."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """RingCentral deletes what is older than `period`, and the oldest beyond `most_recordings`.

    The defaults are RingCentral's own (data retention policies, 2026); an account may have others.
    """

    period: timedelta = timedelta(days=90)
    most_recordings: int = 100_000

    def deletion_after(self, recordings_a_day: float | None) -> timedelta:
        """Return how long after its call a recording is deleted, by whichever limit comes first.

        `recordings_a_day` None means that nobody knows: the count is then no limit.
        """
        if not recordings_a_day:
            return self.period
        return min(self.period, timedelta(days=self.most_recordings / recordings_a_day))

    def deletion_at(self, started_at: datetime, recordings_a_day: float | None) -> datetime:
        """Return when a recording is deleted: not before, where calls become no more."""
        return started_at + self.deletion_after(recordings_a_day)
