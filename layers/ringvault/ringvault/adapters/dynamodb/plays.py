"""The audit of plays in DynamoDB: one item for each URL that was issued, never changed."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.item import Attributes, text
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.playback.audit import Disposition, Play, PlaysPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class PlayTable:
    """Adds plays and reads them; whatever is there stays as it is."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._table = table_name
        self._client = client

    def add(self, play: Play) -> None:
        """Keep a play beside those of the same instant; ConflictError where it is there already."""
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
            "ExpressionAttributeValues": {":recording_id": text(recording_id)},
            "ScanIndexForward": False,
            # What was just written is asked for, too.
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
    return {"recording_id": text(recording_id), "play_id": text(play_id)}


def _attributes(play: Play) -> dict[str, Any]:
    played_at = format_instant(play.played_at)
    return {
        # In the order of time, and apart from what else was played in the same millisecond.
        **_key(play.recording_id, f"{played_at}#{uuid4().hex}"),
        "user_id": text(play.user_id),
        "played_at": text(played_at),
        "expires_at": text(format_instant(play.expires_at)),
        "source_ip": text(play.source_ip),
        "user_agent": text(play.user_agent),
        "disposition": text(play.disposition),
    }


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
