"""Who asks for recordings, and which of them they may hear."""

from collections.abc import Mapping
from dataclasses import dataclass

from ringvault.core.errors import PermanentError

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
    claims: Mapping[str, object], *, groups_claim: str, extension_claim: str
) -> Listener:
    """Return who the claims of a verified token are about.

    An HTTP API hands every claim on as text: one that is an array as `[first second]`, any other
    as it stands.

    Raises:
        NotAListenerError: they name no user, or neither the group that hears everything nor an
            extension.
    """
    user_id = _text(claims, "sub")
    hears_all = LISTENERS_GROUP in _array(_text(claims, groups_claim))
    extension_id = _text(claims, extension_claim) or None
    if not user_id or not (hears_all or extension_id):
        raise NotAListenerError("the token names no user, or neither the group nor an extension")
    return Listener(user_id=user_id, hears_all=hears_all, extension_id=extension_id)


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""


def _array(text: str) -> list[str]:
    return text.removeprefix("[").removesuffix("]").split()
