"""The recordings that wait to be archived, in the numbers that the alarms use."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ringvault.core.spans import DAY


@dataclass(frozen=True, slots=True)
class Backlog:
    """The waiting recordings; `oldest_started_at` is None if there are none.

    A large `count` may be up to an hour older than the rest, since counting costs more.
    """

    count: int
    oldest_started_at: datetime | None

    def age_s(self, now: datetime) -> float:
        """Return how long ago the oldest call began, in seconds; 0 if nothing waits."""
        if self.oldest_started_at is None:
            return 0
        return max(0.0, (now - self.oldest_started_at).total_seconds())

    def days_to_deletion(self, now: datetime, *, deletion_after: timedelta) -> float | None:
        """Return the days until RingCentral deletes the oldest; None if nothing waits.

        Negative if it should be gone by now.
        """
        if self.oldest_started_at is None:
            return None
        return (self.oldest_started_at + deletion_after - now) / DAY
