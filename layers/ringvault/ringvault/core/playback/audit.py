"""The audit of plays: who was given a URL of which recording, when, and from where."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ringvault.core.catalogue.item import CatalogueReader
from ringvault.core.errors import TransientError
from ringvault.core.playback.rights import (
    Listener,
    NotForThisListenerError,
    find_recording,
)

PLAYS_A_PAGE = 50
# A browser's is half as long; what is longer tells nothing more, and is paid for.
MAX_USER_AGENT = 256


class Disposition(StrEnum):
    """What the browser is to do with the audio, as Content-Disposition says it."""

    INLINE = "inline"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and from where: what the audit says of a request."""

    listener: Listener
    source_ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Play:
    """One URL that was issued; it may have been played any number of times until it expired."""

    recording_id: str
    user_id: str
    played_at: datetime
    expires_at: datetime
    source_ip: str
    user_agent: str
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class PlaysPage:
    """Some plays of one recording, newest first; `next` is None when there are no more."""

    plays: tuple[Play, ...]
    next: str | None


class Plays(Protocol):
    """Where plays are kept for good."""

    def add(self, play: Play) -> None:
        """Keep it; whatever is raised, the play may not have been kept."""

    def newest_first(self, recording_id: str, *, limit: int, after: str | None) -> PlaysPage:
        """Return at most `limit` plays of a recording; `after` is the `next` of the page before."""


class PlayNotKeptError(TransientError):
    """The audit could not be written, so no URL was issued; its cause says why."""


def play_of(
    recording_id: str,
    caller: Caller,
    *,
    disposition: Disposition,
    played_at: datetime,
    expires_at: datetime,
) -> Play:
    """Return what the audit keeps of a request for a recording's audio."""
    return Play(
        recording_id=recording_id,
        user_id=caller.listener.user_id,
        played_at=played_at,
        expires_at=expires_at,
        source_ip=caller.source_ip,
        user_agent=caller.user_agent[:MAX_USER_AGENT],
        disposition=disposition,
    )


def plays_of(
    recording_id: str,
    *,
    after: str | None,
    listener: Listener,
    catalogue: CatalogueReader,
    plays: Plays,
) -> PlaysPage:
    """Return who was given URLs of a recording, newest first.

    `after` is the `next` of the page before, None for the first page.

    Raises:
        NotForThisListenerError: the listener does not hear everything, whatever the id.
        UnknownRecordingError: there is no recording with this id.
    """
    if not listener.hears_all:
        raise NotForThisListenerError("plays are for listeners who hear everything")
    find_recording(recording_id, listener=listener, catalogue=catalogue)
    return plays.newest_first(recording_id, limit=PLAYS_A_PAGE, after=after)
