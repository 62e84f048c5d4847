"""The counts of a run, and the ratios that follow from them."""

from dataclasses import astuple, dataclass
from operator import add, sub


@dataclass(slots=True)
class Counts:
    """Everything that happened so far.

    Writes are DynamoDB write requests: a transaction of many items is one, a lost condition too.
    `late` requests arrived later after their turn than the guard allows: it then covers nothing.
    """

    granted: int = 0
    throttled: int = 0
    wasted: int = 0
    late: int = 0
    listed_pages: int = 0
    invocations: int = 0
    receives: int = 0
    archived: int = 0
    quota_writes: int = 0
    lost_races: int = 0
    recording_writes: int = 0
    lister_writes: int = 0
    busy_s: float = 0.0

    @property
    def writes(self) -> int:
        """All write requests."""
        return self.quota_writes + self.recording_writes + self.lister_writes

    def since(self, before: "Counts") -> "Counts":
        """Return the counts since `before`."""
        return Counts(*map(sub, astuple(self), astuple(before)))

    def and_also(self, others: "Counts") -> "Counts":
        """Return the sum of both."""
        return Counts(*map(add, astuple(self), astuple(others)))
