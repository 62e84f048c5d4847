"""The rate-limit group of each kind of request, in the state table."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ringvault.adapters.aws.errors import aws_errors
from ringvault.adapters.dynamodb.attributes import attribute_of
from ringvault.core.instants import Clock, from_epoch_ms, to_epoch_ms

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "rate_limit_groups"
HEAVY = "heavy"
# Another container may have found another group meanwhile.
READ_AGAIN_AFTER = timedelta(minutes=1)
# RingCentral changes its plans by the month, so two moves within an hour are an error.
MIN_STAY = timedelta(hours=1)

# A word: neither a phone number nor a token.
_GROUP = re.compile(r"[a-z]{1,16}(-[a-z]{1,16})?")


class RequestKind(StrEnum):
    """The kind of a request."""

    CALL_LOG = "call_log"
    MEDIA = "media"
    SETTINGS = "settings"


class RateLimitGroups:
    """Knows the group of each kind: Heavy, until answers name another in `X-Rate-Limit-Group`.

    A new group starts with an unused quota. So a single answer moves no kind: two in a row must
    agree, and a kind moves at most once in MIN_STAY, except back to Heavy.
    """

    def __init__(self, table_name: str, client: "DynamoDBClient", *, clock: Clock) -> None:
        self._table = table_name
        self._client = client
        self._clock = clock
        self._item: dict[str, Any] = {}
        self._read_at: datetime | None = None

    def of(self, kind: RequestKind) -> str:
        """Return the group, as it was stored within the last minute."""
        now = self._clock()
        if self._read_at is None or now - self._read_at >= READ_AGAIN_AFTER:
            self._item = self._stored()
            self._read_at = now
        return self._text(kind) or HEAVY

    def learn(self, kind: RequestKind, reported: str) -> bool:
        """Take the group of an answer; return whether it is the known one afterwards.

        A text that can't be a group's name is ignored; an answer without one counts as known.
        """
        group, known = reported.strip().lower(), self.of(kind)
        offered = self._text(_offered(kind))
        if not _GROUP.fullmatch(group):
            return not group
        if group == known:
            if offered:
                self._change({_offered(kind): None})
            return True
        if group != offered:
            self._change({_offered(kind): attribute_of(group)})
            return False
        if group != HEAVY and not self._may_move(kind):
            return False
        moved_at = attribute_of(to_epoch_ms(self._clock()))
        self._change({kind: attribute_of(group), _offered(kind): None, _moved_at(kind): moved_at})
        return True

    def _may_move(self, kind: RequestKind) -> bool:
        moved_at = self._item.get(_moved_at(kind))
        if moved_at is None:
            return True
        return self._clock() - from_epoch_ms(int(moved_at["N"])) >= MIN_STAY

    def _text(self, name: str) -> str:
        value: str = self._item.get(name, {}).get("S", "")
        return value

    def _change(self, changes: Mapping[str, Any]) -> None:
        """Set attributes of the item, and remove those that are None."""
        set_to = {name: value for name, value in changes.items() if value is not None}
        gone = [name for name in changes if name not in set_to]
        clauses = ("SET " + ", ".join(f"#{name} = :{name}" for name in set_to)) if set_to else ""
        clauses += (" REMOVE " + ", ".join(f"#{name}" for name in gone)) if gone else ""
        values: Any = {f":{name}": value for name, value in set_to.items()}
        with aws_errors("change the rate-limit groups"):
            self._client.update_item(
                TableName=self._table,
                Key=_KEY,
                UpdateExpression=clauses,
                ExpressionAttributeNames={f"#{name}": name for name in changes},
                **({"ExpressionAttributeValues": values} if values else {}),
            )
        for name in gone:
            self._item.pop(name, None)
        self._item |= set_to

    def _stored(self) -> dict[str, Any]:
        with aws_errors("read the rate-limit groups"):
            answer = self._client.get_item(TableName=self._table, Key=_KEY)
        return dict(answer.get("Item", {}))


def _offered(kind: RequestKind) -> str:
    return f"{kind}_offered"


def _moved_at(kind: RequestKind) -> str:
    return f"{kind}_moved_at_ms"


_KEY: Any = {"name": {"S": NAME}}
