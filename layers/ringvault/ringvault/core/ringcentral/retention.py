"""How long RingCentral keeps recordings."""

from dataclasses import dataclass
from datetime import timedelta

# No account keeps recordings longer than ten years; a larger number is an error.
MAX_PERIOD = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Retention:
    """RingCentral deletes what is older than its period, and the oldest beyond `max_recordings`.

    An account may have a period for each kind of recording, automatic and on demand. A call-log
    record does not always say which kind a recording is, so both ends count: `period` is the
    longest and limits how far back recordings may exist; `shortest_period` is the shortest of the
    enabled kinds, after which one may be deleted, None if it is the same. The
    defaults are RingCentral's own (data retention policies, 2026).
    """

    period: timedelta = timedelta(days=90)
    max_recordings: int = 100_000
    shortest_period: timedelta | None = None

    def deletion_after(self, recordings_a_day: float | None) -> timedelta:
        """Return how long after its call a recording is deleted at the earliest.

        The earlier limit counts: of any enabled kind, or of number. If `recordings_a_day` is
        None, it is unknown: the number is then no limit.
        """
        return min(self.shortest_period or self.period, self._by_number(recordings_a_day))

    def kept_for(self, recordings_a_day: float | None) -> timedelta:
        """Return how long after its call a recording of any kind may still exist."""
        return min(self.period, self._by_number(recordings_a_day))

    @property
    def days(self) -> str:
        """The periods in words, as `90 days` or `7 to 90 days`."""
        shortest = self.shortest_period or self.period
        either = "" if shortest == self.period else f"{shortest.days} to "
        return f"{either}{self.period.days} days"

    def __str__(self) -> str:
        return f"{self.days}, {self.max_recordings:,} recordings"

    def _by_number(self, recordings_a_day: float | None) -> timedelta:
        if not recordings_a_day:
            return MAX_PERIOD
        return timedelta(days=min(MAX_PERIOD.days, self.max_recordings / recordings_a_day))
