"""403s for recordings' contents: one says something of a recording, several of the permission."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

# The first pause, doubled with each further recording that is refused in a row, and the last.
FIRST_PAUSE = timedelta(seconds=30)
MAX_PAUSE = timedelta(minutes=5)
# One request in a while is enough to know that the permission is there.
PROBE_EVERY = timedelta(minutes=5)
# More than these in a row change nothing any more.
_MAX_KNOWN = 16


@dataclass(slots=True)
class Refusals:
    """What one service user was served and refused, as one container saw it.

    `served_uri` is the last content that was served, None where there was none.
    """

    served_uri: str | None = None
    _refused: set[str] = field(default_factory=set)
    _probed_at: datetime | None = None
    _is_probe_served: bool = False

    def serve(self, content_uri: str) -> None:
        """Take note that a content was served: what was refused before is refused by itself."""
        self.served_uri = content_uri
        self._refused.clear()

    def refuse(self, content_uri: str) -> None:
        """Take note that a content was refused."""
        if len(self._refused) < _MAX_KNOWN:
            self._refused.add(content_uri)

    @property
    def is_in_doubt(self) -> bool:
        """Whether the permission may be lost: two different contents were refused in a row."""
        return len(self._refused) > 1

    def is_probe_due(self, now: datetime) -> bool:
        """Whether the content that was served may be asked for again, to know."""
        is_known = self._probed_at is not None and now - self._probed_at < PROBE_EVERY
        return self.served_uri is not None and not is_known

    def begin_probe(self, now: datetime) -> None:
        """Take note that the question is asked; until it is answered, the answer is no."""
        self._probed_at, self._is_probe_served = now, False

    def end_probe(self) -> None:
        """Take note that the content was served again."""
        self._is_probe_served = True

    def is_permitted(self, now: datetime) -> bool:
        """Whether the last question, if it is recent, was answered with the content."""
        is_recent = self._probed_at is not None and now - self._probed_at < PROBE_EVERY
        return is_recent and self._is_probe_served

    @property
    def pause(self) -> timedelta:
        """How long all work pauses after the last refusal."""
        doublings = max(0, len(self._refused) - 2)
        return min(MAX_PAUSE, FIRST_PAUSE * (1 << doublings))
