"""Chooses the next fault: a maintenance, set faults, chaos, permanent ones; and counts them."""

import math
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from local.ringcentral.faults.chaos import Chaos, Subject, drawn
from local.ringcentral.faults.fault_kinds import KINDS, Place
from local.ringcentral.faults.faults import Arrival, Fault, strike


class Strikes:
    """Decides the fault of each request; safe to use from several threads."""

    def __init__(self, chaos: Chaos | None, *, lasting: Mapping[str, str] | None = None) -> None:
        """Strike by chaos, and always by the `lasting` kind of a recording."""
        self._chaos = chaos
        self._lasting = lasting or {}
        self._maintenance: tuple[Fault, datetime] | None = None  # and when it is over
        self._faults: tuple[Fault, ...] = ()
        self._attempts: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()
        self._lock = threading.Lock()

    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Replace all faults by `faults`."""
        with self._lock:
            self._faults = faults

    def next_fault(
        self, arrival: Arrival, subject: Subject | None, *, now: datetime
    ) -> Fault | None:
        """Return the fault of this request; chaos needs a subject."""
        with self._lock:
            if closed := self._closed(now):
                return closed
            fault, self._faults = strike(self._faults, arrival)
            if fault is None and self._chaos and subject:
                fault = self._chaotic(self._chaos, arrival, subject)
            if fault is None and subject:
                fault = self._last(subject)
            if fault is None or fault.closes_for_s is None:
                return fault
            self._maintenance = (fault, now + timedelta(seconds=fault.closes_for_s))
            return self._closed(now)

    def _closed(self, now: datetime) -> Fault | None:
        """Return the fault of a maintenance for every request, None if there is none."""
        if self._maintenance is None:
            return None
        fault, open_at = self._maintenance
        left_s = math.ceil((open_at - now).total_seconds())
        return replace(fault, retry_after_s=left_s) if left_s > 0 else None

    def _last(self, subject: Subject) -> Fault | None:
        """Return the permanent fault of the recording, unless it is in its bytes."""
        kind = self._lasting.get(subject.name)
        fault = KINDS[kind].fault if kind else None
        return fault if fault and fault.disguise is None else None

    def _chaotic(self, chaos: Chaos, arrival: Arrival, subject: Subject) -> Fault | None:
        self._attempts[subject.name] += 1
        is_spared = (
            subject.place is Place.CONTENT and self._struck[subject.name] >= chaos.max_per_recording
        )
        if is_spared:
            return None
        fault = drawn(chaos, subject, arrival, attempt=self._attempts[subject.name])
        self._struck[subject.name] += fault is not None
        return fault
