"""A sidecar is enough to make its catalogue item again."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ringvault.core.errors import InvalidRecordError
from ringvault.core.vault.sidecar import item_of_sidecar, sidecar_of
from tests.support.call_log_records import record
from tests.support.vault_in_memory import archived_item, recording_in

ITEM = archived_item(recording_in(record()))


def sidecar(**changes: Any) -> dict[str, Any]:
    """Return the sidecar of ITEM as it is read from the bucket, some of its fields changed."""
    assert ITEM.archived is not None
    document: dict[str, Any] = json.loads(json.dumps(sidecar_of(ITEM, ITEM.archived)))
    return document | changes


def test_an_item_comes_back_from_its_sidecar() -> None:
    """Equal to the lost one, but for the attempts, which only the catalogue knew."""
    assert item_of_sidecar(sidecar()) == ITEM
    assert item_of_sidecar(sidecar(duration_s=None, extension_id=None)).recording == replace(
        ITEM.recording, duration_s=None, extension_id=None
    )


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        sidecar(schema_version=2),
        sidecar(recording_id="../x"),
        sidecar(recording_id=7),
        sidecar(started_at="yesterday"),
        sidecar(size_bytes="many"),
        {name: value for name, value in sidecar().items() if name != "sha256_hex"},
    ],
)
def test_what_ringvault_did_not_write_is_refused(document: Any) -> None:
    """Nothing is restored from what somebody else put there."""
    with pytest.raises(InvalidRecordError):
        item_of_sidecar(document)
