"""What the catalogue's index by state tells of the backlog."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws_errors import aws_errors
from ringvault.adapters.catalogue_item import text
from ringvault.core.backlog import Backlog
from ringvault.core.catalogue import State
from ringvault.core.instants import parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ON_THEIR_WAY = (State.PENDING, State.QUEUED)
# A count reads about 130 bytes for each; fewer than this are counted whenever they are asked for.
CHEAP = 10_000
COUNT_EVERY = timedelta(hours=1)


class CatalogueBacklog:
    """Reads the index by_state, which may be a moment behind the table."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client
        self._counted: tuple[int, datetime] | None = None

    def at(self, now: datetime) -> Backlog:
        """Return the backlog; many recordings are counted once an hour by each instance."""
        started_ats = [it for state in _ON_THEIR_WAY if (it := self._oldest(state))]
        return Backlog(self._count_at(now), min(started_ats, default=None))

    def _count_at(self, now: datetime) -> int:
        if self._counted is not None:
            count, counted_at = self._counted
            if count >= CHEAP and now - counted_at < COUNT_EVERY:
                return count
        self._counted = sum(self._count(state) for state in _ON_THEIR_WAY), now
        return self._counted[0]

    def _oldest(self, state: State) -> datetime | None:
        items = self._query(state, Limit=1)["Items"]
        return parse_instant(items[0]["started_at"]["S"]) if items else None

    def _count(self, state: State) -> int:
        answer = self._query(state, Select="COUNT")
        counted = int(answer["Count"])
        while "LastEvaluatedKey" in answer:
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            answer = self._query(state, Select="COUNT", **start)
            counted += int(answer["Count"])
        return counted

    def _query(self, state: State, **options: Any) -> Any:  # noqa: ANN401 - DynamoDB's own
        with aws_errors("read the backlog"):
            return self._client.query(
                TableName=self._table,
                IndexName="by_state",
                KeyConditionExpression="#state = :state",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={":state": text(state)},
                **options,
            )
