"""403s for the content of recordings: one concerns the recording, several the permission."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

# The first pause, doubled with each further recording that is refused in a row, and the last.
FIRST_PAUSE = timedelta(seconds=30)
MAX_PAUSE = timedelta(minutes=5)
# One request in a while is enough to know that the permission is there.
PROBE_EVERY = timedelta(minutes=5)
# More than these in a row make no difference.
_MAX_KNOWN = 16


@dataclass(slots=True)
class Refusals:
    """The contents that one service user was served and refused, as seen by one container.

    `served_uri` is the last content that was served, None before the first.
    """

    served_uri: str | None = None
    _refused: set[str] = field(default_factory=set)
    _probed_at: datetime | None = None
    _is_probe_served: bool = False

    def serve(self, content_uri: str) -> None:
        """Note that a content was served: the refusals before it concern single recordings."""
        self.served_uri = content_uri
        self._refused.clear()

    def refuse(self, content_uri: str) -> None:
        """Note that a content was refused."""
        if len(self._refused) < _MAX_KNOWN:
            self._refused.add(content_uri)

    @property
    def is_in_doubt(self) -> bool:
        """Whether the permission may be lost: two different contents were refused in a row."""
        return len(self._refused) > 1

    def is_probe_due(self, now: datetime) -> bool:
        """Whether to request the served content again, as a check of the permission."""
        is_known = self._probed_at is not None and now - self._probed_at < PROBE_EVERY
        return self.served_uri is not None and not is_known

    def begin_probe(self, now: datetime) -> None:
        """Note that the check has begun; until its answer, the permission counts as lost."""
        self._probed_at, self._is_probe_served = now, False

    def end_probe(self) -> None:
        """Note that the content was served again."""
        self._is_probe_served = True

    def is_permitted(self, now: datetime) -> bool:
        """Whether the last check is recent and the content was served."""
        is_recent = self._probed_at is not None and now - self._probed_at < PROBE_EVERY
        return is_recent and self._is_probe_served

    @property
    def pause(self) -> timedelta:
        """How long all work pauses after the last refusal."""
        doublings = max(0, len(self._refused) - 2)
        return min(MAX_PAUSE, FIRST_PAUSE * (1 << doublings))
