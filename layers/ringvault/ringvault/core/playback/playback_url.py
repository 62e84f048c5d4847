"""Issues URLs that play recordings; each is in the audit before it is returned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem, CatalogueReader, State
from ringvault.core.errors import PermanentError, RingvaultError
from ringvault.core.playback.audit import (
    Caller,
    Disposition,
    Play,
    PlayNotKeptError,
    Plays,
    play_of,
)
from ringvault.core.playback.rights import find_recording
from ringvault.core.vault.cold_storage import InColdStorageError, StorageState

# A backlog can take days; asking again more often than this cannot help.
ASK_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PlaybackUrl:
    """A URL that plays one recording until it expires, for anyone who has it."""

    url: str
    expires_at: datetime
    content_type: str


class AudioStore(Protocol):
    """The vault, for listeners."""

    def sign(
        self, archived: ArchivedObject, *, file_name: str, disposition: Disposition, at: datetime
    ) -> PlaybackUrl:
        """Return a URL of `archived` that is valid from `at` on."""

    def look_at(self, archived: ArchivedObject) -> StorageState:
        """Return the current storage state of `archived`."""


class NotPlayableError(PermanentError):
    """The recording is known but not in the vault.

    `ask_again_after` is None if waiting does not help.
    """

    def __init__(self, item: CatalogueItem, *, ask_again_after: timedelta | None) -> None:
        self.state = item.state
        self.reason = item.reason
        self.ask_again_after = ask_again_after
        super().__init__(f"recording {item.recording.recording_id} is {item.state}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackUrls:
    """Issues playback URLs.

    `cold_after` is the age in the vault from which an object may be in cold storage; None if
    none ever is, so that its state is not read.
    """

    catalogue: CatalogueReader
    audio: AudioStore
    plays: Plays
    cold_after: timedelta | None

    def issue(
        self, recording_id: str, *, disposition: Disposition, caller: Caller, now: datetime
    ) -> PlaybackUrl:
        """Return a URL that plays the recording; its file name is the id and the file type.

        Raises:
            UnknownRecordingError: no recording that the caller may hear has this id.
            NotPlayableError: it is not in the vault; says its state, and why.
            InColdStorageError: it is in the vault, but S3 does not serve it.
            PlayNotKeptError: the audit could not be written; no URL was issued.
        """
        item = find_recording(recording_id, listener=caller.listener, catalogue=self.catalogue)
        archived = _archived(item, now=now)
        self._refuse_cold(archived, now=now)
        file_type = archived.object_key.rpartition(".")[2]
        playback = self.audio.sign(
            archived, file_name=f"{recording_id}.{file_type}", disposition=disposition, at=now
        )
        self._keep(
            play_of(
                recording_id,
                caller,
                disposition=disposition,
                played_at=now,
                expires_at=playback.expires_at,
            )
        )
        return playback

    def _refuse_cold(self, archived: ArchivedObject, *, now: datetime) -> None:
        if self.cold_after is None or now - archived.archived_at < self.cold_after:
            return
        stored = self.audio.look_at(archived)
        if not stored.can_be_read:
            raise InColdStorageError(stored)

    def _keep(self, play: Play) -> None:
        try:
            self.plays.add(play)
        except RingvaultError as error:
            raise PlayNotKeptError(str(error)) from error


def _archived(item: CatalogueItem, *, now: datetime) -> ArchivedObject:
    if item.state is not State.ARCHIVED or item.archived is None:
        raise NotPlayableError(item, ask_again_after=_ask_again_after(item, now=now))
    return item.archived


def _ask_again_after(item: CatalogueItem, *, now: datetime) -> timedelta | None:
    if item.state not in {State.PENDING, State.QUEUED}:
        return None
    until_retry = item.retry_at - now if item.retry_at else timedelta()
    return max(ASK_AGAIN_AFTER, until_retry)
