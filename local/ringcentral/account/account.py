"""The simulated account: its calls and recordings, the same for the same seed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from local.ringcentral.account.calls import Call, RecordingFile
from local.ringcentral.account.inventing_calls import Dialling, plain_call
from local.ringcentral.account.options import Options
from local.ringcentral.faults.chaos import lasting_kind, record_kind
from local.ringcentral.media.audio_disguises import DISGUISES
from local.ringcentral.media.mp3_audio import mp3_audio
from local.ringcentral.media.wav_audio import BYTES_PER_S, HEADER_BYTES, wav_audio

_NEWEST_ENDS_BEFORE = timedelta(hours=1)
# Room for the longest call, and for a reader who starts some time after the simulator.
_OLDEST_ENDS_AFTER = timedelta(hours=5)
# These must not be mistaken for recordings that are not ready yet.
_GONE_ENDED_BEFORE = timedelta(hours=4)
_ONE_LONG_IN = 50
_FIRST_ADDED_ID = 9900000000001
FORBIDDEN = "forbidden-forever"


@dataclass(frozen=True, slots=True)
class Account:
    """Calls, newest first, and recordings by id; those `gone` are no longer served.

    `lasting` is the permanent fault of a recording, `spoilt` the one of the record
    of a call, by the call's id. `moved` names the calls whose records get another start.
    All of that is as at the start of the simulator, `made_at`.
    """

    id: str
    calls: Sequence[Call]
    recordings: dict[str, RecordingFile]
    call_of: dict[str, Call]
    gone: frozenset[str]
    lasting: Mapping[str, str]
    spoilt: Mapping[str, str]
    moved: frozenset[str]
    made_at: datetime

    @property
    def forbidden(self) -> frozenset[str]:
        """The ids of the recordings that are refused permanently."""
        return frozenset(name for name, kind in self.lasting.items() if kind == FORBIDDEN)

    @property
    def available(self) -> dict[str, RecordingFile]:
        """The recordings that are still served, by id."""
        lost = self.gone | self.forbidden
        return {name: file for name, file in self.recordings.items() if name not in lost}


def make_account(options: Options, *, now: datetime) -> Account:
    """Return the account at `now`: all its calls have ended an hour ago or more.

    Raises:
        ValueError: there are not enough recordings to be gone, forbidden or moved.
    """
    calls = sorted(_calls(options, now), key=lambda call: (call.started_at, call.id), reverse=True)
    pairs = [(recording, call) for call in calls for recording in call.recordings()]
    call_of = {recording.id: call for recording, call in pairs}
    gone = _gone(options, call_of, ended_before=now - _GONE_ENDED_BEFORE)
    lasting = _lasting(options, sorted(call_of.keys() - gone))
    return Account(
        id=options.account_id,
        calls=calls,
        recordings={recording.id: _served(recording, lasting) for recording, _ in pairs},
        call_of=call_of,
        gone=gone,
        lasting=lasting,
        spoilt=_spoilt(options, call_of, now=now),
        moved=_moved(options, call_of),
        made_at=now,
    )


def _served(recording: RecordingFile, lasting: Mapping[str, str]) -> RecordingFile:
    disguise = DISGUISES.get(lasting.get(recording.id, ""))
    if disguise is None:
        return recording
    return replace(recording, audio=disguise(recording.audio, recording.id))


def _lasting(options: Options, recording_ids: Sequence[str]) -> Mapping[str, str]:
    if options.forbidden > len(recording_ids):
        raise ValueError(
            f"{options.forbidden} recordings can't be forbidden: {len(recording_ids)} are there"
        )
    draw = random.Random(f"{options.seed}/forbidden")  # noqa: S311 - a story, no secret
    forbidden = dict.fromkeys(draw.sample(recording_ids, options.forbidden), FORBIDDEN)
    if options.chaos is None:
        return forbidden
    drawn = {name: lasting_kind(options.chaos, name) for name in recording_ids}
    return {name: kind for name, kind in drawn.items() if kind} | forbidden


def _spoilt(options: Options, call_of: Mapping[str, Call], *, now: datetime) -> Mapping[str, str]:
    if options.chaos is None:
        return {}
    hidden_from = now - timedelta(seconds=options.chaos.hidden_within_s)
    drawn = {
        call.id: record_kind(options.chaos, call.id, may_hide=call.started_at >= hidden_from)
        for call in call_of.values()
    }
    return {name: kind for name, kind in drawn.items() if kind}


def _moved(options: Options, call_of: Mapping[str, Call]) -> frozenset[str]:
    recorded = sorted({call.id for call in call_of.values()})
    if options.moved > len(recorded):
        raise ValueError(f"{options.moved} calls can't be moved: {len(recorded)} are recorded")
    draw = random.Random(f"{options.seed}/moved")  # noqa: S311 - a story, no secret
    return frozenset(draw.sample(recorded, options.moved))


def _gone(options: Options, call_of: dict[str, Call], *, ended_before: datetime) -> frozenset[str]:
    old = sorted(name for name, call in call_of.items() if call.ended_at < ended_before)
    if options.gone > len(old):
        raise ValueError(f"{options.gone} recordings can't be gone: {len(old)} are old enough")
    draw = random.Random(f"{options.seed}/gone")  # noqa: S311 - a story, no secret
    return frozenset(draw.sample(old, options.gone))


def _calls(options: Options, now: datetime) -> Iterator[Call]:
    draw = random.Random(options.seed)  # noqa: S311 - a story, no secret
    dialling = Dialling(draw)
    newest_ended_at = now - _NEWEST_ENDS_BEFORE
    files = _recordings(options, draw)
    span = timedelta(days=options.days) - _NEWEST_ENDS_BEFORE - _OLDEST_ENDS_AFTER
    done = 0
    while done < len(files):
        ended_at = newest_ended_at - span * options.spread(done / len(files))
        taken, calls = dialling.next_calls(files[done : done + 2], ended_at=ended_at)
        done += taken
        yield from calls
    for place, size_bytes in enumerate(options.add_wav_bytes):
        added = _added_recording(str(_FIRST_ADDED_ID + place), size_bytes=size_bytes)
        yield plain_call(dialling, added, ended_at=newest_ended_at)


def _added_recording(recording_id: str, *, size_bytes: int) -> RecordingFile:
    return RecordingFile(recording_id, "Automatic", wav_audio(recording_id, size_bytes=size_bytes))


def _recordings(options: Options, draw: random.Random) -> list[RecordingFile]:
    """Return the recordings, newest first: each second one WAV, each fiftieth very long."""
    number = draw.randrange(10**11, 9 * 10**11)
    files = []
    for index in range(options.recordings):
        number -= draw.randrange(1_000, 90_000)
        files.append(_recording(str(number), index=index, draw=draw))
    return files


def _recording(recording_id: str, *, index: int, draw: random.Random) -> RecordingFile:
    kind = "OnDemand" if draw.random() < 1 / 3 else "Automatic"
    if index % 2:
        duration_s = 30 + round(270 * draw.random() ** 8)
        size_bytes = HEADER_BYTES + duration_s * BYTES_PER_S
        return RecordingFile(recording_id, kind, wav_audio(recording_id, size_bytes=size_bytes))
    if index % _ONE_LONG_IN == _ONE_LONG_IN // 2 - 1:
        duration_s = draw.randrange(3_600, 3 * 3_600)
    else:
        duration_s = 30 + round(270 * draw.random() ** 2)
    return RecordingFile(recording_id, kind, mp3_audio(recording_id, duration_s=duration_s))
