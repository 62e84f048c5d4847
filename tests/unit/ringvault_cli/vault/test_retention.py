"""The outlook on the screen and for a machine."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ringvault.core.lifecycle.forecast import Forecast, Share
from ringvault_cli.terminal.screen import Screen
from ringvault_cli.vault.retention import Outlook, as_json, show

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = NOW.date()
CALL = datetime(2025, 11, 20, 9, tzinfo=UTC)
DAYS = {
    TODAY: Share(1_204_000, 1_204_000_400_000, CALL - 90 * DAY, CALL, held=12),
    TODAY + 1 * DAY: Share(1, 480_044, CALL, CALL),
    TODAY + 9 * DAY: Share(held=3),
}
SHOWN = """\
stack ringvault, 2026-11-22 12:00 UTC
recordings expire 365 days after archiving
Expires by 2026-12-22
                      recordings           MB  calls                      held
  due by now           1,204,000  1,204,000.4  2025-08-22 to 2025-11-20     12
  2026-11-23                   1          0.5  2025-11-20 to 2025-11-20      0
  2026-12-01                   0          0.0                                3
  total                1,204,001  1,204,000.9  2025-08-22 to 2025-11-20     15
Past their time
  expiring            7: tagged; S3 deletes them in its next daily run
  expired             1,000: deleted
Warnings
  Object Lock lasts longer
"""


def outlook(days: dict[date, Share], *, look_ahead: int = 30, **changed: Any) -> Outlook:
    """Return an outlook of a stack whose recordings expire after a year."""
    told: dict[str, Any] = {
        "at": NOW,
        "deployed": 365 * DAY,
        "forecast": Forecast(NOW, 365 * DAY, TODAY + look_ahead * DAY, days),
        "expiring": 7,
        "expired": 1000,
        "cautions": ("Object Lock lasts longer",),
    }
    return Outlook(**told | changed)


def shown(found: Outlook, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a person sees."""
    show(found, called="stack ringvault", shown=Screen(as_json=False))
    return capsys.readouterr().out


def test_a_person_reads_it_at_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each day, all together below, then what is past its time."""
    text = shown(outlook(DAYS), capsys)

    assert text == SHOWN
    assert max(map(len, text.splitlines())) <= 80


def test_many_days_stand_by_month(capsys: pytest.CaptureFixture[str]) -> None:
    """A year fits a screen; what is due already stays apart."""
    text = shown(outlook(DAYS, look_ahead=366), capsys)

    names = [line.split("  ")[1] for line in text.splitlines() if line.startswith("  ")]
    assert names[1:5] == ["due by now", "2026-11", "2026-12", "total"]


def test_where_nothing_expires_it_says_how_to_try_a_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And that nothing deletes what is expiring still."""
    text = shown(outlook({}, deployed=0 * DAY, forecast=None), capsys)

    assert "Nothing expires: ExpireAfterDays is 0" in text
    assert "ringvault retention --expire-after 365" in text
    assert "7: no rule deletes them" in text


def test_a_value_that_is_tried_is_not_called_deployed(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is deployed instead."""
    assert "deployed is: never" in shown(outlook(DAYS, deployed=0 * DAY), capsys)
    assert "deployed is: 30 days" in shown(outlook(DAYS, deployed=30 * DAY), capsys)


def test_a_machine_reads_every_day(capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes are whole, days are dates, instants ISO 8601."""
    Screen(as_json=True).answer(as_json(outlook(DAYS, look_ahead=366)))

    told = json.loads(capsys.readouterr().out)
    assert [it["day"] for it in told["days"]] == ["2026-11-22", "2026-11-23", "2026-12-01"]
    assert told["days"][1] == {
        "day": "2026-11-23",
        "recordings": 1,
        "size_bytes": 480_044,
        "calls_from": "2025-11-20T09:00:00.000Z",
        "calls_to": "2025-11-20T09:00:00.000Z",
        "held": 0,
    }
    assert (told["expire_after_days"], told["deployed_days"]) == (365, 365)
    assert told["total"]["held"] == 15
