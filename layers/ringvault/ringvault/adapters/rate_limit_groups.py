"""Which of RingCentral's rate-limit groups each kind of request belongs to, in the state table."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws_errors import aws_errors
from ringvault.core.quota_gate import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "rate_limit_groups"
HEAVY = "heavy"
# Another container may have learnt of another group meanwhile.
READ_AGAIN_AFTER = timedelta(minutes=1)

# A word: no number of anybody's, and no token.
_GROUP = re.compile(r"[a-z]{1,16}(-[a-z]{1,16})?")


class RequestKind(StrEnum):
    """What a request asks for."""

    CALL_LOG = "call_log"
    MEDIA = "media"
    SETTINGS = "settings"


class RateLimitGroups:
    """Knows the group of each kind: Heavy, until an answer's `X-Rate-Limit-Group` tells another."""

    def __init__(self, table_name: str, client: "DynamoDBClient", *, clock: Clock) -> None:
        self._table = table_name
        self._client = client
        self._clock = clock
        self._groups: dict[RequestKind, str] = {}
        self._read_at: datetime | None = None

    def of(self, kind: RequestKind) -> str:
        """Return the group, as it was known a minute ago at most."""
        now = self._clock()
        if self._read_at is None or now - self._read_at >= READ_AGAIN_AFTER:
            self._groups = self._stored()
            self._read_at = now
        return self._groups.get(kind, HEAVY)

    def learn(self, kind: RequestKind, told: str) -> None:
        """Keep the group that an answer told; what cannot be a group's name is left aside."""
        group = told.strip().lower()
        if group == self.of(kind) or not _GROUP.fullmatch(group):
            return
        with aws_errors("change the rate-limit groups"):
            self._client.update_item(
                TableName=self._table,
                Key=_KEY,
                UpdateExpression="SET #kind = :group",
                ExpressionAttributeNames={"#kind": kind},
                ExpressionAttributeValues={":group": {"S": group}},
            )
        self._groups[kind] = group

    def _stored(self) -> dict[RequestKind, str]:
        with aws_errors("read the rate-limit groups"):
            answer = self._client.get_item(TableName=self._table, Key=_KEY)
        item = answer.get("Item", {})
        return {kind: item[kind]["S"] for kind in RequestKind if kind in item}


_KEY: Any = {"name": {"S": NAME}}
