"""Recordings that lie in the bucket as an archiver leaves them."""

import hashlib
from collections.abc import Mapping

from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.s3.vault import Vault
from ringvault.core.vault.layout import audio_key, sidecar_key
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, archived_of, recording_of


def catalogue_of(cloud: Cloud, outputs: Mapping[str, str]) -> CatalogueInventory:
    """Return the archive's catalogue."""
    number_index = NumberIndex(outputs["NumberIndexTableName"], cloud.dynamodb)
    table = outputs["CatalogueTableName"]
    return CatalogueInventory(table, cloud.dynamodb, number_index=number_index)


def store(cloud: Cloud, outputs: Mapping[str, str], *recording_ids: str) -> list[str]:
    """Archive recordings of those ids; return the object keys of their audio."""
    return [_stored(cloud, outputs, recording_id) for recording_id in recording_ids]


def _stored(cloud: Cloud, outputs: Mapping[str, str], recording_id: str) -> str:
    catalogue = CatalogueTable(outputs["CatalogueTableName"], cloud.dynamodb)
    vault = Vault(outputs["VaultBucketName"], cloud.s3)
    recording = recording_of(recording_id)
    content = f"audio of {recording_id}".encode()
    key = audio_key(recording, "mp3")
    stored = vault.store_audio(key, content_type="audio/mpeg", chunks=[content])
    archived = archived_of(
        recording,
        size_bytes=stored.size_bytes,
        crc32=stored.crc32,
        sha256_hex=hashlib.sha256(content).hexdigest(),
    )
    NumberIndex(outputs["NumberIndexTableName"], cloud.dynamodb).add([recording])
    catalogue.add_new([recording], listed_at=NOW)
    item = catalogue.find(recording_id)
    assert item is not None
    vault.store_sidecar(sidecar_key(recording), item=item, archived=archived)
    catalogue.set_archived(recording_id, archived)
    return key
