"""What period a reconciliation is asked for."""

import json
from datetime import date
from typing import Any

import pytest

from local.places import ROOT
from ringvault.core.errors import InvalidRequestError
from ringvault.core.reconciliation.run import period_of
from ringvault.core.spans import Period

TODAY = date(2026, 11, 22)
EVENTS = ROOT / "events"


def test_the_sample_event_is_a_period() -> None:
    """Both days belong to it."""
    event = json.loads((EVENTS / "reconcile_archive.json").read_text(encoding="utf-8"))

    assert period_of(event, today=TODAY) == Period(date(2026, 10, 1), date(2026, 10, 31))


def test_the_schedule_asks_for_no_period() -> None:
    """Neither nothing nor the scheduler's envelope is a request."""
    schedule = json.loads((EVENTS / "list_recordings.json").read_text(encoding="utf-8"))

    assert period_of({}, today=TODAY) is None
    assert period_of(schedule, today=TODAY) is None


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ([], "an event is an object"),
        ({"from": "2026-10-01"}, "must have from and to and nothing else"),
        ({"from": "2026-10-01", "to": "2026-10-02", "dry": True}, "nothing else"),
        ({"from": "2026-10-01", "to": "tomorrow"}, "to is not a UTC day"),
        ({"from": "2026-02-30", "to": "2026-10-02"}, "from is not a UTC day"),
        ({"from": "20261001", "to": "2026-10-02"}, "from is not a UTC day"),
        ({"from": 1, "to": "2026-10-02"}, "from is not a UTC day"),
        ({"from": "2026-10-02", "to": "2026-10-01"}, "from 2026-10-02 is later than to 2026-10-01"),
        ({"from": "2026-10-02", "to": "2026-11-23"}, "is in the future"),
    ],
)
def test_anything_else_is_refused(event: Any, told: str) -> None:
    """The refusal says what is wrong and shows what is right."""
    with pytest.raises(InvalidRequestError, match=told):
        period_of(event, today=TODAY)
