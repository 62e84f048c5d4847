"""What stands for the outside in the unit tests: time that only moves when told, and stores."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ringvault.core.errors import ConflictError
from ringvault.core.quota.window import Quota

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass
class Time:
    """A clock that sleeping moves."""

    now: datetime = START
    slept_s: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.slept_s.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass
class MemoryQuotaStore:
    """One quota in memory, with the same rule of versions as the table's."""

    quota: Quota = field(default_factory=Quota)
    version: int = 0
    conflicts_to_come: int = 0

    def load(self) -> tuple[Quota, int]:
        """Return what is stored."""
        return self.quota, self.version

    def save(self, quota: Quota, *, version: int) -> None:
        """Store unless somebody was quicker."""
        if self.conflicts_to_come:
            self.conflicts_to_come -= 1
            raise ConflictError("somebody was quicker")
        if version != self.version:
            raise ConflictError("somebody was quicker")
        self.quota, self.version = quota, version + 1
