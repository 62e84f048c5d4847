"""Instants as text and back: aware, UTC, ISO 8601 with milliseconds and Z."""

from collections.abc import Callable
from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """Return the instant of an ISO 8601 text with a time zone, in UTC.

    Raises:
        ValueError: the text is not ISO 8601, or has no zone.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; end it with Z or +hh:mm")
    return instant.astimezone(UTC)


def format_instant(instant: datetime) -> str:
    """Return `2026-10-01T12:58:47.594Z`: sorts as text in the order of time."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def from_epoch_ms(epoch_ms: int) -> datetime:
    """Return the instant `epoch_ms` milliseconds after 1970."""
    return datetime.fromtimestamp(epoch_ms / 1000, tz=UTC)


def to_epoch_ms(instant: datetime) -> int:
    """Return the milliseconds from 1970 to `instant`, rounded."""
    return round(instant.timestamp() * 1000)


Clock = Callable[[], datetime]

Sleep = Callable[[float], None]
