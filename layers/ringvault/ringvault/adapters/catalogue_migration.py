"""The catalogue read whole, to bring up what an earlier release wrote."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ringvault.adapters.aws_errors import aws_errors
from ringvault.adapters.catalogue_item import Attributes, brought_up, is_outdated, item_of, items_of
from ringvault.adapters.number_index import NumberIndex
from ringvault.core.catalogue import GONE
from ringvault.core.errors import NewerCatalogueError
from ringvault.core.migrate_catalogue import SchemaPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class CatalogueMigration:
    """Reads every item, and changes outdated ones that are still as they were read."""

    def __init__(
        self, table_name: str, client: "DynamoDBClient", *, number_index: NumberIndex
    ) -> None:
        self._table = table_name
        self._client = client
        self._number_index = number_index

    def expected_items(self) -> int:
        """Return how many items DynamoDB counted within the last six hours."""
        with aws_errors("read the catalogue"):
            return self._client.describe_table(TableName=self._table)["Table"].get("ItemCount", 0)

    def pages(self) -> Iterator[SchemaPage]:
        """Yield the whole table in pages of a megabyte, 128 read units each.

        An item that is damaged is left as it is, and named in its page.

        Raises:
            NewerCatalogueError: a newer release has written an item of the page.
        """
        scan = self._client.get_paginator("scan").paginate(TableName=self._table)
        with aws_errors("read the catalogue"):
            for page in scan:
                items = page["Items"]
                unreadable = items_of(items).unreadable
                for error in unreadable:
                    if isinstance(error, NewerCatalogueError):
                        raise error
                damaged = {error.recording_id for error in unreadable}
                outdated = [
                    partial(self._bring_up, it)
                    for it in items
                    if it["recording_id"]["S"] not in damaged and is_outdated(it)
                ]
                yield SchemaPage(len(items), outdated, unreadable)

    def _bring_up(self, attributes: Attributes) -> None:
        item = item_of(attributes)
        if item.state not in GONE:
            self._number_index.add([item.recording])
        written = brought_up(attributes)
        values = {f":{name}": value for name, value in written.items()}
        with aws_errors("change the catalogue"):
            self._client.update_item(
                TableName=self._table,
                Key={"recording_id": attributes["recording_id"]},
                UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in written),
                ConditionExpression="call_record = :read",
                ExpressionAttributeValues={**values, ":read": attributes["call_record"]},
            )
