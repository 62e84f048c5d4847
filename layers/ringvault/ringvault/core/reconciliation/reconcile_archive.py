"""Compares call log, catalogue and bucket, and repairs what it can."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from ringvault.core.defects import place_of
from ringvault.core.errors import (
    ConfigurationError,
    OutOfTimeError,
    RingvaultError,
    ThrottledError,
)
from ringvault.core.instants import Clock
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.quota.budget import Budget, OverBudgetError, RequestQuota
from ringvault.core.quota.gate import Turn
from ringvault.core.reconciliation.evidence import (
    EvidenceCatalogue,
    EvidenceVault,
    ListedCalls,
    SpanEvidence,
    excusing,
    open_since,
)
from ringvault.core.reconciliation.finding import Finding, Judged, Verdict
from ringvault.core.reconciliation.repair import RepairCatalogue, RepairVault, put_right
from ringvault.core.reconciliation.report import (
    Report,
    ReportVault,
    last_report,
    store_report,
    strangers_behind,
)
from ringvault.core.reconciliation.run import ReconciliationProgress, Run
from ringvault.core.ringcentral.call_log import CallLog, pages_of
from ringvault.core.spans import DAY, Period, Span
from ringvault.core.versioned import Versioned

# A tenth of the quota from one scheduled invocation to the next: archiving continues,
# and an account of 100,000 recordings is finished within hours.
RECONCILING_PERIOD = timedelta(minutes=15)
RECONCILING_SHARE = 0.1
# With less an invocation could not even read a busy hour.
MIN_REQUESTS = 4
# A stride grows only while its evidence fits into memory many times.
MAX_REQUESTS_OF_A_STRIDE = 4
MAX_JUDGED_OF_A_STRIDE = 1000
# RingCentral's deletion is not exact to the hour, and near losses should still be found.
BEYOND_RETENTION = timedelta(days=10)


class ReconciliationCatalogue(EvidenceCatalogue, RepairCatalogue, Protocol):
    """The catalogue for reconciliation."""


class ReconciliationVault(EvidenceVault, RepairVault, ReportVault, Protocol):
    """The bucket for reconciliation."""


@dataclass(slots=True)
class ReconciliationResult:
    """The result of one invocation.

    `run` is the one in progress, None if none was due. It is complete if there is a `report`;
    otherwise the next invocation continues. `missing` is what this invocation found.
    """

    run: Run | None = None
    report: Report | None = None
    missing: int = 0
    throttled_until: datetime | None = None
    problem: RingvaultError | None = None


def reconcile_archive(
    *,
    asked: Period | None,
    daily_reach: timedelta | None,
    call_log: CallLog,
    quota: RequestQuota,
    catalogue: ReconciliationCatalogue,
    vault: ReconciliationVault,
    listing: Versioned[ListingProgress],
    wide_look_back: timedelta,
    progress: Versioned[ReconciliationProgress],
    clock: Clock,
    latest: datetime,
) -> ReconciliationResult:
    """Continue the reconciliation for one invocation, and return its result.

    With `asked` it works on a run over that period, otherwise on the daily one, or on a requested
    one that is not complete. The daily one reaches back `daily_reach`; None is RingCentral's
    whole retention. A recording that RingCentral shows so late that only the lister's
    `wide_look_back` finds it is not missing before that. Nothing starts after `latest`.

    Raises:
        InvalidRequestError: a run over another period is not complete yet.
    """
    result = ReconciliationResult()
    invocation = _Invocation(
        call_log=call_log,
        quota=quota,
        catalogue=catalogue,
        vault=vault,
        listing=listing,
        wide_look_back=wide_look_back,
        progress=progress,
        clock=clock,
        latest=latest,
        result=result,
    )
    if invocation.open_due(asked, daily_reach):
        _attempt(invocation, result)
    return result


def _attempt(invocation: "_Invocation", result: ReconciliationResult) -> None:
    try:
        invocation.go_on()
    except ThrottledError as error:
        result.throttled_until = error.retry_at
    except RingvaultError as error:
        result.problem = error


@dataclass(slots=True)
class _Invocation:
    """One invocation's work on the first open run."""

    call_log: CallLog
    quota: RequestQuota
    catalogue: ReconciliationCatalogue
    vault: ReconciliationVault
    listing: Versioned[ListingProgress]
    wide_look_back: timedelta
    progress: Versioned[ReconciliationProgress]
    clock: Clock
    latest: datetime
    result: ReconciliationResult
    listed: ListingProgress = field(default_factory=ListingProgress)
    budget: Budget = field(default_factory=Budget)
    state: ReconciliationProgress = field(default_factory=ReconciliationProgress)
    version: int = 0

    def open_due(self, asked: Period | None, daily_reach: timedelta | None) -> bool:
        """Open a due run; return whether there is work."""
        self.state, self.version = self.progress.load()
        self.listed, _ = self.listing.load()
        if daily_reach is None:
            daily_reach = self.listed.retention.period + BEYOND_RETENTION
        now = self.clock()
        opened = self.state.opened(asked=asked, now=now, daily_reach=daily_reach)
        if not opened.runs:
            return False
        since = open_since(self.listed, before=self.state.backfills_since, now=now)
        opened = replace(opened, backfills_since=since)
        self._save(opened.with_head(opened.runs[0].invoked()))
        return True

    def go_on(self) -> None:
        """Process span after span while they fit, then write the report."""
        self.budget.set_share(
            RECONCILING_SHARE,
            quota=self.quota,
            period=RECONCILING_PERIOD,
            min_requests=MIN_REQUESTS,
        )
        expected, is_first = 1, True
        while (span := self._run.head) is not None:
            if not is_first and (self.budget.left < expected or self.clock() >= self.latest):
                return
            spent, stride = self.budget.spent, self._run.stride
            try:
                self._reconcile(span)
            except (OverBudgetError, OutOfTimeError, ThrottledError) as stopped:
                self._stop(stopped, is_first=is_first, spent=self.budget.spent - spent)
                return
            needed = self.budget.spent - spent
            expected, is_first = ceil(needed * (self._run.stride / stride)), False
        self._report()

    @property
    def _run(self) -> Run:
        return self.state.runs[0]

    def _stop(self, stopped: RingvaultError, *, is_first: bool, spent: int) -> None:
        """Leave the span to the next invocation: smaller, if this one was too short for it."""
        run = replace(self._run, requests=self._run.requests + spent)
        is_too_large = is_first and (spent > 0 or isinstance(stopped, OutOfTimeError))
        self._save_run(run.head_halved() if is_too_large else run)
        if isinstance(stopped, ThrottledError):
            self.result.throttled_until = stopped.retry_at

    def _reconcile(self, span: Span) -> None:
        """Judge everything in the span, and repair it."""
        spent = self.budget.spent
        judged = self._judged(span)
        findings = [it.finding for it in judged]
        spent = self.budget.spent - spent
        # Saved before any repair: a run that is killed here still reports what was wrong.
        self._save_run(self._run.head_found(findings))
        findings += self._put_right([it for it in judged if it.finding.is_named])
        would_fit_twice = (
            2 * spent <= min(self.budget.left, MAX_REQUESTS_OF_A_STRIDE)
            and 2 * len(findings) <= MAX_JUDGED_OF_A_STRIDE
        )
        before = self._missing
        run = replace(self._run, requests=self._run.requests + spent)
        run = run.head_done(findings, would_fit_twice=would_fit_twice)
        is_large = run.stride > DAY and spent > MAX_REQUESTS_OF_A_STRIDE
        self._save_run(run.head_halved() if is_large else run)
        self.result.missing += self._missing - before

    def _put_right(self, judged: Sequence[Judged]) -> Sequence[Finding]:
        """Repair what is possible; return the failures, which do not affect the others.

        Raises:
            ConfigurationError: the role lacks a right, which concerns all of them.
            OutOfTimeError: `latest` has come before the end.
        """
        failed = []
        for it in judged:
            if self.clock() >= self.latest:
                raise OutOfTimeError("the invocation ends before the span is put right")
            try:
                put_right(it, catalogue=self.catalogue, vault=self.vault, now=self.clock())
            except ConfigurationError:
                raise
            except RingvaultError as error:
                failed.append(_not_put_right(it, str(error)))
            except Exception as error:  # noqa: BLE001 - one recording must not affect the others
                failed.append(_not_put_right(it, f"a defect of ringvault, {place_of(error)}"))
        return failed

    @property
    def _missing(self) -> int:
        return sum(counts.get("missing", 0) for counts in self._run.days.values())

    def _judged(self, span: Span) -> Sequence[Judged]:
        evidence = SpanEvidence(
            span=span,
            end_at=self._run.end_at,
            records=self._read(span),
            catalogue=self.catalogue,
            vault=self.vault,
            backfills=excusing(self.listed, since=self.state.backfills_since, now=self.clock()),
            kept_from=self.clock() - self.listed.retention.period,
            wide_look_back=self.wide_look_back,
            clock=self.clock,
            latest=self.latest,
        )
        named = self._run.named
        return [it for it in evidence.judged() if it.finding.subject not in named]

    def _read(self, span: Span) -> ListedCalls:
        pages = pages_of(self.call_log, span, self._turn)
        return [record for page in pages for record in page.records]

    def _turn(self) -> Turn:
        return self.budget.take_turn(self.quota, latest=self.latest)

    def _report(self) -> None:
        """Write the report of the complete run, and close the run."""
        head = self.state.chain_head or last_report(self.vault)
        if self._run.finished_at is None:
            # Saved before the report is written: after a crash the same bytes are written again.
            is_from_bucket = self.state.chain_head is None and head.number > 0
            run = self._run.finished(
                list(strangers_behind(head, self.vault, run=self._run)),
                at=self.clock(),
                is_chain_from_bucket=is_from_bucket,
            )
            self._save(replace(self.state.with_head(run), chain_head=head))
        report = store_report(self._run, self.vault, after=head)
        self._save(self.state.reported(report.as_chain_head), run=self._run)
        self.result.report = report

    def _save_run(self, run: Run) -> None:
        self._save(self.state.with_head(run))

    def _save(self, state: ReconciliationProgress, *, run: Run | None = None) -> None:
        self.result.run = run or state.runs[0]
        if state != self.state:
            self.version = self.progress.save(state, version=self.version)
            self.state = state


def _not_put_right(judged: Judged, problem: str) -> Finding:
    recording_id = judged.finding.recording_id
    detail = f"recording {recording_id} could not be put right: {problem}"
    return Finding(judged.finding.on, recording_id, Verdict.UNREADABLE, detail=detail)
