"""How far the call log has been read, in the state table."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.versioned_item import VersionedItem
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.windows import Kind, ListingProgress, Window

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "listing_progress"


class ListingProgressStore:
    """Loads and saves the progress; whoever saves has to have loaded the newest."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._item = VersionedItem(table_name, client, name=NAME, called="listing progress")

    def load(self) -> tuple[ListingProgress, int]:
        """Return the progress and its version; nothing yet is version 0."""
        item, version = self._item.load()
        if item is None:
            return ListingProgress(), version
        progress = ListingProgress(
            windows=tuple(_window(window["M"]) for window in item["windows"]["L"]),
            opened_to={
                name: parse_instant(instant["S"])
                for name, instant in item["opened_to"]["M"].items()
            },
            is_quiet=item["is_quiet"]["BOOL"],
        )
        return progress, version

    def save(self, progress: ListingProgress, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""
        opened_to = {
            name: {"S": format_instant(instant)} for name, instant in progress.opened_to.items()
        }
        item: Any = {
            "windows": {"L": [{"M": _attributes(window)} for window in progress.windows]},
            "opened_to": {"M": opened_to},
            "is_quiet": {"BOOL": progress.is_quiet},
        }
        return self._item.save(item, version=version)


def _attributes(window: Window) -> dict[str, Any]:
    return {
        "kind": {"S": window.kind.value},
        "from_at": {"S": format_instant(window.from_at)},
        "to_at": {"S": format_instant(window.to_at)},
        "stride_s": {"N": str(window.stride.total_seconds())},
    }


def _window(attributes: Any) -> Window:  # noqa: ANN401 - DynamoDB's own nesting
    return Window(
        kind=Kind(attributes["kind"]["S"]),
        from_at=parse_instant(attributes["from_at"]["S"]),
        to_at=parse_instant(attributes["to_at"]["S"]),
        stride=timedelta(seconds=float(attributes["stride_s"]["N"])),
    )
