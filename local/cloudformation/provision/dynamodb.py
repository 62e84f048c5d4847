"""DynamoDB tables."""

from typing import Any

from local.cloudformation.provision.properties import Properties
from local.cloudformation.provision.site import Resource, Site
from local.moto.clients import Client

# CloudFormation and the API use the same names; boto3 refuses unknown ones inside them.
_SAME = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "StreamSpecification",
    "Tags",
)


def create_table(properties: Properties, *, site: Site) -> Resource:
    """Create a table with its indexes, encryption, recovery and time to live."""
    dynamodb = site.aws.client("dynamodb")
    name = properties.take("TableName", site.physical_name)
    request: dict[str, Any] = {
        same: properties.take(same) for same in _SAME if properties.has(same)
    }
    if properties.has("SSESpecification"):
        encryption = properties.take_properties("SSESpecification")
        request["SSESpecification"] = {"Enabled": encryption.take("SSEEnabled")}
    created = dynamodb.create_table(TableName=name, **request)["TableDescription"]
    _set_recovery(dynamodb, name, properties)
    _set_time_to_live(dynamodb, name, properties)
    return Resource(name, {"Arn": created["TableArn"]})


def _set_recovery(dynamodb: Client, table: str, properties: Properties) -> None:
    if properties.has("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(
            TableName=table,
            PointInTimeRecoverySpecification=properties.take("PointInTimeRecoverySpecification"),
        )


def _set_time_to_live(dynamodb: Client, table: str, properties: Properties) -> None:
    if properties.has("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification=properties.take("TimeToLiveSpecification")
        )
