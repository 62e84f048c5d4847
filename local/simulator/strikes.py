"""What strikes next: the faults that were set, else chaos; counts what it has struck."""

import threading
from collections import Counter

from local.simulator.chaos import Chaos, Subject, drawn
from local.simulator.fault_kinds import Place
from local.simulator.faults import Arrival, Fault, strike


class Strikes:
    """Decides for each request what goes wrong; safe to ask from several threads."""

    def __init__(self, chaos: Chaos | None) -> None:
        self._chaos = chaos
        self._faults: tuple[Fault, ...] = ()
        self._attempts: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()
        self._lock = threading.Lock()

    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Put `faults` in place of all before."""
        with self._lock:
            self._faults = faults

    def next_fault(self, arrival: Arrival, subject: Subject | None) -> Fault | None:
        """Return what strikes this request; chaos knows no request without a subject."""
        with self._lock:
            fault, self._faults = strike(self._faults, arrival)
            if fault is None and self._chaos and subject:
                fault = self._chaotic(self._chaos, arrival, subject)
            return fault

    def _chaotic(self, chaos: Chaos, arrival: Arrival, subject: Subject) -> Fault | None:
        self._attempts[subject.name] += 1
        is_spared = (
            subject.place is Place.CONTENT
            and self._struck[subject.name] >= chaos.most_per_recording
        )
        if is_spared:
            return None
        fault = drawn(chaos, subject, arrival, attempt=self._attempts[subject.name])
        self._struck[subject.name] += fault is not None
        return fault
