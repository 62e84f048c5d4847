"""The shared quota of one (service user, group) in the state table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ringvault.adapters.dynamodb.attributes import Attributes, attributes_of, number_in
from ringvault.adapters.dynamodb.versioned import VersionedItem
from ringvault.core.instants import from_epoch_ms, to_epoch_ms
from ringvault.core.quota.window import MAX_TURNS, Quota

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_WITHOUT = "the quota is read again from RingCentral's next answer"


class DynamoDBQuotaStore:
    """Loads and saves one quota; only the newest version can be changed.

    `group` is asked at each call, and may name another group than before.
    """

    def __init__(
        self,
        table_name: str,
        client: "DynamoDBClient",
        *,
        service_user: str,
        group: Callable[[], str],
        default: Quota,
    ) -> None:
        """Store the quota of `group` for `service_user`; `default` applies before a first save."""
        self._table_name = table_name
        self._client = client
        self._service_user = service_user
        self._group = group
        self._default = default

    def load(self) -> tuple[Quota, int]:
        """Return the quota and its version; a new quota has version 0.

        Values out of the quota's bounds, which earlier releases could write, are ignored.
        """
        quota, version = self._item().load(self._quota)
        return quota or self._default, version

    def save(self, quota: Quota, *, version: int) -> None:
        """Store the quota as version + 1; ConflictError when `version` is no longer current."""
        closed_until = quota.closed_until
        fields = {
            "limit": quota.limit,
            "window_ms": round(quota.window / timedelta(milliseconds=1)),
            "closings": quota.closings,
            "turns_ms": [to_epoch_ms(turn) for turn in quota.turns],
            "closed_until_ms": None if closed_until is None else to_epoch_ms(closed_until),
        }
        self._item().save(attributes_of(fields), version=version)

    def _quota(self, item: Attributes) -> Quota:
        closed_until_ms = number_in(item, "closed_until_ms")
        limit, window_ms = int(item["limit"]["N"]), int(item["window_ms"]["N"])
        turns = item["turns_ms"]["L"][-MAX_TURNS:]
        return replace(
            self._default.with_limit(limit, timedelta(milliseconds=window_ms)),
            turns=tuple(from_epoch_ms(int(turn["N"])) for turn in turns),
            closed_until=None if closed_until_ms is None else from_epoch_ms(int(closed_until_ms)),
            closings=int(item["closings"]["N"]),
        )

    def _item(self) -> VersionedItem:
        name = f"quota#{self._service_user}#{self._group()}"
        return VersionedItem(
            self._table_name, self._client, name=name, label="quota", without=_WITHOUT
        )
