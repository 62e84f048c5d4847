"""Reconciliation in memory: what it finds, how it is put right, and death at any step."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringvault.core.catalogue.item import State
from ringvault.core.errors import ConflictError, CredentialsError, InvalidRequestError
from ringvault.core.listing.windows import Kind, ListingProgress, Window
from ringvault.core.reconciliation.chain import verify_chain
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Period
from ringvault.core.vault.checksum import StoredSize
from ringvault.core.vault.layout import sidecar_key
from tests.support.call_log_records import recording
from tests.support.damaged_archive import (
    TIMES,
    Damage,
    alter_object,
    delete_item,
    delete_object,
    delete_sidecar,
    key_of,
    never_list,
    report_of,
    whole,
)
from tests.support.fakes import START
from tests.support.vault_in_memory import DAY, DiedError, Outside, call, recording_in

DAMAGES: dict[str, Damage] = {
    "never_listed": never_list,
    "object_deleted": delete_object,
    "object_altered": alter_object,
    "catalogue_item_deleted": delete_item,
    "sidecar_missing": delete_sidecar,
}


def damaged(**changes: Any) -> Outside:
    """Return an account where each damage was done to one recording."""
    outside = whole(**changes)
    for number, damage in enumerate(DAMAGES.values(), start=2):
        damage(outside, str(number))
    rewritten = {**outside.calls[7], "duration": 999}
    outside.calls[7] = rewritten
    return outside


DAMAGED = {str(number): [cause] for number, cause in enumerate(DAMAGES, start=2)} | {"8": []}


def causes_in(report: dict[str, Any]) -> dict[str, list[str]]:
    """Return the causes that a report names, by recording."""
    return {it["recording_id"]: it["causes"] for it in report["findings"]}


def essence(report: dict[str, Any]) -> dict[str, Any]:
    """Return what a report says of recordings."""
    return {name: report[name] for name in ("from", "to", "totals", "days", "findings")}


def test_a_whole_archive_is_all_archived() -> None:
    """Nothing is named, nothing is written but the report, every day has its line."""
    outside = whole()
    before = (dict(outside.items), dict(outside.sidecars))
    report = report_of(outside)

    assert report["findings"] == []
    assert report["totals"]["archived"] == sum(report["totals"].values()) == 10
    assert [day["day"] for day in report["days"]] == [f"2026-10-{it}" for it in range(27, 32)] + [
        "2026-11-01"
    ]
    assert (outside.items, outside.sidecars) == before


def test_a_sparse_account_costs_few_requests() -> None:
    """A stride over days grows while one request tells of them all."""
    outside = whole(per_page=250)
    report = report_of(outside)

    assert report["quota_requests"] == outside.requests == 3


@pytest.mark.parametrize("cause", DAMAGES)
def test_each_damage_has_its_cause(cause: str) -> None:
    """One damaged recording is one finding with one cause."""
    outside = whole()
    DAMAGES[cause](outside, "4")
    report = report_of(outside)

    assert causes_in(report) == {"4": [cause]}
    assert (report["totals"]["missing"], report["totals"]["archived"]) == (1, 9)


def test_what_can_be_put_right_is() -> None:
    """Each damage but alteration is gone when the archiver has done its part."""
    outside = damaged()
    before = {it: whole().items[it] for it in ("5", "6")}

    assert causes_in(report_of(outside)) == DAMAGED

    for recording_id in ("2", "3"):
        item = outside.items[recording_id]
        assert (item.state, item.archived) == (State.PENDING, None)
    assert {it: outside.items[it] for it in before} == before
    assert outside.items["8"].recording.duration_s == 999
    rewritten = outside.sidecars[sidecar_key(outside.items["8"].recording)]
    assert rewritten is not None
    assert rewritten.recording.call_record["duration"] == 999
    assert causes_in(report_of(outside, Period(START.date() - 5 * DAY, START.date()))) == {
        "4": ["object_altered"]
    }


def test_a_deleted_object_of_a_deleted_item_is_fetched_again() -> None:
    """The sidecar alone brings the item back; its audio has to be fetched."""
    outside = whole()
    delete_object(outside, "4")
    delete_item(outside, "4")
    outside.calls.clear()
    report = report_of(outside)

    assert causes_in(report) == {"4": ["catalogue_item_deleted", "object_deleted"]}
    assert (outside.items["4"].state, outside.items["4"].archived) == (State.PENDING, None)


def test_a_sidecar_of_another_recording_restores_nothing() -> None:
    """What was copied over is not believed: the sidecar is unreadable until a person looks."""
    outside = whole()
    delete_item(outside, "4")
    outside.calls.clear()
    key = sidecar_key(recording_in(whole().calls[3]))
    outside.sidecars[key] = outside.sidecars[sidecar_key(outside.items["5"].recording)]
    report = report_of(outside)

    (finding,) = report["findings"]
    assert (finding["recording_id"], finding["verdict"]) == ("4", "unreadable")
    assert finding["detail"] == f"{key}: it describes another recording"
    assert "4" not in outside.items


def test_an_object_that_is_nobodys_is_unexpected() -> None:
    """It is named by its key; one whose name may hold anything by its folder only."""
    outside = whole()
    folder = key_of(outside, "4").rpartition("/")[0]
    outside.audio[f"{folder}/99.mp3"] = StoredSize(1, "x")
    outside.audio[f"{folder}/Somebody Else.mp3"] = StoredSize(1, "x")
    outside.audio[f"{folder}/4.wav"] = StoredSize(1, "x")
    report = report_of(outside)

    told = {(it["recording_id"], it["detail"]) for it in report["findings"]}
    assert told == {("99", f"{folder}/99.mp3"), (None, f"{folder}/"), ("4", f"{folder}/4.wav")}
    assert report["totals"]["unexpected"] == 3
    assert report["totals"]["archived"] == 10


def test_states_are_told_apart() -> None:
    """Absent and failed are named with their reason; pending and queued are counted."""
    outside = whole()
    for recording_id, state in {
        "1": "PENDING",
        "2": "QUEUED",
        "3": "ABSENT",
        "4": "FAILED",
    }.items():
        delete_object(outside, recording_id)
        delete_sidecar(outside, recording_id)
        item = outside.items[recording_id]
        outside.items[recording_id] = replace(
            item, state=State(state), archived=None, reason="because", listed_at=START
        )
    outside.calls = [it for it in outside.calls if it["id"] != "call-3"]
    report = report_of(outside)

    told = {it["recording_id"]: (it["verdict"], it["detail"]) for it in report["findings"]}
    assert told == {"3": ("absent", "because"), "4": ("failed", "because")}
    counts = {it: report["totals"][it] for it in ("pending", "queued", "absent", "failed")}
    assert counts == {"pending": 1, "queued": 1, "absent": 1, "failed": 1}


@pytest.mark.parametrize(
    "listing",
    [
        ListingProgress(),
        ListingProgress(
            (Window(Kind.BACKFILL, START - 9 * DAY, START - DAY),), opened_to={"short": START}
        ),
    ],
    ids=["never run", "backfill open"],
)
def test_what_the_lister_has_still_to_read_is_not_missing(listing: ListingProgress) -> None:
    """What an open backfill has still to reach is no loss, and not on its way either."""
    outside = whole(listing=listing)
    never_list(outside, "4")
    report = report_of(outside)

    assert report["findings"] == []
    assert report["totals"]["backfilling"] == 1
    assert "4" not in outside.items


def test_what_is_younger_than_the_look_back_is_not_missing() -> None:
    """The wide look-back of three days still has to come to it, up to a day later."""
    outside = whole(wide_look_back=3 * DAY)
    outside.calls.append(call(99, START - timedelta(hours=97)))
    report = report_of(outside)

    assert (report["findings"], report["totals"]["pending"]) == ([], 1)


def test_a_new_leg_of_an_old_record_is_added() -> None:
    """RingCentral rewrites records: the recording that came with a leg is listed after all."""
    outside = whole()
    leg = {"startTime": outside.calls[3]["startTime"], "recording": recording("77")}
    outside.calls[3] = {**outside.calls[3], "legs": [leg]}
    report = report_of(outside)

    assert causes_in(report) == {"4": [], "77": ["never_listed"]}
    assert outside.items["77"].state is State.PENDING


def test_a_leg_of_the_next_day_is_looked_for_where_it_lies() -> None:
    """A recording lies in the folder of its own start, wherever its call began."""
    outside = whole()
    item = outside.archive(call(50, TIMES[1]))
    tomorrow = item.recording.started_at + timedelta(hours=20)
    outside.calls[-1] = call(
        50,
        TIMES[1],
        recording=None,
        legs=[{"startTime": tomorrow.isoformat(), "recording": recording("50")}],
    )
    del outside.items["50"]
    outside.audio.pop(item.archived.object_key if item.archived else "")
    outside.sidecars.pop(sidecar_key(item.recording))
    report = report_of(outside)

    assert causes_in(report) == {"50": ["never_listed"]}
    assert report["findings"][0]["day"] == tomorrow.date().isoformat()
    assert (report["totals"]["missing"], report["totals"]["pending"]) == (1, 0)


def test_an_object_that_came_back_is_left() -> None:
    """The bucket is looked at again right before a state goes back."""
    outside = whole()
    stored = outside.audio[key_of(outside, "1")]
    delete_object(outside, "1")
    key = key_of(outside, "1")
    # Of the first day's steps the first opens the run, the second reads the call log, and the
    # third keeps what was found.
    outside.at_step, outside.happens = 3, lambda: outside.audio.__setitem__(key, stored)
    while outside.step < 3:
        outside.invoke()

    assert outside.items["1"].state is State.ARCHIVED


@pytest.mark.parametrize("per_page", [1, 3, 100])
def test_a_small_share_of_the_quota_is_enough(per_page: int) -> None:
    """Days that do not fit into one invocation are cut until they do."""
    outside = damaged(permitted=1, per_page=per_page)
    report = report_of(outside)

    assert essence(report) == essence(report_of(damaged()))
    assert report["quota_requests"] == outside.requests


def test_a_throttled_invocation_says_until_when() -> None:
    """The next one goes on where it stopped."""
    outside = damaged(turns_left=2)
    result = outside.invoke()
    assert (result.throttled_until, result.report) == (START + DAY, None)
    outside.turns_left = 1000

    assert essence(report_of(outside)) == essence(report_of(damaged()))


def test_time_that_ends_while_objects_are_measured_halves_the_stride() -> None:
    """No span is so large that every invocation fails at it."""
    outside = damaged(latest=START)
    outside.invoke()
    outside.latest = START + DAY

    assert outside.progress.runs[0].stride < DAY
    assert essence(report_of(outside))["totals"]["missing"] == len(DAMAGES)


def test_a_refused_sign_in_is_the_invocations_problem() -> None:
    """It ends in order, and the run stays open."""
    outside = whole()

    def refuse(*_: Any, **__: Any) -> Any:
        raise CredentialsError("RingCentral refuses the sign-in")

    outside.first_page = refuse  # type: ignore[method-assign]

    assert isinstance(outside.invoke().problem, CredentialsError)
    assert len(outside.progress.runs) == 1


def test_the_daily_run_begins_once_a_day() -> None:
    """When it is through, nothing is due until tomorrow."""
    outside = whole()
    report_of(outside)
    assert outside.invoke().run is None
    outside.time.now += DAY

    assert outside.invoke().run is not None


def test_the_daily_run_reaches_beyond_what_ringcentral_keeps() -> None:
    """As far as the account's own retention says, and ten days more."""
    listing = ListingProgress(retention=Retention(period=3 * DAY))
    run = whole(daily_reach=None, listing=listing).invoke().run

    assert run is not None
    assert run.period == Period((START - 13 * DAY).date(), START.date())


def test_a_run_that_is_asked_for_goes_first_and_ends() -> None:
    """The daily one waits, and the schedule ends what was asked for and forgotten."""
    outside = whole(permitted=1, per_page=1)
    outside.invoke()
    asked = Period(TIMES[0].date(), TIMES[5].date())
    run = outside.invoke(asked).run
    assert run is not None
    assert run.period == asked
    report = report_of(outside)
    assert (report["from"], report["to"]) == ("2026-10-27", "2026-10-29")

    assert report_of(outside)["to"] == "2026-11-01"


def test_another_period_is_refused_while_one_is_asked_for() -> None:
    """The refusal names what is under way, and nothing is changed."""
    outside = whole(permitted=1, per_page=1)
    outside.invoke(Period(TIMES[0].date(), TIMES[5].date()))
    version = outside.version
    with pytest.raises(InvalidRequestError, match="2026-10-27 to 2026-10-29"):
        outside.invoke(Period(TIMES[0].date(), TIMES[0].date()))

    assert outside.version == version


def steps_of(outside: Outside) -> int:
    """Return how many steps a whole reconciliation takes."""
    report_of(outside)
    return outside.step


@pytest.mark.parametrize("step", range(1, steps_of(damaged()) + 1))
def test_dying_at_any_step_reports_the_same(step: int) -> None:
    """Killed at each step in turn, the next invocations find and put right the same."""
    unhurt = damaged()
    wanted = essence(report_of(unhurt))
    outside = damaged(at_step=step)
    with pytest.raises(DiedError):
        report_of(outside)

    assert essence(report_of(outside)) == wanted
    assert (outside.items, outside.sidecars) == (unhurt.items, unhurt.sidecars)
    assert verify_chain(outside.reports, head=outside.progress.chain_head) == ()
    assert len(outside.reports) == 2


@pytest.mark.parametrize("step", range(1, steps_of(damaged()) + 1))
def test_two_at_once_do_no_harm(step: int) -> None:
    """Whoever was overtaken stops; together they report the same."""
    unhurt = damaged()
    wanted = essence(report_of(unhurt))
    outside = damaged(at_step=step)
    outside.happens = outside.invoke
    try:
        result = outside.invoke()
    except ConflictError:
        pass
    else:
        assert result.problem is None or isinstance(result.problem, ConflictError)
    if not outside.reports:
        report_of(outside)

    assert essence(json.loads(outside.reports["reports/reconciliation/000001.json"])) == wanted
    assert (outside.items, outside.sidecars) == (unhurt.items, unhurt.sidecars)
    assert verify_chain(outside.reports, head=outside.progress.chain_head) == ()


# How long an example takes is the machine's affair.
@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), max_size=8),
    st.dictionaries(st.sampled_from([str(it) for it in range(1, 11)]), st.sampled_from([*DAMAGES])),
    st.integers(1, 5),
    st.sampled_from([1.0, 60.0, 1000.0]),
)
def test_dying_again_and_again_reports_exactly_the_damage(
    deaths: list[int], damage_of: dict[str, str], per_page: int, permitted: float
) -> None:
    """Whatever is damaged and however often it dies: those recordings, those causes, no others."""
    outside = whole(per_page=per_page, permitted=permitted)
    for recording_id, cause in damage_of.items():
        DAMAGES[cause](outside, recording_id)
    for dies_after in deaths:
        outside.at_step = outside.step + dies_after
        with suppress(DiedError):
            outside.invoke()
    outside.at_step = None
    if not outside.reports or outside.progress.runs:
        report_of(outside)
    (name,) = [name for name in outside.reports if name.endswith(".json")]
    report = json.loads(outside.reports[name])

    assert causes_in(report) == {it: [cause] for it, cause in damage_of.items()}
    assert report["totals"]["archived"] == 10 - len(damage_of)
    assert recording_in(outside.calls[0]).recording_id == "1"
