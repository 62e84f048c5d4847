"""Keeps recordings from being erased, for a reason, until the hold is removed."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol

from ringvault.core.catalogue.item import GONE_STATES, CatalogueItem, Hold, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.catalogue.selection import Chosen
from ringvault.core.concurrency import AtOnce
from ringvault.core.errors import ConflictError, InvalidRequestError
from ringvault.core.vault.layout import audio_prefix

# The caller gets the progress this often.
HELD_AT_ONCE = 50
MAX_REASON = 200
# An invocation that tags ends after 15 minutes: what is EXPIRING for longer has no tagger left.
TAGGED_WITHIN = timedelta(minutes=16)


class Holdable(Protocol):
    """The catalogue; every change depends on the state that it expects."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, None where the id is unknown."""

    def hold(self, recording_id: str, hold: Hold) -> None:
        """Hold an item that is neither held nor gone; ConflictError otherwise."""

    def rescue(self, recording_id: str, hold: Hold, *, expiring_at: datetime) -> None:
        """Hold an item that is EXPIRING since then, ARCHIVED again; ConflictError otherwise."""

    def release(self, recording_id: str, hold: Hold) -> None:
        """End that hold; ConflictError if there is another one by now."""


class LegalHolds(Protocol):
    """The bucket; where it has no Object Lock, no legal hold is set."""

    def hold(self, recording: Recording) -> None:
        """Protect every version of the recording's objects from deletion by anyone."""

    def release(self, recording: Recording) -> None:
        """Allow their deletion again."""

    def untag(self, recording: Recording) -> None:
        """Keep every version of them from expiring."""

    def find_audio(self, prefix: str) -> str | None:
        """Return the key of the one object with this prefix, None if there is none."""


class HoldOutcome(StrEnum):
    """The outcome of a hold on one recording."""

    HELD = "held"
    HELD_ALREADY = "held_already"  # for the same reason
    HELD_OTHERWISE = "held_otherwise"  # for another reason, which stays
    ERASED = "erased"
    BEING_EXPIRED = "being_expired"  # and can be rescued in a quarter of an hour
    EXPIRED = "expired"
    RELEASED = "released"
    NOT_HELD = "not_held"


def checked_reason(reason: str) -> str:
    """Return the reason as it is stored.

    Raises:
        InvalidRequestError: it is empty or too long.
    """
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= MAX_REASON:
        raise InvalidRequestError(
            f"--reason has 1 to {MAX_REASON} characters", hint="give a file number, for example"
        )
    return reason


def hold_recordings(
    chosen: Sequence[Chosen],
    hold: Hold,
    *,
    catalogue: Holdable,
    vault: LegalHolds,
    at_once: AtOnce,
) -> Iterator[Sequence[HoldOutcome]]:
    """Hold them; yield the outcomes in batches.

    The catalogue is changed first, then S3: after a crash, run it again. A recording that is held
    for the same reason gets its legal hold again, which also covers what was archived since.
    An EXPIRING recording is saved while S3 still has it. `hold.since` is now.
    """
    one = partial(_held, hold=hold, catalogue=catalogue, vault=vault)
    for start in range(0, len(chosen), HELD_AT_ONCE):
        yield at_once(one, chosen[start : start + HELD_AT_ONCE])


def release_recordings(
    chosen: Sequence[Chosen], *, catalogue: Holdable, vault: LegalHolds, at_once: AtOnce
) -> Iterator[Sequence[HoldOutcome]]:
    """End all holds; yield the outcomes in batches.

    S3 first, then the catalogue: an item counts as held as long as any of its objects is.
    """
    one = partial(_released, catalogue=catalogue, vault=vault)
    for start in range(0, len(chosen), HELD_AT_ONCE):
        yield at_once(one, chosen[start : start + HELD_AT_ONCE])


def _held(it: Chosen, *, hold: Hold, catalogue: Holdable, vault: LegalHolds) -> HoldOutcome:
    try:
        catalogue.hold(it.recording_id, hold)
        outcome = HoldOutcome.HELD
    except ConflictError:
        outcome = HoldOutcome.HELD_ALREADY
    item = catalogue.find(it.recording_id)
    if item is not None and item.state is State.EXPIRING:
        outcome = _rescued(item, hold=hold, catalogue=catalogue, vault=vault)
        item = catalogue.find(it.recording_id)
    if outcome in {HoldOutcome.BEING_EXPIRED, HoldOutcome.EXPIRED}:
        return outcome
    return _held_as(item, hold, outcome, vault)


def _held_as(
    item: CatalogueItem | None, hold: Hold, outcome: HoldOutcome, vault: LegalHolds
) -> HoldOutcome:
    if item is None or item.state in GONE_STATES:
        is_expired = item is not None and item.state is State.EXPIRED
        return HoldOutcome.EXPIRED if is_expired else HoldOutcome.ERASED
    if item.hold is None or item.hold.reason != hold.reason:
        return HoldOutcome.HELD_OTHERWISE
    # A catalogue that was rebuilt or restored does not know what was tagged before.
    vault.untag(item.recording)
    vault.hold(item.recording)
    return outcome


def _rescued(
    item: CatalogueItem, *, hold: Hold, catalogue: Holdable, vault: LegalHolds
) -> HoldOutcome:
    """Withdraw the deletion from S3, unless another process may still be requesting it."""
    expiring_at = item.expiring_at
    if expiring_at is None or expiring_at > hold.since - TAGGED_WITHIN:
        return HoldOutcome.BEING_EXPIRED
    vault.untag(item.recording)
    if vault.find_audio(audio_prefix(item.recording)) is None:
        return HoldOutcome.EXPIRED
    try:
        catalogue.rescue(item.recording.recording_id, hold, expiring_at=expiring_at)
    except ConflictError:
        return HoldOutcome.BEING_EXPIRED
    return HoldOutcome.HELD


def _released(it: Chosen, *, catalogue: Holdable, vault: LegalHolds) -> HoldOutcome:
    item = catalogue.find(it.recording_id)
    if item is None or item.hold is None:
        return HoldOutcome.NOT_HELD
    vault.release(item.recording)
    catalogue.release(it.recording_id, item.hold)
    return HoldOutcome.RELEASED
