"""Invents calls: of fictional people, on numbers that are not assigned."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle

from local.ringcentral.account.calls import Call, Extension, Leg, RecordingFile

Shape = Callable[["Dialling", Sequence[RecordingFile], datetime], list[Call]]

_FIRST_NAMES = ("Ada", "Bela", "Cato", "Dima", "Edda", "Faye", "Gil", "Hana", "Ivo", "Juna")
_LAST_NAMES = (
    "Applewick",
    "Brambles",
    "Copperpot",
    "Dunmore",
    "Everfield",
    "Fennimore",
    "Greenlea",
)
_EXTENSIONS = 12


class Dialling:
    """Invents one call after another from one source of randomness."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._shapes = cycle(_SHAPES)
        self._extensions = [self._extension(index) for index in range(_EXTENSIONS)]

    def next_calls(
        self, files: Sequence[RecordingFile], *, ended_at: datetime
    ) -> tuple[int, list[Call]]:
        """Return how many of `files` (one or two) the next calls recorded, and those calls."""
        taken, shape = next(self._shapes)
        if taken > len(files):
            taken, shape = 1, _plain
        return taken, shape(self, files[:taken], ended_at)

    def call(self, *, ended_at: datetime, duration_s: int, recording: RecordingFile | None) -> Call:
        """Return a call without legs that ended at `ended_at`."""
        number = self._draw.getrandbits(40)
        return Call(
            id=f"C{number:011x}Q{self._draw.getrandbits(16):04x}",
            session_id=str(10**12 + number),
            telephony_session_id=f"s-{number:012x}z{self._draw.getrandbits(44):011x}",
            started_at=ended_at - timedelta(seconds=duration_s),
            duration_s=duration_s,
            direction=self._draw.choice(("Inbound", "Inbound", "Outbound")),
            result="Accepted",
            extension=self._draw.choice(self._extensions),
            outside_number=self._phone_number(),
            outside_name=self._name(),
            recording=recording,
            legs=(),
        )

    def colleague(self, other_than: Extension | None) -> Extension:
        """Return a colleague to transfer a call to."""
        return self._draw.choice([one for one in self._extensions if one != other_than])

    def _extension(self, index: int) -> Extension:
        return Extension(
            id=600_000_101 + index,
            number=str(101 + index),
            name=self._name(),
            phone_number=self._phone_number(),
        )

    def _name(self) -> str:
        return f"{self._draw.choice(_FIRST_NAMES)} {self._draw.choice(_LAST_NAMES)}"

    def _phone_number(self) -> str:
        return f"+1555{self._draw.randrange(2_000_000, 10_000_000)}"


def plain_call(dialling: Dialling, file: RecordingFile, *, ended_at: datetime) -> Call:
    """Return a call whose two legs repeat its recording, as RingCentral's do."""
    call = dialling.call(ended_at=ended_at, duration_s=file.audio.duration_s, recording=file)
    return replace(call, legs=(_leg("Accept", call, file), _leg("PstnToSip", call, file)))


def _plain(dialling: Dialling, files: Sequence[RecordingFile], ended_at: datetime) -> list[Call]:
    return [plain_call(dialling, files[0], ended_at=ended_at)]


def _without_extension(
    dialling: Dialling, files: Sequence[RecordingFile], ended_at: datetime
) -> list[Call]:
    call = plain_call(dialling, files[0], ended_at=ended_at)
    legs = tuple(replace(leg, extension=None) for leg in call.legs)
    return [replace(call, extension=None, outside_number=None, legs=legs)]


def _with_unrecorded(
    dialling: Dialling, files: Sequence[RecordingFile], ended_at: datetime
) -> list[Call]:
    before = ended_at - timedelta(hours=1)
    missed = dialling.call(ended_at=before, duration_s=0, recording=None)
    short = dialling.call(ended_at=before, duration_s=9, recording=None)
    return [
        *_plain(dialling, files, ended_at),
        replace(missed, result="Missed"),
        replace(short, short_recording=True),
    ]


def _queued(dialling: Dialling, files: Sequence[RecordingFile], ended_at: datetime) -> list[Call]:
    return [replace(plain_call(dialling, files[0], ended_at=ended_at), listed_early=True)]


def _recorded_in_a_leg_only(
    dialling: Dialling, files: Sequence[RecordingFile], ended_at: datetime
) -> list[Call]:
    call = plain_call(dialling, files[0], ended_at=ended_at)
    accept, _ = call.legs
    return [replace(call, recording=None, legs=(replace(accept, recording=None), call.legs[1]))]


def _transferred_within(
    dialling: Dialling, files: Sequence[RecordingFile], ended_at: datetime
) -> list[Call]:
    first, second = files
    after_s = second.audio.duration_s
    call = plain_call(dialling, first, ended_at=ended_at - timedelta(seconds=after_s))
    leg = Leg(
        type="TransferCall",
        extension=dialling.colleague(call.extension),
        recording=second,
        started_at=call.ended_at,
        duration_s=after_s,
    )
    return [replace(call, duration_s=call.duration_s + after_s, legs=(*call.legs, leg))]


def _transferred_between(
    dialling: Dialling, files: Sequence[RecordingFile], ended_at: datetime
) -> list[Call]:
    first, second = files
    after = plain_call(dialling, second, ended_at=ended_at)
    before = plain_call(dialling, first, ended_at=after.started_at)
    return [before, replace(after, telephony_session_id=before.telephony_session_id)]


def _leg(kind: str, call: Call, recording: RecordingFile | None) -> Leg:
    return Leg(kind, call.extension, recording, call.started_at, call.duration_s)


# How many recordings each shape takes; repeated over the whole account, so that
# an account of a dozen recordings has every shape.
_SHAPES: tuple[tuple[int, Shape], ...] = (
    (1, _plain),
    (1, _plain),
    (2, _transferred_within),
    (1, _with_unrecorded),
    (1, _plain),
    (2, _transferred_between),
    (1, _queued),
    (1, _recorded_in_a_leg_only),
    (1, _without_extension),
)
