"""The audit of plays in DynamoDB: one item for each issued URL, never changed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.attributes import Attributes, attributes_of, expression_values
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.playback.audit import Disposition, Play, PlaysPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class PlayTable:
    """Adds plays and reads them; changes and deletes none."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def add(self, play: Play) -> None:
        """Store a play, also beside one of the same instant; ConflictError where its key exists."""
        with aws_errors("write the audit of plays"):
            self._client.put_item(
                TableName=self._table,
                Item=_attributes(play),
                ConditionExpression="attribute_not_exists(play_id)",
            )

    def newest_first(self, recording_id: str, *, limit: int, after: str | None) -> PlaysPage:
        """Return at most `limit` plays of a recording; `after` is the `next` of the page before."""
        query: dict[str, Any] = {
            "KeyConditionExpression": "recording_id = :recording_id",
            "ExpressionAttributeValues": expression_values(recording_id=recording_id),
            "ScanIndexForward": False,
            # A play is often read just after it was written.
            "ConsistentRead": True,
            "Limit": limit,
        }
        if after is not None:
            query["ExclusiveStartKey"] = _key(recording_id, after)
        with aws_errors("read the audit of plays"):
            answer = self._client.query(TableName=self._table, **query)
        last = answer.get("LastEvaluatedKey")
        return PlaysPage(
            plays=tuple(_play(item) for item in answer["Items"]),
            next=last["play_id"]["S"] if last else None,
        )


def _key(recording_id: str, play_id: str) -> dict[str, Any]:
    return attributes_of({"recording_id": recording_id, "play_id": play_id})


def _attributes(play: Play) -> dict[str, Any]:
    # In the order of time, and unique within a millisecond.
    play_id = f"{format_instant(play.played_at)}#{uuid4().hex}"
    return attributes_of(asdict(play) | {"play_id": play_id})


def _play(item: Attributes) -> Play:
    return Play(
        recording_id=item["recording_id"]["S"],
        user_id=item["user_id"]["S"],
        played_at=parse_instant(item["played_at"]["S"]),
        expires_at=parse_instant(item["expires_at"]["S"]),
        source_ip=item["source_ip"]["S"],
        user_agent=item["user_agent"]["S"],
        disposition=Disposition(item["disposition"]["S"]),
    )
