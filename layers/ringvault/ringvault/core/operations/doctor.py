"""What is in order and what is not: each finding with its remedy in words."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ringvault.core.errors import (
    AccessDeniedError,
    ConfigurationError,
    CredentialsError,
    NotFoundError,
    PermissionLostError,
    RecordingRefusedError,
    RingvaultError,
)
from ringvault.core.listing.windows import DAY, ListingProgress
from ringvault.core.reconciliation.finding import Verdict, in_words, unsettled
from ringvault.core.reconciliation.run import ReconciliationProgress

# A token's end is presumed half a minute early; AWS refuses what is signed five minutes off.
CLOCK_MATTERS_FROM = timedelta(seconds=30)
CLOCK_FAILS_FROM = timedelta(minutes=5)
# As long as the alarm nothing-listed waits.
LISTED_WITHIN = timedelta(minutes=30)
_RIGHTS = "see docs/operations.md, Rights"


class Level(StrEnum):
    """How bad it is: WARN can wait for the morning, or could not be checked."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to; where it is not OK, `remedy` says what to do."""

    subject: str
    level: Level
    told: str
    remedy: str = ""


def examined(subject: str, check: Callable[[], Finding]) -> Finding:
    """Return what the check finds; what can't be checked says why, and is not OK."""
    try:
        return check()
    except (PermissionLostError, CredentialsError, NotFoundError) as error:
        return Finding(subject, Level.FAIL, str(error), "docs/operations.md: permission-lost")
    except RecordingRefusedError as error:
        told = error.hint or str(error)
        return Finding(subject, Level.FAIL, told, "docs/operations.md: permission-lost")
    except AccessDeniedError as error:
        return Finding(subject, Level.WARN, f"not checked: {error}", error.hint or _RIGHTS)
    except ConfigurationError as error:
        return Finding(subject, Level.FAIL, str(error), error.hint or "correct what it names")
    except RingvaultError as error:
        remedy = error.hint or "try again in a few minutes"
        return Finding(subject, Level.WARN, f"not checked: {error}", remedy)


def is_as_it_should_be(
    subject: str, *, told: str, is_so: bool, otherwise: str, remedy: str
) -> Finding:
    """Return OK with `told`, or FAIL with `otherwise` and the remedy."""
    if is_so:
        return Finding(subject, Level.OK, told)
    return Finding(subject, Level.FAIL, otherwise, remedy)


def number_index_finding(*, is_current: bool) -> Finding:
    """Return whether every recording can be found by its numbers."""
    subject = "number index"
    if is_current:
        return Finding(subject, Level.OK, "written by this release")
    told = "written by an earlier release: a search by number misses older recordings"
    return Finding(subject, Level.WARN, told, "run ringvault rebuild-index")


def clock_finding(subject: str, *, theirs: datetime | None, ours: datetime) -> Finding:
    """Return whether two clocks agree; `theirs` has whole seconds, None where none was told."""
    if theirs is None:
        told = "not checked: no answer had a time"
        return Finding(subject, Level.WARN, told, "try again when RingCentral answers")
    skew = abs(ours - theirs)
    told = f"{round(skew.total_seconds())} s from this machine's clock"
    if skew < CLOCK_MATTERS_FROM:
        return Finding(subject, Level.OK, told)
    level = Level.FAIL if skew >= CLOCK_FAILS_FROM else Level.WARN
    return Finding(subject, level, told, "set this machine's clock (NTP)")


def retention_finding(progress: ListingProgress) -> Finding:
    """Return how long RingCentral keeps recordings, and whether the account said so."""
    retention = progress.retention
    told = str(retention)
    if progress.retention_read_at is None:
        remedy = "the first run of the lister reads it from the account"
        return Finding("retention", Level.WARN, f"{told}: assumed, not read yet", remedy)
    return Finding("retention", Level.OK, f"{told}, read {_minute(progress.retention_read_at)}")


def media_host_finding(subject: str, *, foreign: AbstractSet[str], seen: int) -> Finding:
    """Return whether recordings lie on a configured host.

    `foreign` has the origins of those that do not, of the `seen` ones that were looked at.
    """
    if not seen:
        told = "not checked: no recorded call of the last seven days is known"
        return Finding(subject, Level.WARN, told, "record a call, and run this again")
    return is_as_it_should_be(
        subject,
        is_so=not foreign,
        told="the newest recordings are on a configured host",
        otherwise=f"recordings are on {', '.join(sorted(foreign))}, which is not configured",
        remedy="if that host is RingCentral's: sam deploy --parameter-overrides"
        f" RingCentralMediaUrl={min(foreign, default='')}",
    )


def listing_finding(progress: ListingProgress, *, now: datetime) -> Finding:
    """Return when the call log was last read."""
    listed_at = max(progress.opened_to.values(), default=None)
    if listed_at is None:
        remedy = "wait for the next run (5 minutes); then see the log of ListRecordingsFunction"
        return Finding("last listing run", Level.WARN, "none yet", remedy)
    return is_as_it_should_be(
        "last listing run",
        is_so=now - listed_at < LISTED_WITHIN,
        told=_minute(listed_at),
        otherwise=f"{_minute(listed_at)}: none for 30 minutes",
        remedy="docs/operations.md: nothing-listed",
    )


def reconciliation_finding(
    progress: ReconciliationProgress,
    report: tuple[str, Mapping[str, Any]] | None,
    *,
    now: datetime,
) -> Finding:
    """Return when reconciliation began last, and whether its newest report misses anything."""
    subject, began_on = "last reconciliation", progress.last_daily_on
    if began_on is None:
        remedy = "wait 15 minutes, or run ringvault reconcile"
        return Finding(subject, Level.WARN, "none yet", remedy)
    totals = report[1].get("totals", {}) if report else {}
    found = unsettled(totals)
    backfilling = found.pop(Verdict.BACKFILLING, 0)
    if found:
        remedy = "docs/operations.md: Read the reconciliation report"
        return Finding(subject, Level.FAIL, in_words(found), remedy)
    if backfilling:
        told = in_words({Verdict.BACKFILLING: backfilling})
        return Finding(subject, Level.WARN, told, "wait for it: ringvault backfill --list")
    told = f"started {began_on}, " + (f"newest report {report[0]}" if report else "no report yet")
    return is_as_it_should_be(
        subject,
        # A run through a large account takes days, and begins no other meanwhile.
        is_so=bool(progress.runs) or now.date() - began_on <= 2 * DAY,
        told=told,
        otherwise=f"{told}: none for two days",
        remedy="docs/operations.md: reconciliation-not-run",
    )


def dead_letter_finding(depth: int) -> Finding:
    """Return whether messages lie in the dead-letter queue."""
    if not depth:
        return Finding("dead letters", Level.OK, "none")
    remedy = "docs/operations.md: dead-letters"
    return Finding("dead letters", Level.WARN, f"{depth:,} messages", remedy)


def alarm_finding(*, confirmed: int, pending: int) -> Finding:
    """Return whether somebody hears the alarms."""
    if confirmed:
        return Finding("alarm topic", Level.OK, f"{confirmed} confirmed subscriptions")
    if pending:
        remedy = "follow the link in AWS's email; it is valid for three days"
        return Finding("alarm topic", Level.WARN, "the subscription is not confirmed", remedy)
    remedy = "sam deploy --parameter-overrides AlarmEmail=you@example.com"
    return Finding("alarm topic", Level.WARN, "has no subscription: alarms reach nobody", remedy)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
