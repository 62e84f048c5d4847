"""Whether the bucket lets recordings expire as the stack says, and nothing else."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from ringvault.core.listing.windows import DAY
from ringvault.core.operations.doctor import Finding, Level, is_as_it_should_be
from ringvault.core.vault.layout import AUDIO, SIDECARS

_AGAIN = "sam deploy with another ExpireAfterDays, then with this one: unchanged, it does nothing"
_SHOWN_BY = "aws s3api get-bucket-lifecycle-configuration shows it; whoever made it removes it"


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """An enabled lifecycle rule that deletes, after so many days; None is on a fixed date.

    `is_tagged` says that it deletes only what carries the tag of what has expired.
    """

    prefix: str
    days: int | None
    is_tagged: bool


def expiry_finding(rules: Collection[ExpiryRule], *, after: timedelta) -> Finding:
    """Return whether the bucket deletes what the stack says, and nothing that is held."""
    subject, days = "bucket: expiry", after // DAY
    for rule in rules:
        if not rule.is_tagged and _meets_recordings(rule.prefix):
            told = f"a rule for {rule.prefix or 'everything'} deletes what is held, too"
            return Finding(subject, Level.FAIL, told, _SHOWN_BY)
    found = {rule.prefix: rule.days for rule in rules if rule.is_tagged}
    is_so = found.get(AUDIO) == days and SIDECARS in found if days else not found
    return is_as_it_should_be(
        subject,
        is_so=is_so,
        told=_after(days),
        otherwise=f"the stack says {_after(days)}, the bucket {_after(found.get(AUDIO))}"
        f" for audio and {_after(found.get(SIDECARS))} for its JSON",
        remedy=_AGAIN,
    )


def lock_finding(*, object_lock: timedelta, after: timedelta) -> Finding:
    """Return whether S3 may delete what expires; `after` 0 is never, `object_lock` 0 without."""
    subject, locked = "Object Lock", object_lock // DAY
    if not timedelta(0) < after < object_lock:
        return Finding(subject, Level.OK, f"{locked:,} days" if locked else "none")
    return Finding(
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
