"""The audit of plays: who got a URL of which recording, when, and from where."""

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
# A browser's is half as long; a longer one adds no information, and costs storage.
MAX_USER_AGENT = 256


class Disposition(StrEnum):
    """How the browser handles the audio, as in Content-Disposition."""

    INLINE = "inline"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller and their address, as the audit records them."""

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
    """Where plays are stored permanently."""

    def add(self, play: Play) -> None:
        """Store it; after any error, the play may not have been stored."""

    def newest_first(self, recording_id: str, *, limit: int, after: str | None) -> PlaysPage:
        """Return at most `limit` plays of a recording; `after` is the previous page's `next`."""


class PlayNotKeptError(TransientError):
    """The audit could not be written, so no URL was issued; the cause says why."""


def play_of(
    recording_id: str,
    caller: Caller,
    *,
    disposition: Disposition,
    played_at: datetime,
    expires_at: datetime,
) -> Play:
    """Return the audit entry of a request for a recording's audio."""
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
    """Return who got URLs of a recording, newest first.

    `after` is the `next` of the previous page, None for the first page.

    Raises:
        NotForThisListenerError: the listener does not hear everything, whatever the id.
        UnknownRecordingError: there is no recording with this id.
    """
    if not listener.hears_all:
        raise NotForThisListenerError("plays are for listeners who hear everything")
    find_recording(recording_id, listener=listener, catalogue=catalogue)
    return plays.newest_first(recording_id, limit=PLAYS_A_PAGE, after=after)
