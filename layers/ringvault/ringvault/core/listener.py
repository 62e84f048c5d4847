"""Who asks for recordings, and which of them they may hear."""

from dataclasses import dataclass


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
