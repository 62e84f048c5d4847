"""How large archived recordings are, from a part of the catalogue."""

from typing import TYPE_CHECKING

from ringvault.adapters.aws.errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# As many items as one request looks at: some 2 KB each, 1 MB at most.
_LOOKED_AT = 400


def mean_size_bytes(table_name: str, client: "DynamoDBClient") -> float | None:
    """Return the mean size of some archived recordings, None where none was met."""
    with aws_errors("look at sizes in the catalogue"):
        items = client.scan(
            TableName=table_name, Limit=_LOOKED_AT, ProjectionExpression="size_bytes"
        )["Items"]
    sizes = [int(item["size_bytes"]["N"]) for item in items if "size_bytes" in item]
    return sum(sizes) / len(sizes) if sizes else None
