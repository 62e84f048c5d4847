"""A reconciliation in progress: the period, its position, its findings."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from ringvault.core.errors import InvalidRequestError
from ringvault.core.reconciliation.finding import Finding, Verdict
from ringvault.core.spans import DAY, Period, Span

# How far one request for the call log may reach is not documented.
MAX_STRIDE = 32 * DAY
# A stride shorter than this is not halved: a minute has fewer calls than a run has requests.
MIN_STRIDE = timedelta(minutes=1)
# Progress is one DynamoDB item of 400 KB; compressed, a usual finding is about 15 bytes. Findings
# beyond are repaired and counted like all others.
MAX_NAMED = 10_000
# So many characters of ids and reasons take as much room as one usual finding.
CHARACTERS_NAMED = 16


@dataclass(frozen=True, slots=True)
class Run:
    """One reconciliation; every call before `reached_at` has its verdict.

    `found` are findings of the span at `reached_at`, saved before any repair: a run
    that is killed meanwhile reports what it found, including what it had repaired already.
    `days` counts verdicts by day. `finished_at` is set before the report is written.
    `is_chain_from_bucket` says that the state had no report before, and the bucket's last was
    used in its place.
    """

    period: Period
    started_at: datetime
    reached_at: datetime
    is_daily: bool
    stride: timedelta = DAY
    requests: int = 0
    invocations: int = 0
    days: Mapping[date, Mapping[str, int]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    unnamed: int = 0
    found: tuple[Finding, ...] = ()
    finished_at: datetime | None = None
    is_chain_from_bucket: bool = False

    @classmethod
    def begun(cls, period: Period, *, now: datetime, is_daily: bool) -> "Run":
        """Return a run at its beginning."""
        return cls(period, started_at=now, reached_at=period.from_at, is_daily=is_daily)

    @property
    def end_at(self) -> datetime:
        """The end: that of its period, or the beginning of the run if the period is not over."""
        return min(self.period.to_at, self.started_at)

    @property
    def head(self) -> Span | None:
        """The span to process next, None if everything has its verdict."""
        if self.reached_at >= self.end_at:
            return None
        return Span(self.reached_at, min(self.reached_at + self.stride, self.end_at))

    @property
    def named(self) -> frozenset[str]:
        """The subjects found already, so that none is found twice."""
        return frozenset(finding.subject for finding in self.findings)

    def invoked(self) -> "Run":
        """Return the run with one more invocation, unless only its report is left."""
        if self.finished_at is not None:
            return self
        return replace(self, invocations=self.invocations + 1)

    def head_found(self, findings: Iterable[Finding]) -> "Run":
        """Return the run with the head's findings; earlier findings stay."""
        found = {finding.subject: finding for finding in findings if finding.is_named}
        found |= {finding.subject: finding for finding in self.found}
        return replace(self, found=_that_fit(tuple(found.values()), self._room))

    def head_done(self, findings: Iterable[Finding], *, would_fit_twice: bool) -> "Run":
        """Return the run after its head, with these verdicts and the earlier ones."""
        head = self.head
        if head is None:
            raise ValueError("the run is through")
        looked_at: dict[date, Mapping[str, int]] = {it.from_at.date(): {} for it in head.days()}
        all_found = {finding.subject: finding for finding in findings}
        all_found |= {finding.subject: finding for finding in self.found}
        named = tuple(finding for finding in all_found.values() if finding.is_named)
        kept = _that_fit(named, self._room)
        stride = min(2 * self.stride, MAX_STRIDE) if would_fit_twice else self.stride
        return replace(
            self,
            reached_at=head.to_at,
            stride=stride,
            days=_counted(looked_at | dict(self.days), all_found.values()),
            findings=(*self.findings, *kept),
            unnamed=self.unnamed + len(named) - len(kept),
            found=(),
        )

    def finished(
        self, findings: Sequence[Finding], *, at: datetime, is_chain_from_bucket: bool
    ) -> "Run":
        """Return the run for its report, with the faults of the reports."""
        kept = _that_fit(findings, self._room)
        return replace(
            self,
            days=_counted(self.days, findings),
            findings=(*self.findings, *kept),
            unnamed=self.unnamed + len(findings) - len(kept),
            finished_at=at,
            is_chain_from_bucket=is_chain_from_bucket,
        )

    @property
    def last_on(self) -> date:
        """The last day of the run."""
        return (self.end_at - timedelta(milliseconds=1)).date()

    def head_halved(self) -> "Run":
        """Return the run with half the stride, in whole days while it has several."""
        half = self.stride / 2
        half -= half % (DAY if half >= DAY else timedelta(milliseconds=1))
        return replace(self, stride=max(half, MIN_STRIDE))

    @property
    def _room(self) -> int:
        return MAX_NAMED - sum(map(_weight, self.findings))


def _counted(
    days: Mapping[date, Mapping[str, int]], findings: Iterable[Finding]
) -> Mapping[date, Mapping[str, int]]:
    counted = {day: Counter(counts) for day, counts in days.items()}
    for finding in findings:
        counts = counted.setdefault(finding.on, Counter())
        if finding.is_counted:
            counts[finding.verdict] += 1
            counts.update(finding.causes)
        if finding.is_rewritten:
            counts["rewritten"] += 1
    return counted


def _that_fit(findings: Sequence[Finding], room: int) -> tuple[Finding, ...]:
    """Return as many findings as fit, the first ones."""
    kept = []
    for finding in findings:
        room -= _weight(finding)
        if room < 0:
            break
        kept.append(finding)
    return tuple(kept)


def _weight(finding: Finding) -> int:
    """Return how many usual findings take as much room when compressed.

    Digits take half of it. The key of a missing recording repeats its id and its day; other
    details repeat most of their words.
    """
    recording_id, detail = finding.recording_id or "", finding.detail or ""
    characters = len(recording_id) // (2 if recording_id.isdigit() else 1)
    if finding.verdict is not Verdict.MISSING:
        characters += len(detail) // 4
    return max(1, ceil(characters / CHARACTERS_NAMED))


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest report: its number and the SHA-256 of its JSON; 0 and nothing before the first."""

    number: int = 0
    sha256_hex: str = ""


@dataclass(frozen=True, slots=True)
class ReconciliationProgress:
    """The open runs, the next one first, and the end of the chain of reports.

    `chain_head` is None until the bucket was read. `backfills_since` says since
    when reconciliation has known each open backfill, by the backfill's end.
    """

    runs: tuple[Run, ...] = ()
    last_daily_on: date | None = None
    chain_head: ChainHead | None = None
    backfills_since: Mapping[str, datetime] = field(default_factory=dict)

    def opened(
        self, *, asked: Period | None, now: datetime, daily_reach: timedelta
    ) -> "ReconciliationProgress":
        """Return the progress with the requested run, or the daily one if it is due.

        Raises:
            InvalidRequestError: a run over another period is not complete yet.
        """
        if asked is not None:
            return self._with_asked(asked, now)
        if self.last_daily_on == now.date() or any(run.is_daily for run in self.runs):
            return self
        period = Period((now - daily_reach).date(), now.date())
        run = Run.begun(period, now=now, is_daily=True)
        return replace(self, runs=(*self.runs, run), last_daily_on=now.date())

    def with_head(self, run: Run) -> "ReconciliationProgress":
        """Return the progress with `run` in place of the current one."""
        return replace(self, runs=(run, *self.runs[1:]))

    def reported(self, head: ChainHead) -> "ReconciliationProgress":
        """Return the progress without the current run, whose report is the chain's new end."""
        return replace(self, runs=self.runs[1:], chain_head=head)

    def _with_asked(self, asked: Period, now: datetime) -> "ReconciliationProgress":
        for run in self.runs:
            if not run.is_daily and run.period != asked:
                raise InvalidRequestError(
                    f"the reconciliation of {run.period.from_on} to {run.period.to_on} is not"
                    " complete yet: invoke the function until it is, then request another period"
                )
        if any(not run.is_daily for run in self.runs):
            return self
        return replace(self, runs=(Run.begun(asked, now=now, is_daily=False), *self.runs))


EXAMPLE = '{"from": "2026-10-01", "to": "2026-10-31"}'

_NAMES = frozenset({"from", "to"})
# The scheduler sends nothing, or the envelope of an event of its own.
_SCHEDULED = "Scheduled Event"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def period_of(event: Any, *, today: date) -> Period | None:  # noqa: ANN401 - any JSON may arrive
    """Return the days in an event, None for the scheduled daily run.

    Raises:
        InvalidRequestError: the event is anything else; nothing was changed.
    """
    if not isinstance(event, Mapping):
        raise InvalidRequestError(f"an event is an object: {EXAMPLE}")
    if not event or event.get("detail-type") == _SCHEDULED:
        return None
    if event.keys() != _NAMES:
        raise InvalidRequestError(f"an event must have from and to and nothing else: {EXAMPLE}")
    from_on, to_on = (day_of(event[name], called=name) for name in ("from", "to"))
    return checked_period(from_on, to_on, today=today)


def checked_period(
    from_on: date, to_on: date, *, today: date, called: tuple[str, str] = ("from", "to")
) -> Period:
    """Return the days from the first to the last, both included.

    Raises:
        InvalidRequestError: they are in the wrong order, or in the future; `called` names them.
    """
    first, last = called
    if from_on > to_on:
        raise InvalidRequestError(f"{first} {from_on} is later than {last} {to_on}")
    if to_on > today:
        raise InvalidRequestError(f"{last} {to_on} is in the future: today is {today} (UTC)")
    return Period(from_on, to_on)


def day_of(value: object, *, called: str) -> date:
    """Return the day of a text.

    Raises:
        InvalidRequestError: it is not a day; `called` is its name in the error.
    """
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidRequestError(f"{called} is not a UTC day such as 2026-10-01")
