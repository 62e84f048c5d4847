"""The IAM actions of a request to DynamoDB."""

from collections.abc import Iterator

from local.moto.iam.policy import Asked
from local.moto.iam.request import Request, UnknownOperationError, arn

_OF_ONE_TABLE = frozenset(
    {
        *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"),
        *("DescribeTable", "DeleteTable", "UpdateTable", "UpdateTimeToLive"),
        *("DescribeContinuousBackups", "UpdateContinuousBackups"),
    }
)
_OF_MANY_TABLES = frozenset({"BatchGetItem", "BatchWriteItem"})
# A transaction needs the permissions of its parts; it has none of its own.
_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_TRANSACTIONS = frozenset({"TransactWriteItems", "TransactGetItems"})


def asked_of_dynamodb(request: Request) -> Iterator[Asked]:
    """Yield the actions of a request, for each table or index that it names."""
    operation, given = request.target, request.parameters
    if operation in _OF_ONE_TABLE:
        table = _table(given["TableName"])
        index = given.get("IndexName")
        resource = f"{table}/index/{index}" if index else table
        yield Asked(f"dynamodb:{operation}", resource)
    elif operation in _OF_MANY_TABLES:
        for name in given["RequestItems"]:
            yield Asked(f"dynamodb:{operation}", _table(name))
    elif operation in _TRANSACTIONS:
        for item in given["TransactItems"]:
            for kind, part in item.items():
                yield Asked(f"dynamodb:{_IN_TRANSACTION[kind]}", _table(part["TableName"]))
    else:
        raise UnknownOperationError(f"{operation} of DynamoDB")


def _table(name: str) -> str:
    return name if name.startswith("arn:") else arn("dynamodb", f"table/{name}")
