"""How far the verification has come, in the state table: it goes on from any machine."""

import json
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ringvault.adapters.dynamodb.item import inflated
from ringvault.adapters.dynamodb.versioned import VersionedItem
from ringvault.core.fixity.check import Condition, Damage
from ringvault.core.fixity.verification import Sample, Verification
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.playback.search_parameters import Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VERIFICATION_NAME = "verification_progress"


class VerificationProgressStore:
    """Loads and saves the last verification; whoever saves has to have loaded the newest."""

    def __init__(self, table_name: str, client: "DynamoDBClient") -> None:
        self._item = VersionedItem(
            table_name,
            client,
            name=VERIFICATION_NAME,
            called="verification progress",
            without="ringvault verify begins again",
        )

    def load(self) -> tuple[Verification | None, int]:
        """Return the last one, None before the first, and its version."""
        return self._item.load(
            lambda item: _verification(json.loads(inflated(item["verification"]["B"])))
        )

    def save(self, verification: Verification, *, version: int) -> int:
        """Store it and return the new version; ConflictError when `version` is not current."""
        document = json.dumps(_document(verification), separators=(",", ":"))
        packed = {"B": zlib.compress(document.encode())}
        return self._item.save({"verification": packed}, version=version)


def _document(verification: Verification) -> dict[str, Any]:
    position, finished_at = verification.position, verification.finished_at
    return {
        "sample": verification.selection.sample,
        "seed": verification.selection.seed,
        "started_at": format_instant(verification.started_at),
        "total": verification.total,
        "position": position and [format_instant(position.started_at), position.recording_id],
        "verdicts": dict(verification.verdicts),
        "read_bytes": verification.read_bytes,
        "damages": [asdict(damage) for damage in verification.damages],
        "unnamed": verification.unnamed,
        "finished_at": finished_at and format_instant(finished_at),
    }


def _verification(document: dict[str, Any]) -> Verification:
    position, finished_at = document["position"], document["finished_at"]
    return Verification(
        selection=Sample(document["sample"], document["seed"]),
        started_at=parse_instant(document["started_at"]),
        total=document["total"],
        position=position and Position(parse_instant(position[0]), position[1]),
        verdicts=document["verdicts"],
        read_bytes=document["read_bytes"],
        damages=tuple(_damage(fields) for fields in document["damages"]),
        unnamed=document["unnamed"],
        finished_at=finished_at and parse_instant(finished_at),
    )


def _damage(fields: dict[str, Any]) -> Damage:
    return Damage(**{**fields, "verdict": Condition(fields["verdict"])})
