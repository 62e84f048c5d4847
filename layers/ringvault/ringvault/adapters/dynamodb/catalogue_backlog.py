"""What the catalogue's index by state tells of the backlog."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ringvault.adapters.dynamodb.counts import WAITING, CatalogueCounts
from ringvault.core.listing.backlog import Backlog

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A count reads about 130 bytes for each; fewer than this are counted whenever they are asked for.
CHEAP = 10_000
COUNT_EVERY = timedelta(hours=1)


class CatalogueBacklog:
    """Reads the index by_state, which may be a moment behind the table."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._counts = CatalogueCounts(table_name, client)
        self._counted: tuple[int, datetime] | None = None

    def at(self, now: datetime) -> Backlog:
        """Return the backlog; many recordings are counted once an hour by each instance."""
        return Backlog(self._count_at(now), self._counts.oldest_waiting_at())

    def _count_at(self, now: datetime) -> int:
        if self._counted is not None:
            count, counted_at = self._counted
            if count >= CHEAP and now - counted_at < COUNT_EVERY:
                return count
        self._counted = sum(self._counts.count(state) or 0 for state in WAITING), now
        return self._counted[0]
