"""The account: the same for the same seed, and fit for a demonstration."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.ringcentral.account.account import Account, make_account
from local.ringcentral.account.options import Options

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _facts(account: Account) -> list[object]:
    return [
        (
            replace(call, recording=None, legs=()),
            [(r.id, r.audio.size_bytes) for r in call.recordings()],
        )
        for call in account.calls
    ]


def test_same_seed_same_account() -> None:
    """Two accounts of one seed are equal, another seed gives another."""
    one = make_account(Options(), now=NOW)
    assert _facts(one) == _facts(make_account(Options(), now=NOW))
    assert not set(one.recordings) & set(make_account(Options(seed=2), now=NOW).recordings)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 12, 200, 1_001])
def test_number_of_recordings(count: int) -> None:
    """As many recordings as asked for, each id once, each reachable from a call."""
    account = make_account(Options(recordings=count), now=NOW)
    assert len(account.recordings) == count
    assert set(account.call_of) == set(account.recordings)


@pytest.mark.parametrize("days", [1, 90])
def test_calls_lie_within_the_days(days: int) -> None:
    """The newest call ended an hour ago; the oldest is well within the days."""
    calls = make_account(Options(days=days, add_wav_bytes=(1_000_000,)), now=NOW).calls
    assert max(call.ended_at for call in calls) == NOW - timedelta(hours=1)
    assert min(call.started_at for call in calls) > NOW - timedelta(days=days) + timedelta(hours=1)


def test_default_is_comfortable() -> None:
    """200 recordings: half WAV, half MP3, 30 s to hours, 150 MB at most."""
    files = list(make_account(Options(), now=NOW).recordings.values())
    assert Counter(file.audio.content_type for file in files) == {
        "audio/wav": 100,
        "audio/mpeg": 100,
    }
    durations_s = sorted(file.audio.duration_s for file in files)
    assert durations_s[0] >= 30
    assert durations_s[-5] <= 300
    assert durations_s[-4] >= 3_600
    assert sum(file.audio.size_bytes for file in files) <= 150_000_000
    assert {file.type for file in files} == {"Automatic", "OnDemand"}


def test_numbers_are_fictional() -> None:
    """Every phone number is in an area code that nobody has."""
    calls = make_account(Options(), now=NOW).calls
    numbers = [call.outside_number for call in calls if call.outside_number]
    assert all(number.startswith("+1555") and len(number) == 12 for number in numbers)
    assert len(numbers) < len(calls)
