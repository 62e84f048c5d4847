"""Faults at random: which one strikes is a pure function of seed, subject and attempt."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus

from local.simulator.fault_kinds import KINDS, Place
from local.simulator.faults import Arrival, Fault, chooses

# Shorter than the smallest recording.
_CUT_BEFORE_BYTES = 30_000


def even_weights() -> dict[str, float]:
    """Return every kind with the same weight."""
    return dict.fromkeys(KINDS, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """Strikes each request for content, call log or token with `probability`.

    `kinds` has the weight of each kind that may strike. A recording is struck at most
    `most_per_recording` times, so that it can be archived in the end; for the same reason
    `not-found` strikes none but those whose call ended less than `young_s` ago.
    Every cut falls at a place of its own. `retry_after_s` and `stall_s` stand in for those of the
    kinds, where these have any: real ones would make a long test.

    Raises:
        ValueError: a kind is unknown, or the probability not between 0 and 1.
    """

    probability: float
    seed: int = 1
    kinds: Mapping[str, float] = field(default_factory=even_weights)
    most_per_recording: int = 4
    young_s: int = 5_400
    retry_after_s: int = 1
    stall_s: float = 1.0

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            raise ValueError(
                f"no kind of fault is named {', '.join(unknown)}; there are {', '.join(KINDS)}"
            )
        if not 0 <= self.probability <= 1:
            raise ValueError(f"a probability is 0 to 1, not {self.probability}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What may be struck: content, call log or token endpoint; a recording's age is its call's."""

    name: str
    place: Place
    age: timedelta = timedelta(0)


def drawn(chaos: Chaos, subject: Subject, arrival: Arrival, *, attempt: int) -> Fault | None:
    """Return what strikes the attempt of that number, the same whenever it is asked."""
    draw = random.Random(f"{chaos.seed}/{subject.name}/{attempt}")  # noqa: S311 - no secret
    names = [name for name in chaos.kinds if _can_meet(name, chaos, subject, arrival)]
    weights = [chaos.kinds[name] for name in names]
    if draw.random() >= chaos.probability or not any(weights):
        return None
    (name,) = draw.choices(names, weights)
    return _tuned(KINDS[name].fault, chaos, draw)


def _can_meet(name: str, chaos: Chaos, subject: Subject, arrival: Arrival) -> bool:
    kind = KINDS[name]
    would_last = kind.fault.status == HTTPStatus.NOT_FOUND and subject.age >= timedelta(
        seconds=chaos.young_s
    )
    return subject.place in kind.places and chooses(kind.fault, arrival) and not would_last


def _tuned(fault: Fault, chaos: Chaos, draw: random.Random) -> Fault:
    return replace(
        fault,
        cut_after_bytes=_somewhere(fault.cut_after_bytes, draw),
        stall_after_bytes=_somewhere(fault.stall_after_bytes, draw) or 0,
        retry_after_s=None if fault.retry_after_s is None else chaos.retry_after_s,
        silent_s=min(fault.silent_s, chaos.stall_s),
        stall_s=min(fault.stall_s, chaos.stall_s),
    )


def _somewhere(after_bytes: int | None, draw: random.Random) -> int | None:
    return draw.randrange(_CUT_BEFORE_BYTES) if after_bytes else after_bytes
