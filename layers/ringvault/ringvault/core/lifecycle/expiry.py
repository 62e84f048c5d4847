"""When a recording's time in the vault is over."""

from datetime import datetime, time, timedelta

from ringvault.core.listing.windows import DAY


def expires_at(archived_at: datetime, *, after: timedelta) -> datetime:
    """Return from when S3 deletes what was archived then: the midnight that follows, in UTC.

    S3 adds the rule's days to the object's creation and rounds up to the next midnight ("Lifecycle
    configuration elements", Amazon S3 User Guide).
    """
    due_at = archived_at + after
    return datetime.combine(due_at.date(), time(), due_at.tzinfo) + DAY
