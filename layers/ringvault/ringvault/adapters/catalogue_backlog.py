"""What the catalogue's index by state tells of the backlog."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws_errors import aws_errors
from ringvault.adapters.catalogue_item import text
from ringvault.core.catalogue import State
from ringvault.core.instants import parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ON_THEIR_WAY = (State.PENDING, State.QUEUED)


class CatalogueBacklog:
    """Reads the index by_state, which may be a moment behind the table."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def oldest_started_at(self) -> datetime | None:
        """Return when the oldest call began whose recording is on its way; two small reads."""
        return min((it for state in _ON_THEIR_WAY if (it := self._oldest(state))), default=None)

    def count(self) -> int:
        """Return how many are on their way; reads about 130 bytes for each."""
        return sum(self._count(state) for state in _ON_THEIR_WAY)

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
