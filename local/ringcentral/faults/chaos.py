"""Random faults: each is a pure function of seed, subject and attempt."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from local.ringcentral.faults.fault_kinds import KINDS, Place, Victim
from local.ringcentral.faults.faults import Arrival, Fault, chooses
from local.ringcentral.faults.record_damage import RECORD_DAMAGES

# Shorter than the smallest recording.
_CUT_BEFORE_BYTES = 30_000


def even_weights() -> dict[str, float]:
    """Return every kind with the same weight."""
    return dict.fromkeys(KINDS, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """Strikes each request for content, call log or token with `probability`.

    `kinds` has the weight of each kind that may strike. A recording is struck at most
    `max_per_recording` times, so that it can be archived in the end; `not-found` strikes only
    those whose call ended less than `young_s` ago.
    With the same probability a recording, and the record of a recorded call, has a permanent
    fault, of the kinds that strike these. A record that hides its recording is rewritten,
    correctly, `whole_after_s` after the start of the simulator; none is struck so
    whose call began more than `hidden_within_s` before that, as no later reader may look there.
    Every cut is at a random place. `retry_after_s`, `stall_s` and `maintenance_s` replace
    those of the kinds, where these have any: real ones would make a long test.

    Raises:
        ValueError: a kind is unknown, or the probability not between 0 and 1.
    """

    probability: float
    seed: int = 1
    kinds: Mapping[str, float] = field(default_factory=even_weights)
    max_per_recording: int = 4
    young_s: int = 5_400
    retry_after_s: int = 1
    stall_s: float = 1.0
    maintenance_s: int = 5
    whole_after_s: int = 60
    hidden_within_s: int = 5 * 86_400

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise ValueError(
                f"no kind of fault is named {', '.join(unknown)}; there are {', '.join(KINDS)}"
            )
        if not 0 <= self.probability <= 1:
            raise ValueError(f"a probability is 0 to 1, not {self.probability}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A possible target: content, call log or token endpoint; a recording's age is its call's."""

    name: str
    place: Place
    age: timedelta = timedelta(0)


def drawn(chaos: Chaos, subject: Subject, arrival: Arrival, *, attempt: int) -> Fault | None:
    """Return the fault of an attempt, the same every time."""
    draw = random.Random(f"{chaos.seed}/{subject.name}/{attempt}")  # noqa: S311 - no secret
    names = [name for name in chaos.kinds if _can_meet(name, chaos, subject, arrival)]
    name = _one_of(names, chaos, draw)
    return _tuned(KINDS[name].fault, chaos, draw) if name else None


def lasting_kind(chaos: Chaos, recording_id: str) -> str | None:
    """Return the kind of a recording's permanent fault, None for most."""
    draw = random.Random(f"{chaos.seed}/{recording_id}/lasting")  # noqa: S311 - no secret
    names = [name for name in chaos.kinds if KINDS[name].victim is Victim.RECORDING]
    return _one_of(names, chaos, draw)


def record_kind(chaos: Chaos, call_id: str, *, may_hide: bool) -> str | None:
    """Return the kind of fault in the record of a call, None for most."""
    draw = random.Random(f"{chaos.seed}/{call_id}/record")  # noqa: S311 - no secret
    names = [
        name
        for name in chaos.kinds
        if KINDS[name].victim is Victim.RECORD and (may_hide or not RECORD_DAMAGES[name].hides)
    ]
    return _one_of(names, chaos, draw)


def _one_of(names: list[str], chaos: Chaos, draw: random.Random) -> str | None:
    weights = [chaos.kinds[name] for name in names]
    if draw.random() >= chaos.probability or not any(weights):
        return None
    (name,) = draw.choices(names, weights)
    return name


def _can_meet(name: str, chaos: Chaos, subject: Subject, arrival: Arrival) -> bool:
    kind = KINDS[name]
    is_too_old = kind.young_only and subject.age >= timedelta(seconds=chaos.young_s)
    return (
        kind.victim is Victim.REQUEST
        and subject.place in kind.places
        and chooses(kind.fault, arrival)
        and not is_too_old
    )


def _tuned(fault: Fault, chaos: Chaos, draw: random.Random) -> Fault:
    return replace(
        fault,
        cut_after_bytes=_somewhere(fault.cut_after_bytes, draw),
        stall_after_bytes=_somewhere(fault.stall_after_bytes, draw) or 0,
        retry_after_s=None if fault.retry_after_s is None else chaos.retry_after_s,
        silent_s=min(fault.silent_s, chaos.stall_s),
        stall_s=min(fault.stall_s, chaos.stall_s),
        drip_head_s=min(fault.drip_head_s, chaos.stall_s),
        drip_body_s=min(fault.drip_body_s, chaos.stall_s),
        closes_for_s=None if fault.closes_for_s is None else chaos.maintenance_s,
    )


def _somewhere(after_bytes: int | None, draw: random.Random) -> int | None:
    return draw.randrange(_CUT_BEFORE_BYTES) if after_bytes else after_bytes
