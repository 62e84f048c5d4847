"""Retries recordings that were given up, at a person's request."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ringvault.core.catalogue.item import State
from ringvault.core.errors import ConflictError, InvalidRequestError
from ringvault.core.spans import Period

ENDED = (State.FAILED, State.ABSENT)


@dataclass(frozen=True, slots=True)
class Ended:
    """A recording that is no longer fetched, and why."""

    recording_id: str
    state: State
    started_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of them: all given conditions must hold; `reason` is a part of it, in any case."""

    states: Collection[State] = ENDED
    recording_ids: Sequence[str] = ()
    reason: str = ""
    period: Period | None = None

    def holds(self, ended: Ended) -> bool:
        """Whether the recording matches."""
        return (
            ended.state in self.states
            and (not self.recording_ids or ended.recording_id in self.recording_ids)
            and self.reason.casefold() in ended.reason.casefold()
            and (self.period is None or self._is_within(self.period, ended.started_at))
        )

    @staticmethod
    def _is_within(period: Period, started_at: datetime) -> bool:
        return period.from_at <= started_at < period.to_at


class EndedRecordings(Protocol):
    """The recordings in the catalogue that were given up."""

    def find_ended(self, recording_ids: Sequence[str]) -> Iterable[Ended]:
        """Return those of the ids that are FAILED or ABSENT."""

    def ended(self, state: State, period: Period | None) -> Iterable[Ended]:
        """Yield recordings in the state, oldest first; None is all time."""

    def set_pending(self, ended: Ended) -> None:
        """Set PENDING an item that is still as `ended` says; ConflictError if it is not."""


def chosen(
    choice: Choice, *, catalogue: EndedRecordings, on_read: Callable[[int], None]
) -> Sequence[Ended]:
    """Return the matching recordings; `on_read` gets the number read.

    Raises:
        InvalidRequestError: one of the ids is not that of a FAILED or ABSENT recording.
    """
    found = []
    for number, ended in enumerate(_looked_at(choice, catalogue), start=1):
        on_read(number)
        if choice.holds(ended):
            found.append(ended)
    return found


def retry_recordings(
    ended: Sequence[Ended], *, catalogue: EndedRecordings, on_done: Callable[[int], None]
) -> int:
    """Set them PENDING for the next feed; return how many were still unchanged."""
    changed = 0
    for number, it in enumerate(ended, start=1):
        try:
            catalogue.set_pending(it)
            changed += 1
        except ConflictError:
            pass  # another process was first: it is on its way, or archived
        on_done(number)
    return changed


def _looked_at(choice: Choice, catalogue: EndedRecordings) -> Iterable[Ended]:
    if not choice.recording_ids:
        return (
            it for state in ENDED if state in choice.states
            for it in catalogue.ended(state, choice.period)
        )  # fmt: skip
    found = list(catalogue.find_ended(choice.recording_ids))
    unknown = sorted(set(choice.recording_ids) - {it.recording_id for it in found})
    if unknown:
        raise InvalidRequestError(
            f"neither FAILED nor ABSENT: {', '.join(unknown)}",
            hint="leave these ids out: only FAILED and ABSENT recordings can be retried",
        )
    return found
