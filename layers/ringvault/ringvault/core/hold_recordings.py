"""Keeps recordings from being erased, for a reason, until the hold is removed."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import Protocol

from ringvault.core.at_once import AtOnce
from ringvault.core.catalogue import GONE, CatalogueItem, Hold
from ringvault.core.errors import ConflictError, InvalidRequestError
from ringvault.core.recording import Recording
from ringvault.core.recording_selection import Chosen

# Between two of them the caller learns how far it is.
HELD_AT_ONCE = 50
LONGEST_REASON = 200


class Holdable(Protocol):
    """The catalogue; every change is conditional on what it presumes."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, None where the id is unknown."""

    def hold(self, recording_id: str, hold: Hold) -> None:
        """Hold what is neither held nor erased; ConflictError otherwise."""

    def release(self, recording_id: str, hold: Hold) -> None:
        """End that very hold; ConflictError where it is another by now."""


class LegalHolds(Protocol):
    """The bucket; where it has no Object Lock, nothing is done."""

    def hold(self, recording: Recording) -> None:
        """Let no version of the recording's objects be deleted, by nobody."""

    def release(self, recording: Recording) -> None:
        """Let them be deleted again."""


class Outcome(StrEnum):
    """What became of a hold on one recording."""

    HELD = "held"
    HELD_ALREADY = "held_already"  # for the same reason
    HELD_OTHERWISE = "held_otherwise"  # for another reason, which stays
    ERASED = "erased"
    RELEASED = "released"
    NOT_HELD = "not_held"


def checked_reason(reason: str) -> str:
    """Return the reason as it is kept.

    Raises:
        InvalidRequestError: there is none, or it is a letter.
    """
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidRequestError(f"a reason has 1 to {LONGEST_REASON} characters")
    return reason


def hold_recordings(
    chosen: Sequence[Chosen],
    hold: Hold,
    *,
    catalogue: Holdable,
    vault: LegalHolds,
    at_once: AtOnce,
) -> Iterator[Sequence[Outcome]]:
    """Hold them; yield what became of each, some at a time.

    The catalogue says so first, then S3: whoever is killed in between runs it again, and what is
    held for the same reason gets its legal hold again. That also reaches what was archived since.
    """
    one = partial(_held, hold=hold, catalogue=catalogue, vault=vault)
    for start in range(0, len(chosen), HELD_AT_ONCE):
        yield at_once(one, chosen[start : start + HELD_AT_ONCE])


def release_recordings(
    chosen: Sequence[Chosen], *, catalogue: Holdable, vault: LegalHolds, at_once: AtOnce
) -> Iterator[Sequence[Outcome]]:
    """End the holds of all; yield what became of each, some at a time.

    S3 first, then the catalogue: it says that something is held for as long as anything of it is.
    """
    one = partial(_released, catalogue=catalogue, vault=vault)
    for start in range(0, len(chosen), HELD_AT_ONCE):
        yield at_once(one, chosen[start : start + HELD_AT_ONCE])


def _held(it: Chosen, *, hold: Hold, catalogue: Holdable, vault: LegalHolds) -> Outcome:
    try:
        catalogue.hold(it.recording_id, hold)
        outcome = Outcome.HELD
    except ConflictError:
        outcome = Outcome.HELD_ALREADY
    item = catalogue.find(it.recording_id)
    if item is None or item.state in GONE:
        return Outcome.ERASED
    if item.hold is None or item.hold.reason != hold.reason:
        return Outcome.HELD_OTHERWISE
    vault.hold(item.recording)
    return outcome


def _released(it: Chosen, *, catalogue: Holdable, vault: LegalHolds) -> Outcome:
    item = catalogue.find(it.recording_id)
    if item is None or item.hold is None:
        return Outcome.NOT_HELD
    vault.release(item.recording)
    catalogue.release(it.recording_id, item.hold)
    return Outcome.RELEASED
