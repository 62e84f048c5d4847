"""One item of the state table that several containers read and change."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.attributes import attribute_of, attributes_of
from ringvault.adapters.dynamodb.item import DAMAGED
from ringvault.core.errors import DamagedStateError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


T = TypeVar("T")


class VersionedItem:
    """Loads and saves an item; only the newest version can be changed."""

    def __init__(
        self, table_name: str, client: "DynamoDBClient", *, name: str, label: str, without: str
    ) -> None:
        """Store the item `name`; errors call it `label`, and say what happens `without` it."""
        self._table = table_name
        self._client = client
        self._key = attributes_of({"name": name})
        self._label = label
        self._without = without

    def load(self, read: Callable[[Any], T]) -> tuple[T | None, int]:
        """Return what `read` makes of the attributes, and their version; None and 0 before a save.

        Raises:
            DamagedStateError: they can't be read; names the item, and how to repair it.
        """
        with aws_errors(f"read the {self._label}"):
            answer = self._client.get_item(
                TableName=self._table, Key=self._key, ConsistentRead=True
            )
        item: Any = answer.get("Item")
        if item is None:
            return None, 0
        try:
            return read(item), int(item["version"]["N"])
        except DAMAGED as error:
            raise DamagedStateError(
                f"read the {self._label}: the item {self._key['name']['S']!r} of the table"
                f" {self._table} is damaged ({type(error).__name__}). Restore it from a backup, or"
                f" remove it with aws dynamodb delete-item: without it {self._without}"
            ) from error

    def save(self, attributes: dict[str, Any], *, version: int) -> int:
        """Store the attributes as version + 1; return that version.

        Raises:
            ConflictError: `version` is no longer current; nothing was stored.
        """
        with aws_errors(f"change the {self._label}"):
            self._client.put_item(
                TableName=self._table,
                Item={**attributes, **self._key, "version": attribute_of(version + 1)},
                ConditionExpression="attribute_not_exists(version) OR version = :version",
                ExpressionAttributeValues={":version": attribute_of(version)},
            )
        return version + 1
