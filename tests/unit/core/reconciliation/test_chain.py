"""The chain of reports: whatever is changed, removed or added shows."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringvault.core.reconciliation.chain import verify_chain
from ringvault.core.reconciliation.finding import Cause, Finding, Verdict
from ringvault.core.reconciliation.report import report_of
from ringvault.core.reconciliation.run import ChainHead, Run
from ringvault.core.spans import Period
from tests.support.fakes import START

REPORTS = 5
NUMBERS = st.integers(1, REPORTS)


def finished(number: int) -> Run:
    """Return the run of a day, which found one recording missing."""
    on = date(2026, 10, number)
    finding = Finding(on, str(number), Verdict.MISSING, (Cause.OBJECT_DELETED,))
    run = Run.begun(Period(on, on), now=START, is_daily=True)
    run = run.head_done([finding], would_fit_twice=True)
    return replace(run, finished_at=START + timedelta(minutes=number))


def key(number: int, suffix: str = "json") -> str:
    """Return the object key of a report."""
    return f"reports/reconciliation/{number:06d}.{suffix}"


def chain(*, of: int = REPORTS) -> tuple[dict[str, bytes], ChainHead]:
    """Return so many reports, each after the one before, and the chain's end."""
    reports: dict[str, bytes] = {}
    head = ChainHead()
    for number in range(1, of + 1):
        report = report_of(finished(number), after=head)
        reports |= {report.document_key: report.document, report.page_key: report.page}
        head = report.as_chain_head
    return reports, head


def test_a_whole_chain_has_no_fault() -> None:
    """With and without the end as somebody else knows it; none at all is whole too."""
    reports, head = chain()

    assert head.number == REPORTS
    assert verify_chain(reports) == verify_chain(reports, head=head) == ()
    assert verify_chain({}) == verify_chain({}, head=ChainHead()) == ()


def test_the_same_run_gives_the_same_bytes() -> None:
    """Who is killed while writing writes the same again."""
    assert chain() == chain()


@given(NUMBERS, st.sampled_from(["json", "html"]), st.data())
def test_a_changed_report_shows(number: int, suffix: str, data: st.DataObject) -> None:
    """One flipped bit anywhere in a report or its page is a fault that names it."""
    reports, head = chain()
    content = bytearray(reports[key(number, suffix)])
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    reports[key(number, suffix)] = bytes(content)
    faults = verify_chain(reports, head=head)

    assert faults
    # A digest that was changed in a report blames what it is the digest of as well.
    near = {key(it, suffix) for it in (number - 1, number) for suffix in ("json", "html")}
    assert {fault.object_key for fault in faults} <= near


@given(NUMBERS, st.sampled_from(["json", "html"]))
def test_a_removed_report_shows(number: int, suffix: str) -> None:
    """The first, the last, or one between: it is named."""
    reports, head = chain()
    del reports[key(number, suffix)]

    assert key(number, suffix) in {it.object_key for it in verify_chain(reports, head=head)}


@given(st.sets(NUMBERS, min_size=1))
def test_removed_reports_show_with_their_pages(numbers: set[int]) -> None:
    """Any of them, all of them: each is named, and no other."""
    reports, head = chain()
    kept = {it: c for it, c in reports.items() if int(it[-11:-5]) not in numbers}
    faults = verify_chain(kept, head=head)

    assert {fault.object_key for fault in faults} == {key(number) for number in numbers}


def test_a_removed_end_shows_by_the_head_only() -> None:
    """Without the state table a shorter chain is a whole chain."""
    reports, head = chain()
    shorter, _ = chain(of=REPORTS - 1)

    assert verify_chain(shorter) == ()
    assert [it.object_key for it in verify_chain(shorter, head=head)] == [key(REPORTS)]
    assert reports.keys() > shorter.keys()


def test_an_added_report_shows() -> None:
    """Behind the end, even with the right digest; in between, where it takes another's number."""
    reports, head = chain()
    added = report_of(finished(9), after=head)
    faults = verify_chain({**reports, added.document_key: added.document}, head=head)
    assert {it.object_key for it in faults} == {added.document_key, added.page_key}

    inserted = dict(reports)
    for number in range(REPORTS, 2, -1):
        for suffix in ("json", "html"):
            inserted[key(number + 1, suffix)] = inserted.pop(key(number, suffix))
    second = report_of(finished(9), after=chain(of=2)[1])
    inserted |= {second.document_key: second.document, second.page_key: second.page}
    assert verify_chain(inserted)


@pytest.mark.parametrize("name", ["000001.json.bak", "1.json", "readme.txt", "x.html"])
def test_what_is_no_report_is_named(name: str) -> None:
    """Nobody else writes there."""
    reports, head = chain()
    stranger = f"reports/reconciliation/{name}"

    faults = verify_chain({**reports, stranger: b"?"}, head=head)
    assert stranger in {it.object_key for it in faults}


def test_a_page_is_whole_in_itself_and_escapes() -> None:
    """No script, nothing loaded; what comes from outside can't become markup."""
    run = finished(1)
    reason = "<script>alert(1)</script>"
    findings = (Finding(date(2026, 10, 1), "7", Verdict.FAILED, detail=reason),)
    page = report_of(replace(run, findings=findings), after=ChainHead()).page.decode()

    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "href=" not in page
