"""Decides when no recording moves: continue, leave the rest to the schedule, or give up."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from local.up.stored import Tally

STALLED_AFTER_S = 600


class Step(Enum):
    """The next step of the main job."""

    GO_ON = "go on"
    SERVE = "serve"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of the main job at an instant.

    `is_idle` says that nothing lists or archives, no window is open and nothing is queued;
    `still_s` for how long the tally has been the same.
    """

    tally: Tally
    is_idle: bool
    is_archiving: bool
    still_s: float
    now: datetime

    @property
    def retry_in_s(self) -> float:
        """Seconds until the next retry; 0 or less if none is planned."""
        next_retry_at = self.tally.next_retry_at
        return (next_retry_at - self.now).total_seconds() if next_retry_at else 0


def next_step(standing: Standing, *, serves: bool, period_s: float) -> Step:
    """Return the next step for the recordings that are on their way.

    A stack that `serves` leaves the rest to its schedule, every `period_s`, once that is soon
    enough; it never gives up. Another one waits for every planned retry.
    """
    if serves and standing.is_idle and standing.retry_in_s > period_s:
        return Step.SERVE
    if standing.still_s <= STALLED_AFTER_S or standing.is_archiving:
        return Step.GO_ON
    if serves:
        return Step.SERVE
    return Step.GO_ON if standing.retry_in_s > 0 else Step.GIVE_UP


def waiting_words(tally: Tally, *, now: datetime) -> str | None:
    """Return a line about the next retry, None if no recording waits for one."""
    if not tally.open or tally.next_retry_at is None or tally.next_retry_at <= now:
        return None
    recordings = "1 recording is" if tally.open == 1 else f"{tally.open} recordings are"
    return (
        f"{recordings} not archived yet; next retry at {tally.next_retry_at:%Y-%m-%d %H:%M:%S} UTC"
    )
