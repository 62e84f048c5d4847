"""Finds recordings for listeners, and says whether and how one can be played."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.catalogue import ArchivedObject, CatalogueItem, State
from ringvault.core.errors import PermanentError
from ringvault.core.recording import is_recording_id

LISTENERS_GROUP = "ringvault-listeners-all"
# A backlog can take days; asking again more often than this cannot help.
ASK_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Position:
    """The recording after which a page goes on, newest first."""

    started_at: datetime
    recording_id: str


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Some recordings, newest first; `next` is None when there are no more."""

    items: tuple[CatalogueItem, ...]
    next: Position | None


@dataclass(frozen=True, slots=True)
class PlaybackUrl:
    """A URL that plays one recording until it expires; whoever has it can play."""

    url: str
    expires_at: datetime
    content_type: str


class Catalogue(Protocol):
    """Where recordings are looked up."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, or None where RingCentral never listed the recording."""

    def newest_first(
        self, *, from_at: datetime, before_at: datetime, limit: int, after: Position | None
    ) -> CataloguePage:
        """Return at most `limit` recordings that started in [from_at, before_at)."""


class UrlSigner(Protocol):
    """Signs URLs of what lies in the vault."""

    def sign(self, archived: ArchivedObject, *, file_name: str, at: datetime) -> PlaybackUrl:
        """Return a URL of `archived` that is valid from `at` on."""


class NotAListenerError(PermanentError):
    """The token does not name the group that may hear recordings."""


class UnknownRecordingError(PermanentError):
    """No recording has this id; whether it is malformed or unlisted makes no difference."""


class NotPlayableError(PermanentError):
    """The recording is known but not in the vault.

    `ask_again_after` is None where waiting does not help.
    """

    def __init__(self, item: CatalogueItem, *, ask_again_after: timedelta | None) -> None:
        self.state = item.state
        self.reason = item.reason
        self.ask_again_after = ask_again_after
        super().__init__(f"recording {item.recording.recording_id} is {item.state}")


def may_listen(claims: Mapping[str, object], *, groups_claim: str) -> bool:
    """Whether the token's groups allow their bearer to hear recordings.

    An HTTP API hands a claim that is an array on as the text `[first second]`, and one that is
    a text as it stands.
    """
    groups = claims.get(groups_claim)
    if not isinstance(groups, str):
        return False
    return LISTENERS_GROUP in groups.removeprefix("[").removesuffix("]").split()


def find_recording(recording_id: str, *, catalogue: Catalogue) -> CatalogueItem:
    """Return the recording in whatever state it is.

    Raises:
        UnknownRecordingError: there is none with this id.
    """
    item = catalogue.find(recording_id) if is_recording_id(recording_id) else None
    if item is None:
        raise UnknownRecordingError("no recording has this id")
    return item


def playback_url(
    recording_id: str, *, catalogue: Catalogue, signer: UrlSigner, now: datetime
) -> PlaybackUrl:
    """Return a URL that plays the recording; its file name is the id and the file type.

    Raises:
        UnknownRecordingError: there is no recording with this id.
        NotPlayableError: it is not in the vault; says its state, and why.
    """
    item = find_recording(recording_id, catalogue=catalogue)
    if item.state is not State.ARCHIVED or item.archived is None:
        raise NotPlayableError(item, ask_again_after=_ask_again_after(item, now=now))
    file_type = item.archived.object_key.rpartition(".")[2]
    return signer.sign(item.archived, file_name=f"{recording_id}.{file_type}", at=now)


def _ask_again_after(item: CatalogueItem, *, now: datetime) -> timedelta | None:
    if item.state not in {State.PENDING, State.QUEUED}:
        return None
    until_retry = item.retry_at - now if item.retry_at else timedelta()
    return max(ASK_AGAIN_AFTER, until_retry)
