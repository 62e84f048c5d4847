"""What we make moto do as DynamoDB and CloudWatch do."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws import Aws
from local.metric_series import series

TABLE = "transactions"
SECOND = timedelta(seconds=1)


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


@pytest.mark.parametrize(
    ("statistic", "value"), [("p50", 50), ("p99", 99), ("p99.9", 100), ("Maximum", 100)]
)
def test_percentiles_of_a_metric(aws: Aws, statistic: str, value: float) -> None:
    """Each is the value that so many of a hundred do not exceed; other statistics stay."""
    at = datetime.now(UTC).replace(microsecond=0)
    metric = {"Namespace": f"of {statistic}", "MetricName": "Latency", "Dimensions": []}
    cloudwatch = aws.client("cloudwatch")

    def latest() -> float | None:
        [found] = series(cloudwatch, metric, statistic=statistic, period_s=60, periods=1, at=at)
        return found

    assert latest() is None
    data = [
        {"MetricName": "Latency", "Value": latency, "Timestamp": at - SECOND}
        for latency in range(100, 0, -1)
    ]
    cloudwatch.put_metric_data(Namespace=metric["Namespace"], MetricData=data)
    assert latest() == value
