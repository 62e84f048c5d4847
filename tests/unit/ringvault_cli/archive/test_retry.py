"""Choosing what was given up, and sending it on its way again."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import pytest

from ringvault.core.catalogue.item import State
from ringvault.core.errors import ConflictError, InvalidRequestError
from ringvault.core.operations.retry_recordings import Choice, Ended, chosen, retry_recordings
from ringvault.core.spans import Period


def ended(recording_id: str, state: State, day: int, reason: str) -> Ended:
    """Return a recording that was given up, of a call in October 2026."""
    return Ended(recording_id, state, datetime(2026, 10, day, 12, tzinfo=UTC), reason)


BROKEN = ended("1", State.FAILED, 1, "not audio: text/html")
OTHER_HOST = ended("2", State.FAILED, 2, "leads away from RingCentral")
DELETED = ended("3", State.ABSENT, 2, "404, and older than two days")


class Given:
    """A catalogue of these; what is in `moved` has changed since."""

    def __init__(self, *ended: Ended, moved: Sequence[Ended] = ()) -> None:
        self.given = ended
        self.moved = moved
        self.pending: list[str] = []

    def find_ended(self, recording_ids: Sequence[str]) -> Iterable[Ended]:
        return [it for it in self.given if it.recording_id in recording_ids]

    def ended(self, state: State, period: Period | None) -> Iterable[Ended]:
        return [it for it in self.given if it.state is state]

    def set_pending(self, ended: Ended) -> None:
        if ended in self.moved:
            raise ConflictError("it has changed")
        self.pending.append(ended.recording_id)


def found_by(choice: Choice) -> list[str]:
    """Return the ids of what the choice finds among the three."""
    catalogue = Given(BROKEN, OTHER_HOST, DELETED)
    return [it.recording_id for it in chosen(choice, catalogue=catalogue, on_read=lambda _: None)]


@pytest.mark.parametrize(
    ("choice", "ids"),
    [
        (Choice(recording_ids=("2", "3")), ["2", "3"]),
        (Choice(reason="NOT AUDIO"), ["1"]),
        (Choice(period=Period(date(2026, 10, 2), date(2026, 10, 2))), ["2", "3"]),
        (Choice(states=(State.ABSENT,)), ["3"]),
        (Choice(reason="away", states=(State.ABSENT,)), []),
        (Choice(reason="away", period=Period(date(2026, 10, 1), date(2026, 10, 1))), []),
    ],
)
def test_all_that_is_given_has_to_fit(choice: Choice, ids: list[str]) -> None:
    """A recording is chosen when id, reason, day and state are all as asked."""
    assert found_by(choice) == ids


def test_an_id_that_was_not_given_up_is_named() -> None:
    """Nothing is chosen when one of the ids can't be."""
    with pytest.raises(InvalidRequestError, match="neither FAILED nor ABSENT: 7"):
        found_by(Choice(recording_ids=("1", "7")))


def test_what_somebody_else_changed_is_left() -> None:
    """Only what is still as it was found is set pending, and the others go on."""
    catalogue = Given(moved=[BROKEN])
    done: list[int] = []

    changed = retry_recordings([BROKEN, DELETED], catalogue=catalogue, on_done=done.append)

    assert (changed, catalogue.pending, done) == (1, ["3"], [1, 2])
