"""The shared quota of one (service user, group) in the state table."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ringvault.adapters.dynamodb.versioned import VersionedItem
from ringvault.core.instants import from_epoch_ms, to_epoch_ms
from ringvault.core.quota.window import MAX_TURNS, Quota

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_WITHOUT = "the quota is learnt again from RingCentral's next answer"


class DynamoDBQuotaStore:
    """Loads and saves one quota; whoever saves has to have loaded the newest.

    `group` may name another group from one call to the next: then it is that group's quota.
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
        """Keep the quota of `group` for `service_user`; `default` holds until a first save."""
        self._table_name = table_name
        self._client = client
        self._service_user = service_user
        self._group = group
        self._default = default

    def load(self) -> tuple[Quota, int]:
        """Return the quota and its version; a new quota has version 0.

        What an item holds out of the quota's bounds, as earlier releases could write, is left out.
        """
        quota, version = self._item().load(self._quota)
        return quota or self._default, version

    def save(self, quota: Quota, *, version: int) -> None:
        """Store the quota as version + 1; ConflictError when `version` is no longer current."""
        item: dict[str, Any] = {
            "limit": {"N": str(quota.limit)},
            "window_ms": {"N": str(round(quota.window / timedelta(milliseconds=1)))},
            "closings": {"N": str(quota.closings)},
            "turns_ms": {"L": [{"N": str(to_epoch_ms(turn))} for turn in quota.turns]},
        }
        if quota.closed_until is not None:
            item["closed_until_ms"] = {"N": str(to_epoch_ms(quota.closed_until))}
        self._item().save(item, version=version)

    def _quota(self, item: Mapping[str, Any]) -> Quota:
        closed_until = item.get("closed_until_ms")
        limit, window_ms = int(item["limit"]["N"]), int(item["window_ms"]["N"])
        turns = item["turns_ms"]["L"][-MAX_TURNS:]
        return replace(
            self._default.with_limit(limit, timedelta(milliseconds=window_ms)),
            turns=tuple(from_epoch_ms(int(turn["N"])) for turn in turns),
            closed_until=from_epoch_ms(int(closed_until["N"])) if closed_until else None,
            closings=int(item["closings"]["N"]),
        )

    def _item(self) -> VersionedItem:
        name = f"quota#{self._service_user}#{self._group()}"
        return VersionedItem(
            self._table_name, self._client, name=name, called="quota", without=_WITHOUT
        )
