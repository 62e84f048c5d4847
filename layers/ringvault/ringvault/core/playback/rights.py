"""Listeners, and which recordings they may hear."""

from dataclasses import dataclass

from ringvault.core.catalogue.item import GONE_STATES, CatalogueItem, CatalogueReader
from ringvault.core.catalogue.recording import is_recording_id
from ringvault.core.errors import PermanentError, UnreadableItemError

LISTENERS_GROUP = "ringvault-listeners-all"


class NotAListenerError(PermanentError):
    """The token gives no right to hear recordings."""


class NotForThisListenerError(PermanentError):
    """Only listeners who hear everything may know this."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A person who signed in.

    `hears_all` is the right of the group `ringvault-listeners-all`; other listeners hear the
    recordings of `extension_id` only, RingCentral's id of their own extension.
    """

    user_id: str
    hears_all: bool
    extension_id: str | None

    def may_hear(self, extension_id: str | None) -> bool:
        """Whether recordings of this extension may be heard; None is one without extension."""
        return self.hears_all or (extension_id is not None and extension_id == self.extension_id)


class UnknownRecordingError(PermanentError):
    """No recording that the listener may hear has this id.

    It is malformed, unlisted, erased or another listener's; the error does not say which.
    """


class UnknownCallError(PermanentError):
    """No recording that the listener may hear belongs to this call."""


def find_recording(
    recording_id: str, *, listener: Listener, catalogue: CatalogueReader
) -> CatalogueItem:
    """Return the recording in any state.

    Raises:
        UnknownRecordingError: no recording that the listener may hear has this id.
        UnreadableItemError: its item is damaged, and the listener hears all.
    """
    try:
        item = catalogue.find(recording_id) if is_recording_id(recording_id) else None
    except UnreadableItemError as error:
        if listener.hears_all:
            raise
        # Without the item its extension is unknown.
        raise UnknownRecordingError("no recording of this id may be heard") from error
    if (
        item is None
        or item.state in GONE_STATES
        or not listener.may_hear(item.recording.extension_id)
    ):
        raise UnknownRecordingError("no recording of this id may be heard")
    return item
