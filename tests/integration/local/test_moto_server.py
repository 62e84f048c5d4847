"""What we make moto do as DynamoDB does."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.moto.clients import Aws

TABLE = "transactions"


def put(name: str, count: str) -> Any:
    """Return the write of a new item."""
    item = {"name": {"S": name}, "count": {"N": count}}
    condition = "attribute_not_exists(#name)"
    names = {"#name": "name"}
    return {
        "Put": {
            "TableName": TABLE,
            "Item": item,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
        }
    }


def change(name: str, count: str) -> Any:
    """Return the write that changes an item."""
    return {
        "Update": {
            "TableName": TABLE,
            "Key": {"name": {"S": name}},
            "UpdateExpression": "SET #count = :count",
            "ExpressionAttributeNames": {"#count": "count"},
            "ExpressionAttributeValues": {":count": {"N": count}},
        }
    }


def test_a_cancelled_transaction_changes_nothing(aws: Aws) -> None:
    """All writes of a transaction count or none, several times over and on one table."""
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
    )

    def counts() -> dict[str, str]:
        found = dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
        return {item["name"]["S"]: item["count"]["N"] for item in found}

    dynamodb.transact_write_items(TransactItems=[put("a", "1"), put("b", "1")])
    for _ in range(2):
        with pytest.raises(ClientError, match="TransactionCanceled"):
            dynamodb.transact_write_items(
                TransactItems=[change("a", "9"), put("c", "9"), put("b", "9")]
            )
        assert counts() == {"a": "1", "b": "1"}
    dynamodb.transact_write_items(TransactItems=[change("a", "2"), put("c", "2")])
    assert counts() == {"a": "2", "b": "1", "c": "2"}
