"""Checks the installation; each finding has its remedy."""

from collections.abc import Callable, Collection, Mapping
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
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.reconciliation.finding import Verdict, in_words, unsettled
from ringvault.core.reconciliation.run import ReconciliationProgress
from ringvault.core.spans import DAY
from ringvault.core.vault.layout import AUDIO, SIDECARS

# A token's end is assumed half a minute early; AWS refuses signatures five minutes off.
CLOCK_MATTERS_FROM = timedelta(seconds=30)
CLOCK_FAILS_FROM = timedelta(minutes=5)
# As long as the alarm nothing-listed waits.
LISTED_WITHIN = timedelta(minutes=30)
_RIGHTS = "see docs/operations/command.md, Rights"


class Level(StrEnum):
    """How bad it is: WARN can wait for the morning, or could not be checked."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check; unless it is OK, `remedy` says what to do."""

    subject: str
    level: Level
    message: str
    remedy: str = ""


def examined(subject: str, check: Callable[[], Check]) -> Check:
    """Return the result of the check; a check that fails to run says why, and is not OK."""
    try:
        return check()
    except (PermissionLostError, CredentialsError, NotFoundError) as error:
        return Check(subject, Level.FAIL, str(error), "docs/operations/alarms.md: permission-lost")
    except RecordingRefusedError as error:
        message = error.hint or str(error)
        return Check(subject, Level.FAIL, message, "docs/operations/alarms.md: permission-lost")
    except AccessDeniedError as error:
        return Check(subject, Level.WARN, f"not checked: {error}", error.hint or _RIGHTS)
    except ConfigurationError as error:
        return Check(subject, Level.FAIL, str(error), error.hint or "correct what it names")
    except RingvaultError as error:
        remedy = error.hint or "try again in a few minutes"
        return Check(subject, Level.WARN, f"not checked: {error}", remedy)


def check_that(subject: str, *, message: str, is_so: bool, otherwise: str, remedy: str) -> Check:
    """Return OK with `message`, or FAIL with `otherwise` and the remedy."""
    if is_so:
        return Check(subject, Level.OK, message)
    return Check(subject, Level.FAIL, otherwise, remedy)


def number_index_finding(*, is_current: bool) -> Check:
    """Check that every recording can be found by its numbers."""
    subject = "number index"
    if is_current:
        return Check(subject, Level.OK, "written by this release")
    message = "written by an earlier release: a search by number misses older recordings"
    return Check(subject, Level.WARN, message, "run ringvault rebuild-index")


def clock_finding(subject: str, *, theirs: datetime | None, ours: datetime) -> Check:
    """Check that two clocks agree; `theirs` has whole seconds, None if unknown."""
    if theirs is None:
        message = "not checked: no answer had a time"
        return Check(subject, Level.WARN, message, "try again when RingCentral answers")
    skew = abs(ours - theirs)
    message = f"{round(skew.total_seconds())} s from this machine's clock"
    if skew < CLOCK_MATTERS_FROM:
        return Check(subject, Level.OK, message)
    level = Level.FAIL if skew >= CLOCK_FAILS_FROM else Level.WARN
    return Check(subject, level, message, "set this machine's clock (NTP)")


def retention_finding(progress: ListingProgress) -> Check:
    """Check how long RingCentral keeps recordings, and whether the account confirmed it."""
    retention = progress.retention
    message = str(retention)
    if progress.retention_read_at is None:
        remedy = "the first run of the lister reads it from the account"
        return Check("retention", Level.WARN, f"{message}: assumed, not read yet", remedy)
    return Check("retention", Level.OK, f"{message}, read {_minute(progress.retention_read_at)}")


def media_host_finding(subject: str, *, foreign: AbstractSet[str], seen: int) -> Check:
    """Check that recordings are on a configured host.

    `foreign` has the other origins of the `seen` recordings.
    """
    if not seen:
        message = "not checked: no recorded call of the last seven days is known"
        return Check(subject, Level.WARN, message, "record a call, and run this again")
    return check_that(
        subject,
        is_so=not foreign,
        message="the newest recordings are on a configured host",
        otherwise=f"recordings are on {', '.join(sorted(foreign))}, which is not configured",
        remedy="if that host is RingCentral's: sam deploy --parameter-overrides"
        f" RingCentralMediaUrl={min(foreign, default='')}",
    )


def listing_finding(progress: ListingProgress, *, now: datetime) -> Check:
    """Check when the call log was last read."""
    listed_at = max(progress.opened_to.values(), default=None)
    if listed_at is None:
        remedy = "wait for the next run (5 minutes); then see the log of ListRecordingsFunction"
        return Check("last listing run", Level.WARN, "none yet", remedy)
    return check_that(
        "last listing run",
        is_so=now - listed_at < LISTED_WITHIN,
        message=_minute(listed_at),
        otherwise=f"{_minute(listed_at)}: none for 30 minutes",
        remedy="docs/operations/alarms.md: nothing-listed",
    )


def reconciliation_finding(
    progress: ReconciliationProgress,
    report: tuple[str, Mapping[str, Any]] | None,
    *,
    now: datetime,
) -> Check:
    """Check when reconciliation last began, and whether its newest report has findings."""
    subject, began_on = "last reconciliation", progress.last_daily_on
    if began_on is None:
        remedy = "wait 15 minutes, or run ringvault reconcile"
        return Check(subject, Level.WARN, "none yet", remedy)
    totals = report[1].get("totals", {}) if report else {}
    found = unsettled(totals)
    backfilling = found.pop(Verdict.BACKFILLING, 0)
    if found:
        remedy = "docs/operations/reconcile.md: Read the reconciliation report"
        return Check(subject, Level.FAIL, in_words(found), remedy)
    if backfilling:
        message = in_words({Verdict.BACKFILLING: backfilling})
        return Check(subject, Level.WARN, message, "wait for it: ringvault backfill --list")
    message = f"started {began_on}, " + (
        f"newest report {report[0]}" if report else "no report yet"
    )
    return check_that(
        subject,
        # A run through a large account takes days, during which no other begins.
        is_so=bool(progress.runs) or now.date() - began_on <= 2 * DAY,
        message=message,
        otherwise=f"{message}: none for two days",
        remedy="docs/operations/alarms.md: reconciliation-not-run",
    )


def dead_letter_finding(depth: int) -> Check:
    """Check whether messages are in the dead-letter queue."""
    if not depth:
        return Check("dead letters", Level.OK, "none")
    remedy = "docs/operations/alarms.md: dead-letters"
    return Check("dead letters", Level.WARN, f"{depth:,} messages", remedy)


def alarm_finding(*, confirmed: int, pending: int) -> Check:
    """Check whether anyone receives the alarms."""
    if confirmed:
        return Check("alarm topic", Level.OK, f"{confirmed} confirmed subscriptions")
    if pending:
        remedy = "follow the link in AWS's email; it is valid for three days"
        return Check("alarm topic", Level.WARN, "the subscription is not confirmed", remedy)
    remedy = "sam deploy --parameter-overrides AlarmEmail=you@example.com"
    return Check("alarm topic", Level.WARN, "no subscription: no one receives the alarms", remedy)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


_AGAIN = "sam deploy with another ExpireAfterDays, then with this one: unchanged, it does nothing"
_SHOWN_BY = "aws s3api get-bucket-lifecycle-configuration shows it; its owner has to remove it"


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """An enabled lifecycle rule that deletes, after so many days; None is on a fixed date.

    `is_tagged` says that it deletes only objects with the tag of expired ones.
    """

    prefix: str
    days: int | None
    is_tagged: bool


def expiry_finding(rules: Collection[ExpiryRule], *, after: timedelta) -> Check:
    """Check that the bucket deletes what the stack says, and nothing that is held."""
    subject, days = "bucket: expiry", after // DAY
    for rule in rules:
        if not rule.is_tagged and _meets_recordings(rule.prefix):
            message = f"a rule for {rule.prefix or 'everything'} deletes what is held, too"
            return Check(subject, Level.FAIL, message, _SHOWN_BY)
    found = {rule.prefix: rule.days for rule in rules if rule.is_tagged}
    is_so = found.get(AUDIO) == days and SIDECARS in found if days else not found
    return check_that(
        subject,
        is_so=is_so,
        message=_after(days),
        otherwise=f"the stack says {_after(days)}, the bucket {_after(found.get(AUDIO))}"
        f" for audio and {_after(found.get(SIDECARS))} for its JSON",
        remedy=_AGAIN,
    )


def lock_finding(*, object_lock: timedelta, after: timedelta) -> Check:
    """Check that S3 may delete what expires; `after` 0 is never, `object_lock` 0 without."""
    subject, locked = "Object Lock", object_lock // DAY
    if not timedelta(0) < after < object_lock:
        return Check(subject, Level.OK, f"{locked:,} days" if locked else "none")
    return Check(
        subject,
        Level.WARN,
        f"{locked:,} days, but recordings expire {_after(after // DAY)}: until it ends S3 only"
        " hides them, and bills them",
        f"sam deploy with ExpireAfterDays={locked} or more, or, for what is archived from then"
        " on, with a lower ObjectLockDays that is not 0",
    )


def _meets_recordings(prefix: str) -> bool:
    return any(prefix.startswith(it) or it.startswith(prefix) for it in (AUDIO, SIDECARS))


def _after(days: int | None) -> str:
    if not days:
        return "never"
    return f"after {days:,} {'day' if days == 1 else 'days'}"
