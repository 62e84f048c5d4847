"""The simulated account: its call log at any instant, and the books that prove the archive.

The simulator of local/ gives all calls the same lags, deletes nothing and reads every call for
every page: too little and too slow for 90 days. Its exact part, the quota, is shared.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from benchmarks.ninety_days.traffic import Call
from benchmarks.quota.ringcentral import PER_PAGE, record
from ringvault.core.catalogue.call_record import CallRecord, normalised
from ringvault.core.errors import NotFoundError, RecordingRefusedError
from ringvault.core.instants import Clock, format_instant
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Span

Json = Mapping[str, Any]
_BEFORE_MIDNIGHT = timedelta(seconds=20)


@dataclass(slots=True)
class Entry:
    """The books' entry of one recording.

    `first_served_at`, `last_not_found_at` and the counts of 404s and 403s are the answers to the
    archiver. A rewritten record has a leg, which is a recording, too. Until `mislaid_until`
    every other hour is 404.
    """

    recording_id: str
    started_at: datetime
    visible_at: datetime
    content_at: datetime
    deleted_at: datetime
    first_served_at: datetime | None = None
    last_not_found_at: datetime | None = None
    not_found: int = 0
    refused: int = 0
    rewritten_at: datetime | None = None
    mislaid_until: datetime | None = None
    is_forbidden: bool = False

    @property
    def ready_at(self) -> datetime:
        """When it can be listed and fetched."""
        return max(self.visible_at, self.content_at)


@dataclass(slots=True)
class _Logged:
    """A record of the call log: its form, and each later one with when it was written, in order.

    Each form is normalised once; doing it for every page would be most of the run.
    """

    visible_at: datetime
    form: CallRecord
    later_forms: Sequence[tuple[datetime, CallRecord]]

    def at(self, now: datetime) -> CallRecord:
        written = [form for at, form in self.later_forms if at <= now]
        return written[-1] if written else self.form


@dataclass(slots=True)
class Account:
    """Call log, content and books; deletes at the limits of `retention`.

    A deleted recording stays named in the call log, as its record does, but is 404.
    """

    clock: Clock
    retention: Retention
    entries: dict[str, Entry] = field(default_factory=dict)
    _starts: list[datetime] = field(default_factory=list)
    _log: list[_Logged] = field(default_factory=list)

    def take(self, calls: Iterable[Call]) -> None:
        """Add these calls, in order of start; call it once."""
        for number, call in enumerate(calls):
            self._starts.append(call.started_at)
            self._log.append(self._logged(str(2 * number), str(2 * number + 1), call))
        self._delete_beyond_limit()

    def first_page(self, span: Span) -> CallLogPage:
        """Return the newest recorded calls that started in the span."""
        return self._page(1, span.from_at, span.to_at)

    def next_page(self, uri: str) -> CallLogPage:
        """Return the page that another gave as its next, from the current log."""
        page, from_at, to_at = uri.split()
        return self._page(int(page), datetime.fromisoformat(from_at), datetime.fromisoformat(to_at))

    def serve(self, recording_id: str) -> None:
        """Note that the recording is fetched.

        Raises:
            NotFoundError: it is not ready yet, mislaid, or deleted.
            RecordingRefusedError: it is forbidden.
        """
        entry, now = self.entries[recording_id], self.clock()
        is_mislaid = entry.mislaid_until and now < entry.mislaid_until and now.hour % 2
        if is_mislaid or not entry.content_at <= now < entry.deleted_at:
            entry.not_found += 1
            entry.last_not_found_at = now
            raise NotFoundError("404")
        if entry.is_forbidden:
            entry.refused += 1
            raise RecordingRefusedError("403")
        entry.first_served_at = entry.first_served_at or now

    def _page(self, page: int, from_at: datetime, to_at: datetime) -> CallLogPage:
        now = self.clock()
        first, end = bisect_left(self._starts, from_at), bisect_left(self._starts, to_at)
        found = [it for it in reversed(self._log[first:end]) if it.visible_at <= now]
        start = (page - 1) * PER_PAGE
        more = len(found) > start + PER_PAGE
        uri = f"{page + 1} {from_at.isoformat()} {to_at.isoformat()}"
        records = [it.at(now) for it in found[start : start + PER_PAGE]]
        return CallLogPage(records, uri if more else None)

    def _logged(self, recording_id: str, leg_id: str, call: Call) -> _Logged:
        self._enter(recording_id, call, call.visible_at, call.content_at)
        entry = self.entries[recording_id]
        entry.mislaid_until, entry.is_forbidden = call.mislaid_until, call.is_forbidden
        form = {**record(recording_id, call.started_at), "duration": call.duration_s}
        changes = [*self._with_leg(recording_id, leg_id, call), *_rewritten(call, form)]
        changes.sort(key=lambda change: change[0])
        first = form if call.readable_at is None else {**form, "recording": {"id": recording_id}}
        later, written = [], first
        for at, changed in changes:
            written = {**written, **changed, "lastModifiedTime": format_instant(at)}
            later.append((at, normalised(written)))
        return _Logged(call.visible_at, normalised(first), later)

    def _with_leg(
        self, recording_id: str, leg_id: str, call: Call
    ) -> Iterator[tuple[datetime, Json]]:
        """Yield the change that adds a leg, where there is one."""
        if call.leg_visible_at is None:
            return
        self._enter(leg_id, call, call.leg_visible_at, call.leg_visible_at)
        self.entries[recording_id].rewritten_at = call.leg_visible_at
        legs = [record(leg_id, call.started_at)]
        yield call.leg_visible_at, {"duration": call.duration_s + 60, "legs": legs}

    def _enter(
        self, recording_id: str, call: Call, visible_at: datetime, content_at: datetime
    ) -> None:
        deleted_at = call.started_at + _kept_for(self.retention, call)
        if call.readable_at is not None:
            visible_at = max(visible_at, call.readable_at)
        self.entries[recording_id] = Entry(
            recording_id, call.started_at, visible_at, content_at, deleted_at
        )

    def _delete_beyond_limit(self) -> None:
        """Delete the oldest whenever there is one more than the limit."""
        in_order: Sequence[Entry] = sorted(self.entries.values(), key=lambda it: it.visible_at)
        for entry, one_too_many in zip(
            in_order, in_order[self.retention.max_recordings :], strict=False
        ):
            entry.deleted_at = min(entry.deleted_at, one_too_many.visible_at)


def _kept_for(retention: Retention, call: Call) -> timedelta:
    """Return how long a call's recordings are kept: automatic ones for the longest period."""
    return (call.is_on_demand and retention.shortest_period) or retention.period


def _rewritten(call: Call, form: Json) -> Iterator[tuple[datetime, Json]]:
    """Yield the changes that make a record readable, and that move its start over midnight."""
    if call.readable_at is not None:
        yield call.readable_at, {"recording": form["recording"]}
    if call.moved_at is not None:
        midnight = call.started_at.replace(hour=0, minute=0, second=0)
        moved = {"startTime": format_instant(midnight - _BEFORE_MIDNIGHT)}
        yield call.moved_at, moved
