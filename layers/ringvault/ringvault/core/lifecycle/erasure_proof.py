"""The proof that a recording was erased: what, when and by whom, and nothing about a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.catalogue.recording import Recording, is_recording_id
from ringvault.core.catalogue.tombstone import tombstone
from ringvault.core.errors import InvalidRecordError
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.vault.layout import proof_key

SCHEMA_VERSION = 1


def proof_of(item: CatalogueItem, *, erased_at: datetime) -> dict[str, Any]:
    """Return the proof for an item that is being erased; `sha256_hex` is that of its audio.

    What was never in the vault has no key, digest and size.

    Raises:
        ValueError: it is not being erased.
    """
    if item.erasure is None:
        raise ValueError("the item is not being erased")
    recording, archived = item.recording, item.archived
    return {
        "schema_version": SCHEMA_VERSION,
        "recording_id": recording.recording_id,
        "account_id": recording.account_id,
        "started_at": format_instant(recording.started_at),
        "listed_at": format_instant(item.listed_at),
        "object_key": archived and archived.object_key,
        "size_bytes": archived and archived.size_bytes,
        "sha256_hex": archived and archived.sha256_hex,
        "erasure_began_at": format_instant(item.erasure.began_at),
        "erased_at": format_instant(erased_at),
        "erased_by": item.erasure.by,
    }


def tombstone_of(item: CatalogueItem) -> CatalogueItem:
    """Return what stays of an item that was erased."""
    return tombstone(item, State.ERASED, reason=f"erased; the proof is {proof_key(item.recording)}")


def tombstone_of_proof(proof: Mapping[str, Any]) -> CatalogueItem:
    """Return the same out of a proof.

    Raises:
        InvalidRecordError: it is none that ringvault wrote.
    """
    try:
        recording = Recording(
            recording_id=_id_in(proof),
            account_id=proof["account_id"],
            content_uri="",
            started_at=parse_instant(proof["started_at"]),
            duration_s=None,
            extension_id=None,
            call_record={},
        )
        listed_at = parse_instant(proof["listed_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecordError("a proof of erasure is not of ringvault's writing") from error
    return tombstone_of(CatalogueItem(recording, State.ERASED, listed_at=listed_at))


def _id_in(proof: Mapping[str, Any]) -> str:
    if proof["schema_version"] != SCHEMA_VERSION or not is_recording_id(proof["recording_id"]):
        raise ValueError("another schema, or no recording")
    return str(proof["recording_id"])
