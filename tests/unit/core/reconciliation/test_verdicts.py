"""What a report may say: every number behind "Nothing is missing", and nothing more."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ringvault.core.catalogue.item import RepeatedAnswer, State
from ringvault.core.errors import ServiceUnavailableError
from ringvault.core.listing.windows import Kind, ListingProgress, Window
from ringvault.core.reconciliation.chain import verify_chain
from ringvault.core.reconciliation.finding import UNSETTLED, Cause, Finding, Judged, Verdict
from ringvault.core.reconciliation.repair import put_right
from ringvault.core.reconciliation.report import key_of, page_key_of, sha256_hex
from ringvault.core.reconciliation.report_page import page_of
from ringvault.core.vault.layout import sidecar_key
from tests.support.damaged_archive import (
    TIMES,
    delete_item,
    delete_object,
    delete_sidecar,
    never_list,
    report_of,
    whole,
)
from tests.support.fakes import START
from tests.support.vault_in_memory import DAY, Outside, call

WHOLE = "Nothing is missing: call log, catalogue and vault agree."


def unfinished(outside: Outside, recording_id: str, state: State, **changes: Any) -> None:
    """Have a recording that was listed just now and is not archived."""
    delete_object(outside, recording_id)
    delete_sidecar(outside, recording_id)
    item = replace(outside.items[recording_id], state=state, archived=None, listed_at=START)
    outside.items[recording_id] = replace(item, **changes)


def answered(times: int, *, over: timedelta) -> RepeatedAnswer:
    """Return an answer that came so many times."""
    return RepeatedAnswer(times, START - over, START)


def page_in(outside: Outside) -> str:
    """Return the newest page."""
    return outside.reports[max(key for key in outside.reports if key.endswith("html"))].decode()


def verdicts(report: dict[str, Any]) -> dict[str, int]:
    """Return the verdicts that were given, without archived."""
    given = {it.value: report["totals"][it.value] for it in Verdict if it != Verdict.ARCHIVED}
    return {name: count for name, count in given.items() if count}


UNFINISHED: dict[str, tuple[State, dict[str, Any]]] = {
    "not_served": (State.PENDING, {"not_found": answered(1, over=timedelta())}),
    "refused": (State.QUEUED, {"refused": answered(1, over=timedelta())}),
    "failed": (State.FAILED, {"reason": "because"}),
    "overdue": (State.PENDING, {"listed_at": START - 3 * DAY}),
}


@pytest.mark.parametrize("verdict", UNFINISHED)
def test_each_unfinished_recording_has_its_own_line(verdict: str) -> None:
    """It is counted and named by what keeps it from the vault, and forbids the sentence."""
    outside = whole()
    state, changes = UNFINISHED[verdict]
    unfinished(outside, "4", state, **changes)
    report = report_of(outside)

    assert verdicts(report) == {verdict: 1}
    assert [(it["recording_id"], it["verdict"]) for it in report["findings"]] == [("4", verdict)]
    assert "Nothing is missing" not in page_in(outside)


@pytest.mark.parametrize("verdict", UNSETTLED)
def test_every_unsettled_count_forbids_the_sentence(verdict: Verdict) -> None:
    """One of any kind is enough, and the page says of which kind."""
    outside = whole()
    report = report_of(outside)
    report["totals"][verdict] = 1
    for day in report["days"]:
        day[verdict] = 0

    assert "Nothing is missing" not in page_of(report)
    assert "It cannot be said that nothing is missing: 1 " in page_of(report)


def test_what_is_on_its_way_is_said_in_the_sentence() -> None:
    """Nothing is missing, and two are not there yet."""
    outside = whole()
    unfinished(outside, "4", State.PENDING)
    unfinished(outside, "5", State.QUEUED)
    report_of(outside)

    assert "Nothing is missing: call log, catalogue and vault agree, and 2 recordings are on" in (
        page_in(outside)
    )


def test_what_is_absent_is_not_called_complete() -> None:
    """The vault never had it: the sentence is of what RingCentral still has."""
    outside = whole()
    unfinished(outside, "4", State.ABSENT, reason="404 three times")
    outside.calls = [it for it in outside.calls if it["id"] != "call-4"]
    report = report_of(outside)

    assert verdicts(report) == {"absent": 1}
    assert "Nothing is missing" not in page_in(outside)
    assert "Nothing that RingCentral still has is missing" in page_in(outside)


def test_a_whole_archive_is_called_so() -> None:
    """The sentence is said where it is true."""
    outside = whole()
    report_of(outside)

    assert WHOLE in page_in(outside)


@pytest.mark.parametrize(
    ("state", "seen", "is_urgent"),
    [
        (State.PENDING, answered(1, over=timedelta()), False),
        (State.PENDING, answered(5, over=timedelta(hours=23)), False),
        (State.PENDING, answered(2, over=timedelta(hours=30)), False),
        (State.PENDING, answered(3, over=timedelta(hours=24)), True),
        (State.ABSENT, None, True),
    ],
)
def test_one_late_file_is_not_urgent(
    state: State, seen: RepeatedAnswer | None, *, is_urgent: bool
) -> None:
    """Three 404s over a day are, as is one that was given up while the call log offers it."""
    outside = whole()
    unfinished(outside, "4", state, not_found=seen)
    report = report_of(outside)

    assert verdicts(report) == {"not_served": 1}
    assert report["totals"]["repeatedly_not_served"] == int(is_urgent)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"listed_at": START - 3 * DAY, "retry_at": START + DAY}, "pending"),
        ({"listed_at": START - 3 * DAY, "retry_at": START - DAY}, "pending"),
        ({"listed_at": START - 2 * DAY}, "pending"),
        ({"listed_at": START - 6 * DAY, "retry_at": START + DAY, "deferrals": 9}, "pending"),
        ({"listed_at": START - 7 * DAY, "retry_at": START + DAY, "deferrals": 9}, "overdue"),
    ],
)
def test_a_wait_without_a_plan_is_overdue(changes: dict[str, Any], verdict: str) -> None:
    """A retry that is to come explains a wait, deferring again and again for a week only."""
    outside = whole()
    unfinished(outside, "4", State.PENDING, **changes)

    assert verdicts(report_of(outside)) == {verdict: 1}


def test_a_record_that_can_not_be_read_is_named_by_its_ids() -> None:
    """Each of three is counted, one without any id too; the sound part of a record is listed."""
    outside = whole()
    broken = {"id": "99"}
    outside.calls.append(call(77, TIMES[1], recording=broken, legs=[{"recording": {"id": "98"}}]))
    outside.calls += [{"startTime": "2026-10-27T01:00:00.000Z", "recording": {"id": "no id"}}] * 2
    report = report_of(outside)

    assert verdicts(report) == {"unreadable": 4}
    told = [it["detail"] for it in report["findings"]]
    assert "call-log record call-77: recording 99 has no contentUri" in told
    assert len(set(told)) == 4
    assert report["totals"]["archived"] == 10


def test_a_damaged_item_costs_its_own_verdict_only() -> None:
    """It is neither called missing nor added again, and its audio is not a stranger."""
    outside = whole()
    outside.damaged.add("4")
    before = dict(outside.items)
    report = report_of(outside)

    assert verdicts(report) == {"unreadable": 1}
    assert report["findings"][0]["recording_id"] == "4"
    assert report["totals"]["archived"] == 9
    assert outside.items == before


def test_a_damaged_sidecar_of_a_lost_item_is_unreadable() -> None:
    """Where RingCentral lists it no more; the audio is left for a person."""
    outside = whole()
    key = sidecar_key(outside.items["4"].recording)
    delete_item(outside, "4")
    outside.calls = [it for it in outside.calls if it["id"] != "call-4"]
    outside.damaged.add(key)
    report = report_of(outside)

    assert verdicts(report) == {"unreadable": 1}
    assert report["findings"][0]["detail"] == f"{key}: a sidecar is not JSON"


def test_an_archived_item_without_its_object_is_unreadable() -> None:
    """It is never taken for agreement."""
    outside = whole()
    outside.items["4"] = replace(outside.items["4"], archived=None)
    delete_sidecar(outside, "4")

    assert verdicts(report_of(outside))["unreadable"] == 1


def test_a_defect_at_one_recording_is_named_by_its_place() -> None:
    """The others have their verdict, and no text of the exception is repeated."""
    outside = whole()
    unfinished(outside, "4", State.PENDING, listed_at=None)
    report = report_of(outside)

    assert (report["totals"]["archived"], verdicts(report)) == (9, {"unreadable": 1})
    detail = report["findings"][0]["detail"]
    assert detail.startswith(
        "recording 4: a defect of ringvault, TypeError at core/reconciliation/judge.py:"
    )


def test_what_can_not_be_put_right_stops_nothing() -> None:
    """The refused write is named, the other damage is repaired, the report is written."""
    outside = whole()
    never_list(outside, "4")
    delete_object(outside, "6")
    add_indexed = outside.add_indexed

    def refuse(recordings: Any, *, listed_at: Any) -> int:
        if recordings[0].recording_id == "4":
            raise ServiceUnavailableError("change the catalogue: ValidationException")
        return add_indexed(recordings, listed_at=listed_at)

    outside.add_indexed = refuse  # type: ignore[method-assign]
    report = report_of(outside)

    assert verdicts(report) == {"missing": 2, "unreadable": 1}
    detail = "recording 4 could not be put right: change the catalogue: ValidationException"
    assert detail in [it["detail"] for it in report["findings"]]
    assert outside.items["6"].state is State.PENDING


def test_a_record_that_moved_over_midnight_is_followed_by_its_id() -> None:
    """Once in a run; account and start stay, since the vault's place depends on them."""
    outside = whole()
    item = outside.items["4"]
    moved = TIMES[3] + timedelta(days=1)
    outside.calls[3] = call(4, moved, duration=999)
    report = report_of(outside)

    assert (report["totals"]["rewritten"], verdicts(report)) == (1, {})
    assert report["totals"]["archived"] == 10
    after = outside.items["4"].recording
    assert (after.duration_s, after.started_at) == (999, item.recording.started_at)
    assert outside.sidecars[sidecar_key(after)] == replace(item, recording=after)
    outside.time.now += DAY
    outside.latest += DAY
    assert report_of(outside)["totals"]["rewritten"] == 0


def backfilling(from_at: Any, to_at: Any) -> ListingProgress:
    """Return a lister that has a backfill open."""
    return ListingProgress((Window(Kind.BACKFILL, from_at, to_at),), opened_to={"short": START})


def test_a_backfill_excuses_only_what_it_has_still_to_reach() -> None:
    """What lies behind it should have been listed by it."""
    outside = whole(listing=backfilling(TIMES[5], START - DAY))
    never_list(outside, "4")
    never_list(outside, "9")

    assert verdicts(report_of(outside)) == {"missing": 1, "backfilling": 1}


def test_a_backfill_excuses_for_a_week() -> None:
    """From the day on that reconciliation first saw it open."""
    outside = whole(listing=backfilling(TIMES[0], START - DAY), daily_reach=20 * DAY)
    never_list(outside, "4")
    assert verdicts(report_of(outside)) == {"backfilling": 1}
    outside.latest += 9 * DAY
    outside.time.now += 6 * DAY
    assert verdicts(report_of(outside)) == {"backfilling": 1}
    outside.time.now += DAY
    assert verdicts(report_of(outside)) == {"missing": 1}


@pytest.mark.parametrize("state", [State.ABSENT, State.ERASED, State.EXPIRED])
def test_a_sidecar_that_should_not_be_there_is_unexpected(state: State) -> None:
    """It has names and numbers of a recording that is not in the vault."""
    outside = whole()
    item = outside.items["4"]
    delete_object(outside, "4")
    outside.items["4"] = replace(item, state=state, archived=None)
    outside.calls = [it for it in outside.calls if it["id"] != "call-4"]
    report = report_of(outside)

    assert report["totals"]["unexpected"] == 1
    assert sidecar_key(item.recording) in [it["detail"] for it in report["findings"]]


@pytest.mark.parametrize("cause", [Cause.SIDECAR_MISSING, None])
@pytest.mark.parametrize("step", [1, 2])
def test_an_erasure_in_between_leaves_no_sidecar(cause: Cause | None, step: int) -> None:
    """Before the sidecar is opened or before it is replaced: no name and no number is written."""
    outside = whole()
    item = outside.items["4"]
    key = sidecar_key(item.recording)

    def erase() -> None:
        outside.items["4"] = replace(item, state=State.ERASED, archived=None)
        outside.audio.pop(item.archived.object_key if item.archived else "")
        outside.sidecars.pop(key, None)

    if cause is not None:
        delete_sidecar(outside, "4")
    outside.at_step, outside.happens = outside.step + step, erase
    newer = replace(item.recording, call_record={**item.recording.call_record, "duration": 9})
    causes = () if cause is None else (cause,)
    finding = Finding(TIMES[3].date(), "4", Verdict.MISSING, causes, is_rewritten=cause is None)
    put_right(Judged(finding, item, newer), catalogue=outside, vault=outside, now=START)

    assert outside.sidecars.get(key) is None


def test_a_sidecar_that_was_only_opened_is_missing() -> None:
    """Whoever died before writing it left an empty object: the next run writes it."""
    outside = whole()
    key = sidecar_key(outside.items["4"].recording)
    outside.sidecars[key] = None
    report = report_of(outside)

    assert report["findings"][0]["causes"] == ["sidecar_missing"]
    assert outside.sidecars[key] == outside.items["4"]


def forged(outside: Outside, number: int) -> dict[str, bytes]:
    """Return a report that follows the newest and was written by no one of the stack."""
    newest = outside.reports[key_of(number - 1)]
    page = b"<p>Nothing was ever missing</p>"
    told = {
        **json.loads(newest),
        "number": number,
        "previous_number": number - 1,
        "previous_sha256_hex": sha256_hex(newest),
        "page_sha256_hex": sha256_hex(page),
    }
    return {key_of(number): json.dumps(told).encode(), page_key_of(number): page}


def test_a_report_that_the_state_does_not_know_never_joins_the_chain() -> None:
    """The next one passes its number over, names it, and the chain goes on to show it."""
    outside = whole()
    report_of(outside)
    outside.reports |= forged(outside, 2)
    outside.time.now += DAY
    outside.latest += DAY
    report = report_of(outside)

    assert (report["number"], report["previous_number"]) == (3, 1)
    assert [it["detail"] for it in report["findings"]] == [key_of(2)]
    assert verdicts(report) == {"unexpected": 1}
    head = outside.progress.chain_head
    assert [it.object_key for it in verify_chain(outside.reports, head=head)] == [key_of(2)]
    del outside.reports[key_of(2)], outside.reports[page_key_of(2)]
    assert verify_chain(outside.reports, head=head) == ()


def test_a_lost_state_takes_the_buckets_last_and_says_so() -> None:
    """Only then, and the report has it for ever."""
    outside = whole()
    assert report_of(outside)["is_chain_from_bucket"] is False
    outside.progress = replace(outside.progress, chain_head=None, last_daily_on=None)
    report = report_of(outside)

    assert (report["previous_number"], report["is_chain_from_bucket"]) == (1, True)
    assert "the state table had lost it" in page_in(outside)
    assert verify_chain(outside.reports, head=outside.progress.chain_head) == ()


def test_an_empty_page_is_not_the_end() -> None:
    """What follows it is read."""
    outside = whole(per_page=3)
    first_page = outside.first_page

    def empty_first(span: Any, turn: Any) -> Any:
        page = first_page(span, turn)
        outside._rest = [*page.records, *outside._rest]
        page.records, page.next_uri = [], "the first"
        return page

    outside.first_page = empty_first  # type: ignore[method-assign]

    assert report_of(outside)["totals"]["archived"] == 10


def test_pages_that_lead_to_each_other_end_with_an_error() -> None:
    """They cost a few requests of each invocation, not all."""
    outside = whole()

    def turning(*_: Any) -> Any:
        page = type("Page", (), {"records": outside.calls[:1], "next_uri": "same"})
        outside.requests += 1
        return page

    replaced: Any = outside
    replaced.first_page = replaced.next_page = turning
    result = outside.invoke()

    assert "call log" in str(result.problem)
    assert outside.requests == 2
