"""An archive whose recordings are held and erased: catalogue, number index and versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.lifecycle import CatalogueHolds
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.s3.vault import Vault
from ringvault.adapters.s3.versions import VaultErasures, VaultHolds
from ringvault.core.catalogue.item import CatalogueItem, Hold
from ringvault.core.catalogue.recording import Recording
from ringvault.core.catalogue.selection import Chosen, chosen_of
from ringvault.core.lifecycle.erase_recordings import EraseRecordings, ErasureOutcome
from ringvault.core.lifecycle.hold_recordings import (
    HoldOutcome,
    hold_recordings,
    release_recordings,
)
from ringvault.core.vault.layout import sidecar_key
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, archived_of, recording_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NUMBER = "+1 (650) 555-0100"
HOLD = Hold("file 12-345", since=NOW, by="AIDALAWYER")


@dataclass(frozen=True, slots=True)
class KeptArchive:
    """Tables in moto, and a bucket wherever `s3` leads."""

    cloud: Cloud
    s3: "S3Client"
    catalogue_table: str
    number_index_table: str
    bucket: str

    @classmethod
    def new(cls, cloud: Cloud, *, s3: "S3Client", bucket: str) -> "KeptArchive":
        """Return one with nothing in it."""
        tables = cloud.make_table("CatalogueTable"), cloud.make_table("NumberIndexTable")
        return cls(cloud, s3, *tables, bucket)

    @property
    def catalogue(self) -> CatalogueTable:
        """The catalogue, to list and archive."""
        return CatalogueTable(self.catalogue_table, self.cloud.dynamodb)

    @property
    def holds(self) -> CatalogueHolds:
        """The catalogue, to hold and erase."""
        return CatalogueHolds(self.catalogue_table, self.cloud.dynamodb)

    @property
    def vault(self) -> Vault:
        """The bucket, to archive."""
        return Vault(self.bucket, self.s3)

    @property
    def vault_holds(self) -> VaultHolds:
        """The bucket, to hold."""
        return VaultHolds(self.bucket, self.s3)

    @property
    def erasures(self) -> VaultErasures:
        """The bucket, to erase."""
        return VaultErasures(self.bucket, self.s3)

    @property
    def pointers(self) -> NumberIndex:
        """The number index."""
        return NumberIndex(self.number_index_table, self.cloud.dynamodb)

    def archive(
        self, recording_id: str, *, archived_at: datetime = NOW, **changes: Any
    ) -> Recording:
        """Archive a recording of NUMBER, its sidecar written twice."""
        record = {"id": f"call-{recording_id}", "from": {"phoneNumber": NUMBER, "name": "Ann Lee"}}
        recording = recording_of(recording_id, **{"call_record": record, **changes})
        archived = archived_of(recording, archived_at=archived_at)
        self.pointers.add([recording])
        self.catalogue.add_new([recording], listed_at=NOW)
        self.vault.store_audio(archived.object_key, content_type="audio/mpeg", chunks=[b"ID3 hi"])
        for _ in range(2):
            self.vault.store_sidecar(
                sidecar_key(recording), item=self.item(recording_id), archived=archived
            )
        self.catalogue.set_archived(recording_id, archived)
        return recording

    def item(self, recording_id: str) -> CatalogueItem:
        """Return the item of a recording that is there."""
        item = self.catalogue.find(recording_id)
        assert item is not None
        return item

    def chosen(self, *recording_ids: str) -> Sequence[Chosen]:
        """Return recordings as a selection does."""
        return [chosen_of(self.item(it)) for it in recording_ids]

    def hold(self, *recording_ids: str, hold: Hold = HOLD) -> list[HoldOutcome]:
        """Hold recordings; return what became of each."""
        found = hold_recordings(
            self.chosen(*recording_ids),
            hold,
            catalogue=self.holds,
            vault=self.vault_holds,
            at_once=in_turn,
        )
        return [outcome for some in found for outcome in some]

    def release(self, *recording_ids: str) -> list[HoldOutcome]:
        """Release recordings; return what became of each."""
        found = release_recordings(
            self.chosen(*recording_ids),
            catalogue=self.holds,
            vault=self.vault_holds,
            at_once=in_turn,
        )
        return [outcome for some in found for outcome in some]

    def erase(self, *recording_ids: str, at: datetime = NOW, **others: Any) -> list[ErasureOutcome]:
        """Erase recordings; return what became of each."""
        parts: Any = {"catalogue": self.holds, "vault": self.erasures, "pointers": self.pointers}
        erase = EraseRecordings(clock=lambda: at, by="AIDAERASER", **(parts | others))
        found = erase(self.chosen(*recording_ids), at_once=in_turn)
        return [outcome for some in found for _, outcome in some]

    def versions(self) -> list[str]:
        """Return the key of every version and delete marker but of proofs."""
        found: Any = self.s3.list_object_versions(Bucket=self.bucket)
        entries = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
        return [it["Key"] for it in entries if not it["Key"].startswith("erasures/")]

    def everything(self) -> str:
        """Return all that tables and bucket hold, as one text, compressed records unpacked."""
        tables = (self.catalogue_table, self.number_index_table)
        told = [str(self.cloud.dynamodb.scan(TableName=table)["Items"]) for table in tables]
        ids = [it["recording_id"]["S"] for it in self._items()]
        told += [str(self.catalogue.find(it)) for it in ids]
        keys = [it["Key"] for it in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())]
        told += [
            key + self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()
            for key in keys
        ]
        return "\n".join(told)

    def _items(self) -> list[Any]:
        return list(self.cloud.dynamodb.scan(TableName=self.catalogue_table)["Items"])


def in_turn(do: Any, things: Any) -> list[Any]:
    """Do one after the other."""
    return [do(thing) for thing in things]
