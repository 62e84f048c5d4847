"""The simulator's calls, before they become call-log records."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.ringcentral.media.audio import Audio


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A recording: its id, `Automatic` or `OnDemand`, and its audio."""

    id: str
    type: str
    audio: Audio


@dataclass(frozen=True, slots=True)
class Extension:
    """A colleague of the simulated company."""

    id: int
    number: str
    name: str
    phone_number: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a call, with the recording that it repeats or has of its own."""

    type: str
    extension: Extension | None
    recording: RecordingFile | None
    started_at: datetime
    duration_s: int


@dataclass(frozen=True, slots=True)
class Call:
    """One entry of the call log.

    `outside_number` is None for a caller who hides it. A call that is `listed_early`
    is in the log while it lasts, unfinished, and is rewritten when it has ended.
    """

    id: str
    session_id: str
    telephony_session_id: str
    started_at: datetime
    duration_s: int
    direction: str
    result: str
    extension: Extension | None
    outside_number: str | None
    outside_name: str
    recording: RecordingFile | None
    legs: tuple[Leg, ...]
    short_recording: bool = False
    listed_early: bool = False

    @property
    def ended_at(self) -> datetime:
        """When the call ended."""
        return self.started_at + timedelta(seconds=self.duration_s)

    def recordings(self) -> Iterator[RecordingFile]:
        """Yield the recordings of the call and of its legs, repeated ids included."""
        if self.recording:
            yield self.recording
        yield from (leg.recording for leg in self.legs if leg.recording)
