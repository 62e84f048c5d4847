"""What each finding of the doctor is."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ringvault.core.errors import (
    AccessDeniedError,
    ConfigurationError,
    CredentialsError,
    RecordingRefusedError,
    RingvaultError,
    ServiceUnavailableError,
    ThrottledError,
)
from ringvault.core.operations.doctor import (
    Check,
    Level,
    alarm_finding,
    clock_finding,
    examined,
    media_host_finding,
    number_index_finding,
    reconciliation_finding,
)
from ringvault.core.reconciliation.run import ReconciliationProgress

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (CredentialsError("refused"), Level.FAIL),
        (RecordingRefusedError("refused", hint="refused: give the role"), Level.FAIL),
        (ConfigurationError(["look at the bucket: NoSuchBucket"]), Level.FAIL),
        (AccessDeniedError(["look at the bucket: AccessDenied"]), Level.WARN),
        (ServiceUnavailableError("no answer"), Level.WARN),
        (ThrottledError("too late", retry_at=NOW), Level.WARN),
    ],
)
def test_what_cannot_be_checked_is_never_ok(error: RingvaultError, level: Level) -> None:
    """It says why, and what to do."""

    def check() -> Check:
        raise error

    found = examined("it", check)

    assert (found.level, str(error) in found.message) == (level, True)
    assert found.remedy


@pytest.mark.parametrize(
    ("skew_s", "level"),
    [(0, Level.OK), (-29, Level.OK), (30, Level.WARN), (-299, Level.WARN), (300, Level.FAIL)],
)
def test_a_clock_may_be_seconds_off(skew_s: int, level: Level) -> None:
    """Half a minute matters, five minutes fail, in either direction."""
    theirs = NOW + timedelta(seconds=skew_s)

    assert clock_finding("clock", theirs=theirs, ours=NOW).level is level


def test_a_foreign_media_host_fails_with_the_value_to_set() -> None:
    """A parameter that was forgotten keeps every recording waiting."""
    found = media_host_finding("media host", foreign={"https://media.ringcentral.biz"}, seen=3)

    assert found.level is Level.FAIL
    assert found.remedy.endswith("RingCentralMediaUrl=https://media.ringcentral.biz")
    assert media_host_finding("media host", foreign=set(), seen=3).level is Level.OK
    assert media_host_finding("media host", foreign=set(), seen=0).level is Level.WARN


def test_old_keys_in_the_number_index_are_told() -> None:
    """They can wait, and the command that replaces them is named."""
    finding = number_index_finding(is_current=False)

    assert (finding.level, finding.remedy) == (Level.WARN, "run ringvault rebuild-index")
    assert number_index_finding(is_current=True).level is Level.OK


def test_an_unknown_clock_is_not_ok() -> None:
    """Where no answer told the time, nothing was checked."""
    assert clock_finding("clock", theirs=None, ours=NOW).level is Level.WARN


@pytest.mark.parametrize(
    ("began_on", "missing", "level"),
    [
        (None, 0, Level.WARN),
        (date(2026, 11, 21), 0, Level.OK),
        (date(2026, 11, 21), 1, Level.FAIL),
        (date(2026, 11, 19), 0, Level.FAIL),
    ],
)
def test_reconciliation_has_to_run_and_to_miss_nothing(
    began_on: date | None, missing: int, level: Level
) -> None:
    """None for two days fails, as does whatever is missing."""
    progress = ReconciliationProgress(last_daily_on=began_on)
    report = ("reports/1.json", {"totals": {"missing": missing}})

    assert reconciliation_finding(progress, report, now=NOW).level is level


def test_a_subscription_counts_when_it_is_confirmed() -> None:
    """An address that never confirmed hears nothing."""
    assert alarm_finding(confirmed=1, pending=0).level is Level.OK
    assert alarm_finding(confirmed=0, pending=1).level is Level.WARN
    assert alarm_finding(confirmed=0, pending=0).level is Level.WARN
