"""Finds recordings for listeners."""

from typing import Protocol

from ringvault.core.catalogue import GONE, CatalogueItem
from ringvault.core.errors import PermanentError
from ringvault.core.listener import Listener
from ringvault.core.recording import is_recording_id


class Catalogue(Protocol):
    """Where recordings are looked up."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, or None where RingCentral never listed the recording."""


class UnknownRecordingError(PermanentError):
    """No recording that the listener may hear has this id.

    Whether it is malformed, unlisted, erased or another's makes no difference.
    """


class UnknownCallError(PermanentError):
    """No recording that the listener may hear belongs to this call."""


def find_recording(recording_id: str, *, listener: Listener, catalogue: Catalogue) -> CatalogueItem:
    """Return the recording in whatever state it is.

    Raises:
        UnknownRecordingError: there is none with this id that the listener may hear.
    """
    item = catalogue.find(recording_id) if is_recording_id(recording_id) else None
    if item is None or item.state in GONE or not listener.may_hear(item.recording.extension_id):
        raise UnknownRecordingError("no recording of this id may be heard")
    return item
