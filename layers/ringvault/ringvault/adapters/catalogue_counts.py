"""The catalogue as a person looks at it: numbers, and the oldest of a state."""

from typing import Any

from ringvault.adapters.aws_errors import aws_errors
from ringvault.adapters.catalogue_item import candidate_of, text
from ringvault.adapters.catalogue_table import CatalogueTable
from ringvault.core.catalogue import State
from ringvault.core.feed import Candidate


class CatalogueCounts(CatalogueTable):
    """A catalogue whose items are counted in the index by_state, and not read."""

    def count(self, state: State, *, most_pages: int | None = None) -> int | None:
        """Return how many are in the state, None when they fill more than so many pages.

        A page is 1 MB of the index: some 4,000 recordings, 128 read units, about 50 ms.
        """
        counted, pages = 0, 0
        query = self._of(state) | {"Select": "COUNT"}
        with aws_errors("count the catalogue"):
            for page in self._client.get_paginator("query").paginate(**query):
                counted, pages = counted + page["Count"], pages + 1
                if pages == most_pages and "LastEvaluatedKey" in page:
                    return None
        return counted

    def oldest(self, state: State) -> Candidate | None:
        """Return the one in the state whose call is the oldest."""
        with aws_errors("query the catalogue"):
            found = self._client.query(**self._of(state), Limit=1)["Items"]
        return candidate_of(found[0]) if found else None

    def items_about(self) -> int:
        """Return how many recordings DynamoDB counted within the last six hours."""
        with aws_errors("describe the catalogue"):
            table = self._client.describe_table(TableName=self._table)["Table"]
        return table.get("ItemCount", 0)

    def _of(self, state: State) -> Any:  # noqa: ANN401 - DynamoDB's own nesting
        return {
            "TableName": self._table,
            "IndexName": "by_state",
            "KeyConditionExpression": "#state = :state",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {":state": text(state)},
        }
