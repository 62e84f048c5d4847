"""What the account says of a recording whose content is not found."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from ringvault.core.archiving.absence import RETENTION_MARGIN, AccountEvidence
from ringvault.core.catalogue.recording import Recording, read_record
from ringvault.core.errors import ServiceUnavailableError, ThrottledError
from ringvault.core.quota.gate import Turn
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.spans import Span
from tests.support.call_log_records import record, recording
from tests.support.fakes import START

PERIOD = timedelta(days=90)


@dataclass
class CallLog:
    """Pages of a call log, and the turns that they cost."""

    pages: list[list[Any]]
    is_endless: bool = False
    turns: int = 0
    spans: list[Span] = field(default_factory=list)

    def first_page(self, span: Span, turn: Turn) -> CallLogPage:
        """Return the first page."""
        self.spans.append(span)
        return self._page(0)

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        """Return the page of that number."""
        return self._page(int(uri))

    def _page(self, number: int) -> CallLogPage:
        more = self.is_endless or number + 1 < len(self.pages)
        at = number % len(self.pages)
        return CallLogPage(self.pages[at], str(number + 1) if more else None)

    def reserve(self, *, latest: Any) -> Turn:
        """Count the turn."""
        self.turns += 1
        if self.turns > 20:
            raise ThrottledError("later", retry_at=latest)
        return Turn("1", at=START, latest=latest, closings=0)

    def requests_in(self, period: timedelta) -> float:
        """Return what is permitted."""
        return 10.0


def looked_for() -> Recording:
    """Return the recording that is looked for."""
    return read_record(record()).recordings[0]


def is_offered(call_log: CallLog) -> bool:
    """Return what the account says of it."""
    return AccountEvidence(call_log, call_log, lambda: PERIOD).is_offered(
        looked_for(), latest=START
    )


OTHER = record(id="other", recording=recording("77"))


@pytest.mark.parametrize(
    "pages", [[[record()]], [[OTHER], [record()]], [[], [OTHER, record()]]], ids=["1", "2", "empty"]
)
def test_a_recording_that_any_page_names_is_offered(pages: list[list[Any]]) -> None:
    """An empty page with a next one is not the end; each page costs its own turn."""
    call_log = CallLog(pages)

    assert is_offered(call_log)
    assert call_log.turns == len(pages)
    [span] = call_log.spans
    assert span.from_at < looked_for().started_at < span.to_at


@pytest.mark.parametrize("pages", [[[]], [[OTHER]], [[OTHER], []]], ids=["none", "other", "two"])
def test_what_no_page_names_is_not_offered(pages: list[list[Any]]) -> None:
    """The call log has been read to its end."""
    assert not is_offered(CallLog(pages))


@pytest.mark.parametrize(
    "damaged",
    [
        record(recording={**recording("1662272004"), "contentUri": 7}),
        record(recording={**recording("77"), "id": []}),
    ],
    ids=["no content", "no id"],
)
def test_a_recording_that_can_not_be_read_may_be_the_one(damaged: Any) -> None:
    """What nobody can read is no evidence that it is gone."""
    assert is_offered(CallLog([[damaged]]))


def test_a_call_log_without_an_end_says_nothing() -> None:
    """Pages that lead in a circle are given up."""
    with pytest.raises(ServiceUnavailableError, match="more than 10 pages"):
        is_offered(CallLog([[OTHER]], is_endless=True))


def test_a_recording_has_expired_behind_the_longest_retention() -> None:
    """With a day more: RingCentral counts from the recording."""
    evidence = AccountEvidence(CallLog([]), CallLog([]), lambda: PERIOD)
    last = looked_for().started_at + PERIOD + RETENTION_MARGIN

    assert not evidence.has_expired(looked_for(), now=last)
    assert evidence.has_expired(looked_for(), now=last + timedelta(seconds=1))
