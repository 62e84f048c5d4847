"""The clock of the machine."""

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


def before_end(remaining_ms: int, *, margin: timedelta) -> datetime:
    """Return the instant `margin` before an invocation with `remaining_ms` left ends."""
    return now() + timedelta(milliseconds=remaining_ms) - margin
