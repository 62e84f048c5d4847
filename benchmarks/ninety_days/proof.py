"""Compares the account's own books with catalogue and vault: what was saved, and what should be."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.ninety_days.account import Entry
from benchmarks.ninety_days.life import Life
from benchmarks.ninety_days.traffic import HOUR, MINUTE
from benchmarks.quota.virtual_time import START
from ringvault.core.archiving.absence import MIN_NOT_FOUND
from ringvault.core.archiving.retry_policy import MIN_REFUSALS
from ringvault.core.catalogue.item import CatalogueItem, State

# A call is prompt if the call log shows its recording within this of the call's start: four
# hours of talking and the usual lag. The look-backs of hour and day find the rest.
PROMPT = 5 * HOUR - 10 * MINUTE
# What a page says if nothing is missing, and if RingCentral no longer had all.
WHOLE = (b"Nothing is missing", b"Nothing that RingCentral still has is missing")


@dataclass(frozen=True, slots=True)
class Proof:
    """The results; `owed` could have been saved, `lost` and `untrue` are ids.

    Lost means owed and not archived. Untrue is a state that the books contradict: archived
    and never served, absent while RingCentral had it, given up and not refused, or after more
    answers than were given. `deleted` are RingCentral's
    deletions by age and by number. `waits` are those of prompt calls from the call log to the
    vault, in order; `late` counts the other calls. `unfollowed` are archived recordings whose
    record was rewritten `savable_after` ago, while catalogue or sidecar have the old one.
    `whole` counts the reports that said that nothing was missing; `falsely_whole` are the numbers
    of those that did while a recording of their days could have been saved by then and was not,
    or is refused.
    """

    recordings: int
    owed: int
    lost: Sequence[str]
    untrue: Sequence[str]
    deleted: tuple[int, int]
    states: Counter[str]
    waits: Sequence[timedelta]
    late: int
    unfollowed: Sequence[str]
    whole: int
    falsely_whole: Sequence[int]

    def wait(self, share: float) -> timedelta:
        """Return the wait that this share of all calls does not exceed; 1.0 is the longest."""
        if not self.waits:
            return timedelta(0)
        return self.waits[min(len(self.waits) - 1, int(len(self.waits) * share))]


def prove(life: Life) -> Proof:
    """Return the proof of a finished run."""
    entries = [it for it in life.account.entries.values() if it.visible_at < life.plan.end_at]
    pairs = [(it, life.catalogue.items.get(it.recording_id)) for it in entries]
    owed = {it.recording_id for it in entries if _could_be_saved(it, life)}
    saved = {it.recording_id for it, item in pairs if item and _is_saved(it, item, life)}
    gone = [it for it in entries if it.deleted_at <= life.plan.end_at]
    periods = {life.plan.retention.period, life.plan.retention.shortest_period}
    by_age = sum(it.deleted_at - it.started_at in periods for it in gone)
    archived = [it for it in entries if it.recording_id in saved and it.visible_at >= START]
    whole = list(_reports_of_nothing_missing(life))
    return Proof(
        recordings=len(entries),
        owed=len(owed),
        lost=sorted(owed - saved),
        untrue=[
            it.recording_id
            for it, item in pairs
            if item and not _is_true(it, item, is_saved=it.recording_id in saved)
        ],
        deleted=(by_age, len(gone) - by_age),
        states=Counter(item.state.value if item else "never listed" for _, item in pairs),
        waits=sorted(_waits(archived, life)),
        late=sum(not _is_prompt(it) for it in archived),
        unfollowed=[it.recording_id for it in archived if not _is_followed(it, life)],
        whole=len(whole),
        falsely_whole=[
            report["number"]
            for report in whole
            if any(_was_missing(it, report, life) for it in entries)
        ],
    )


def _reports_of_nothing_missing(life: Life) -> Iterator[Mapping[str, Any]]:
    """Yield the documents of the reports whose page says so."""
    reports = life.vault.reports
    for key in reports:
        page = reports.get(f"{key.removesuffix('.json')}.html")
        if key.endswith(".json") and page and any(said in page for said in WHOLE):
            yield json.loads(reports[key])


def _was_missing(entry: Entry, report: Mapping[str, Any], life: Life) -> bool:
    """Whether a recording of the report's days should have been archived and was not."""
    if not report["from"] <= entry.started_at.date().isoformat() <= report["to"]:
        return False
    at = datetime.fromisoformat(report["finished_at"])
    due_at = max(entry.ready_at, START) + life.plan.savable_after
    item = life.catalogue.items.get(entry.recording_id)
    archived_at = item.archived.archived_at if item and item.archived else None
    is_there = archived_at is not None and archived_at <= at
    return due_at <= at < entry.deleted_at and not is_there


def _could_be_saved(entry: Entry, life: Life) -> bool:
    if entry.is_forbidden:
        return False
    had_from, had_until = max(entry.ready_at, START), min(entry.deleted_at, life.plan.end_at)
    return had_until - had_from >= life.plan.savable_after


def _is_saved(entry: Entry, item: CatalogueItem, life: Life) -> bool:
    was_served = entry.first_served_at is not None
    return item.state is State.ARCHIVED and was_served and life.vault.holds(item)


def _is_true(entry: Entry, item: CatalogueItem, *, is_saved: bool) -> bool:
    if item.state is State.ARCHIVED:
        return is_saved
    if item.state is State.ABSENT:
        was_gone = entry.last_not_found_at and entry.last_not_found_at >= entry.deleted_at
        times = item.not_found.times if item.not_found else 0
        return bool(was_gone) and MIN_NOT_FOUND <= times <= entry.not_found
    if item.state is State.FAILED:
        times = item.refused.times if item.refused else 0
        return entry.is_forbidden and MIN_REFUSALS <= times <= entry.refused
    return True


def _is_followed(entry: Entry, life: Life) -> bool:
    if entry.rewritten_at is None or life.plan.reconciled is None:
        return True
    is_due = entry.rewritten_at <= life.plan.end_at - life.plan.savable_after
    return not is_due or "legs" in life.catalogue.items[entry.recording_id].recording.call_record


def _is_prompt(entry: Entry) -> bool:
    return entry.mislaid_until is None and entry.ready_at - entry.started_at <= PROMPT


def _waits(archived: Sequence[Entry], life: Life) -> Iterator[timedelta]:
    for entry in archived:
        found = life.catalogue.items[entry.recording_id].archived
        if found is not None and _is_prompt(entry):
            yield found.archived_at - entry.ready_at
