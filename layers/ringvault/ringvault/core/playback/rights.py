"""Who asks for recordings, and which of them they may hear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ringvault.core.catalogue.item import GONE, CatalogueItem
from ringvault.core.catalogue.recording import is_recording_id
from ringvault.core.errors import PermanentError, UnreadableItemError
from ringvault.core.playback.bearer_token import claims_of

LISTENERS_GROUP = "ringvault-listeners-all"


class NotAListenerError(PermanentError):
    """The token says of nobody that they may hear recordings."""


class NotForThisListenerError(PermanentError):
    """Only who hears everything may know this."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A person who signed in.

    `hears_all` is the right of the group `ringvault-listeners-all`; anybody else hears the
    recordings of `extension_id` only, RingCentral's id of their own extension.
    """

    user_id: str
    hears_all: bool
    extension_id: str | None

    def may_hear(self, extension_id: str | None) -> bool:
        """Whether recordings of this extension may be heard; None is one that names none."""
        return self.hears_all or (extension_id is not None and extension_id == self.extension_id)


def listener_of(
    claims: Mapping[str, object],
    *,
    groups_claim: str,
    extension_claim: str,
    authorization: str | None = None,
) -> Listener:
    """Return who the claims of a verified token are about.

    An HTTP API hands every claim on as text: one that is an array as `[first second]`, any other
    as it stands. So a space in a group's name looks like one between two groups. `authorization`
    is the request's header, whose verified token holds the groups one by one. Where it holds
    another token, a text that could be more than one group is none.

    Raises:
        NotAListenerError: they name no user, or neither the group that hears everything nor an
            extension.
    """
    user_id = _text(claims, "sub")
    hears_all = LISTENERS_GROUP in _groups(claims, groups_claim, authorization)
    extension_id = _text(claims, extension_claim) or None
    if not user_id or not (hears_all or extension_id):
        raise NotAListenerError("the token names no user, or neither the group nor an extension")
    return Listener(user_id=user_id, hears_all=hears_all, extension_id=extension_id)


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value.strip(" ") if isinstance(value, str) else ""


def _groups(claims: Mapping[str, object], name: str, authorization: str | None) -> Sequence[object]:
    flattened = claims.get(name)
    if not isinstance(flattened, str):
        return ()
    if authorization is None:
        return _entries(flattened)
    token = claims_of(authorization, verified=claims)
    if token is None:
        entries = _entries(flattened)
        return entries if len(entries) == 1 else ()
    groups = token.get(name)
    return groups if isinstance(groups, list) else (groups,)


def _entries(flattened: str) -> Sequence[str]:
    is_array = flattened.startswith("[") and flattened.endswith("]")
    return flattened[1:-1].split(" ") if is_array else (flattened,)


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
        UnreadableItemError: its item is damaged, and the listener hears all.
    """
    try:
        item = catalogue.find(recording_id) if is_recording_id(recording_id) else None
    except UnreadableItemError as error:
        if listener.hears_all:
            raise
        # Nobody knows whose it is.
        raise UnknownRecordingError("no recording of this id may be heard") from error
    if item is None or item.state in GONE or not listener.may_hear(item.recording.extension_id):
        raise UnknownRecordingError("no recording of this id may be heard")
    return item
