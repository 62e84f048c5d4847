"""How far the call log has been read, in the state table."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.dynamodb.versioned import VersionedItem
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.listing.windows import (
    LONGEST_STRIDE,
    SHORTEST_STRIDE,
    Kind,
    ListingProgress,
    PartlyRead,
    Window,
    bounded,
)
from ringvault.core.ringcentral.retention import Retention

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LISTING_NAME = "listing_progress"


class ListingProgressStore:
    """Loads and saves the progress; whoever saves has to have loaded the newest."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._item = VersionedItem(
            table_name,
            client,
            name=LISTING_NAME,
            called="listing progress",
            without="the lister reads the whole retention again, and adds nothing twice",
        )

    def load(self) -> tuple[ListingProgress, int]:
        """Return the progress and its version; nothing yet is version 0."""
        progress, version = self._item.load(_listing_progress)
        return progress or ListingProgress(), version

    def save(self, progress: ListingProgress, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""
        opened_to = {
            name: {"S": format_instant(instant)} for name, instant in progress.opened_to.items()
        }
        item: Any = {
            "windows": {"L": [{"M": _attributes(window)} for window in progress.windows]},
            "opened_to": {"M": opened_to},
            "is_quiet": {"BOOL": progress.is_quiet},
            "retention": {"M": _retention_attributes(progress.retention)},
        }
        if progress.recordings_a_day is not None:
            item["recordings_a_day"] = {"N": str(progress.recordings_a_day)}
        if progress.retention_read_at is not None:
            item["retention_read_at"] = {"S": format_instant(progress.retention_read_at)}
        if progress.partly_read is not None:
            item["partly_read"] = {"M": _partly_read_attributes(progress.partly_read)}
        return self._item.save(item, version=version)


def _listing_progress(item: Any) -> ListingProgress:  # noqa: ANN401 - DynamoDB's own nesting
    return ListingProgress(
        windows=bounded(_window(window["M"]) for window in item["windows"]["L"]),
        opened_to={
            name: parse_instant(instant["S"]) for name, instant in item["opened_to"]["M"].items()
        },
        is_quiet=item["is_quiet"]["BOOL"],
        recordings_a_day=_number(item, "recordings_a_day"),
        retention=_retention(item["retention"]["M"]),
        retention_read_at=_instant(item, "retention_read_at"),
        partly_read=_partly_read(item["partly_read"]["M"]) if "partly_read" in item else None,
    )


def _attributes(window: Window) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "kind": {"S": window.kind.value},
        "from_at": {"S": format_instant(window.from_at)},
        "to_at": {"S": format_instant(window.to_at)},
        "stride_s": {"N": str(window.stride.total_seconds())},
    }
    if window.broken_at is not None:
        attributes["broken_at"] = {"S": format_instant(window.broken_at)}
    return attributes


def _window(attributes: Any) -> Window:  # noqa: ANN401 - DynamoDB's own nesting
    return Window(
        kind=Kind(attributes["kind"]["S"]),
        from_at=parse_instant(attributes["from_at"]["S"]),
        to_at=parse_instant(attributes["to_at"]["S"]),
        stride=_stride(float(attributes["stride_s"]["N"])),
        broken_at=_instant(attributes, "broken_at"),
    )


def _stride(stride_s: float) -> timedelta:
    """Return the stride; one of no length, which earlier releases came to, becomes the shortest."""
    shortest_s, longest_s = SHORTEST_STRIDE.total_seconds(), LONGEST_STRIDE.total_seconds()
    return timedelta(seconds=min(max(stride_s, shortest_s), longest_s))


def _partly_read_attributes(partly_read: PartlyRead) -> dict[str, Any]:
    return {
        "from_at": {"S": format_instant(partly_read.from_at)},
        "to_at": {"S": format_instant(partly_read.to_at)},
        "pages": {"N": str(partly_read.pages)},
        "next_uri": {"S": partly_read.next_uri},
    }


def _partly_read(attributes: Any) -> PartlyRead:  # noqa: ANN401 - DynamoDB's own nesting
    return PartlyRead(
        from_at=parse_instant(attributes["from_at"]["S"]),
        to_at=parse_instant(attributes["to_at"]["S"]),
        pages=int(attributes["pages"]["N"]),
        next_uri=attributes["next_uri"]["S"],
    )


def _retention_attributes(retention: Retention) -> dict[str, Any]:
    attributes = {
        "period_s": {"N": str(retention.period.total_seconds())},
        "most_recordings": {"N": str(retention.most_recordings)},
    }
    if retention.shortest_period is not None:
        attributes["shortest_period_s"] = {"N": str(retention.shortest_period.total_seconds())}
    return attributes


def _retention(attributes: Any) -> Retention:  # noqa: ANN401 - DynamoDB's own nesting
    shortest_s = _number(attributes, "shortest_period_s")
    return Retention(
        period=timedelta(seconds=float(attributes["period_s"]["N"])),
        most_recordings=int(attributes["most_recordings"]["N"]),
        shortest_period=None if shortest_s is None else timedelta(seconds=shortest_s),
    )


def _number(item: Any, name: str) -> float | None:  # noqa: ANN401 - DynamoDB's own nesting
    return float(item[name]["N"]) if name in item else None


def _instant(item: Any, name: str) -> datetime | None:  # noqa: ANN401 - DynamoDB's own nesting
    return parse_instant(item[name]["S"]) if name in item else None
