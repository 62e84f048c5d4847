"""One item of the state table that several containers read and change."""

from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws_errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class VersionedItem:
    """Loads and saves attributes; whoever saves has to have loaded the newest."""

    def __init__(
        self, table_name: str, client: "DynamoDBClient", *, name: str, called: str
    ) -> None:
        """Keep the item `name`; errors call it `called`."""
        self._table = table_name
        self._client = client
        self._key: dict[str, Any] = {"name": {"S": name}}
        self._called = called

    def load(self) -> tuple[Any, int]:
        """Return the attributes as of now and their version: None and 0 until a first save."""
        with aws_errors(f"read the {self._called}"):
            answer = self._client.get_item(
                TableName=self._table, Key=self._key, ConsistentRead=True
            )
        item: Any = answer.get("Item")
        return item, int(item["version"]["N"]) if item else 0

    def save(self, attributes: dict[str, Any], *, version: int) -> int:
        """Store them as version + 1, which is returned.

        Raises:
            ConflictError: `version` is no longer current; nothing was stored.
        """
        with aws_errors(f"change the {self._called}"):
            self._client.put_item(
                TableName=self._table,
                Item={**attributes, **self._key, "version": {"N": str(version + 1)}},
                ConditionExpression="attribute_not_exists(version) OR version = :version",
                ExpressionAttributeValues={":version": {"N": str(version)}},
            )
        return version + 1
