"""The results as a table and as JSON, and the bounds that were missed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from benchmarks.ninety_days.life import NEVER, Life, Plan
from benchmarks.ninety_days.proof import Proof, prove
from benchmarks.ninety_days.traffic import DAY, MINUTE
from benchmarks.quota.virtual_run import LIMIT, WINDOW_S

MAX_LISTING = 0.10
MAX_WAIT = timedelta(minutes=15)
REQUESTS_A_DAY = LIMIT * DAY.total_seconds() / WINDOW_S
NAMED = 5
# A report's run takes up to a day, and recordings late on the first calm day are in the vault.
SETTLED_AFTER = 3 * DAY


@dataclass(frozen=True, slots=True)
class Row:
    """One run; `longest_wait` None is no bound."""

    name: str
    life: Life
    proof: Proof
    longest_wait: timedelta | None = None

    @property
    def listing_share(self) -> float:
        """Requests for pages of the call log, as a share of the quota."""
        return self.life.counts.listed_pages / (REQUESTS_A_DAY * self.life.plan.days)

    @property
    def has_calm_reports(self) -> bool:
        """Whether some report covers only days without calls that it has to name."""
        plan = self.life.plan
        if plan.reconciled is None:
            return False
        return plan.calm_days * DAY > plan.reconciled + SETTLED_AFTER

    @property
    def missed(self) -> Iterator[str]:
        """Every bound that was missed, as text."""
        proof = self.proof
        if proof.lost:
            yield f"{len(proof.lost)} lost, {_first(proof.lost)}"
        if proof.untrue:
            yield f"{len(proof.untrue)} states untrue, {_first(proof.untrue)}"
        if proof.unfollowed:
            yield f"{len(proof.unfollowed)} rewritten unseen, {_first(proof.unfollowed)}"
        if proof.falsely_whole:
            numbers = [str(number) for number in proof.falsely_whole]
            yield f"{len(numbers)} reports false, {_first(numbers)}"
        if self.has_calm_reports and not proof.whole:
            yield "no report found nothing missing: none could be false"
        if not proof.owed:
            yield "nothing was to be saved: the run is too short to prove anything"
        if self.listing_share > MAX_LISTING:
            yield f"{self.listing_share:.2%} of the quota for listing"
        if self.life.counts.throttled and self.life.plan.shared is NEVER:
            yield f"{self.life.counts.throttled} answers 429"
        if self.longest_wait and proof.wait(1.0) > self.longest_wait:
            yield f"a call of today waited {proof.wait(1.0) / MINUTE:.1f} minutes"


def run(name: str, plan: Plan, *, longest_wait: timedelta | None = None) -> Row:
    """Run a plan and return its row."""
    life = Life(plan)
    life.run()
    return Row(name, life, prove(life), longest_wait)


def missed(rows: Sequence[Row]) -> list[str]:
    """Return every bound that any run missed."""
    return [f"{row.name}: {miss}" for row in rows for miss in row.missed]


def as_json(rows: Sequence[Row]) -> str:
    """Return one JSON object."""
    told = {"runs": [_json(row) for row in rows], "missed": missed(rows)}
    return json.dumps(told, indent=1) + "\n"


def as_text(rows: Sequence[Row]) -> str:
    """Return the tables, 80 columns wide at most."""
    ends = [f"MISSED {miss}" for miss in missed(rows)] or ["all bounds met"]
    return "\n".join([*(line for row in rows for line in _lines(row)), *ends, ""])


def _first(ids: Sequence[str]) -> str:
    return f"the first of them {', '.join(ids[:NAMED])}"


def _json(row: Row) -> dict[str, Any]:
    life, proof, plan = row.life, row.proof, row.life.plan
    return {
        "name": row.name,
        "seed": plan.seed,
        "days": plan.days,
        "recordings_a_day": plan.a_day,
        "recordings": proof.recordings,
        "to_be_saved": proof.owed,
        "lost": proof.lost,
        "untrue": proof.untrue,
        "deleted_by_age": proof.deleted[0],
        "deleted_by_number": proof.deleted[1],
        "states": proof.states,
        "listing_requests": life.counts.listed_pages,
        "listing_share": row.listing_share,
        "answers_429": life.counts.throttled,
        "unanswered": life.unserved,
        "asked_to_wait": life.asked_to_wait,
        "refused": [it.recording_id for it in life.account.entries.values() if it.refused],
        "reconciliations": len(life.vault.reports) // 2,
        "found_missing": life.missing,
        "reports_of_nothing_missing": proof.whole,
        "reports_false": proof.falsely_whole,
        "rewritten_unseen": proof.unfollowed,
        "deaths": life.deaths,
        "dead_letters": len(life.queue.dead),
        "prompt_calls": len(proof.waits),
        "late_calls": proof.late,
        "wait_minutes": {
            "median": proof.wait(0.5) / MINUTE,
            "p99": proof.wait(0.99) / MINUTE,
            "max": proof.wait(1.0) / MINUTE,
        },
    }


def _lines(row: Row) -> Iterator[str]:
    told = _json(row)
    wait, states = told["wait_minutes"], row.proof.states
    yield f"{row.name}: {told['days']:g} days, seed {told['seed']}"
    yield f"  recordings seen, to be saved    {told['recordings']:11,} {told['to_be_saved']:9,}"
    yield f"  lost, states untrue             {len(told['lost']):11,} {len(told['untrue']):9,}"
    yield f"  archived, absent                {states['ARCHIVED']:11,} {states['ABSENT']:9,}"
    yield (
        f"  deleted by age, by number       {told['deleted_by_age']:11,}"
        f" {told['deleted_by_number']:9,}"
    )
    yield (
        f"  listing: requests, of the quota {told['listing_requests']:11,}"
        f" {told['listing_share']:9.2%}"
    )
    yield f"  answers 429, unanswered         {told['answers_429']:11,} {told['unanswered']:9,}"
    yield f"  invocations killed, given up    {told['deaths']:11,} {states['FAILED']:9,}"
    yield (
        f"  reconciliations, found missing  {told['reconciliations']:11,}"
        f" {told['found_missing']:9,}"
    )
    yield (
        f"  reports: nothing missing, false {told['reports_of_nothing_missing']:11,}"
        f" {len(told['reports_false']):9,}"
    )
    yield (
        f"  minutes to the vault, prompt calls: median {wait['median']:.1f},"
        f" p99 {wait['p99']:.1f}, max {wait['max']:.1f}"
    )
    yield f"  prompt calls, and later ones    {told['prompt_calls']:11,} {told['late_calls']:9,}"
    yield ""
