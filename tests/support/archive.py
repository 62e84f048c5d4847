"""A simulated account that has been archived whole, and its reconciliation on pretended time."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.ringcentral.http.server import Simulator
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import ListingProgressStore, ReconciliationProgressStore
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.adapters.s3.vault import Vault
from ringvault.core.archiving.absence import AccountEvidence
from ringvault.core.archiving.archive_recording import ArchiveOutcome, ArchiveRecording
from ringvault.core.archiving.retry_policy import RetryPolicy
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem
from ringvault.core.catalogue.recording import read_record
from ringvault.core.listing.windows import ListingProgress
from ringvault.core.reconciliation.reconcile_archive import ReconciliationResult, reconcile_archive
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import Period, Span
from ringvault.core.vault.layout import sidecar_key
from tests.support.cloud import Cloud
from tests.support.line import Line, line_to
from tests.support.moving_time import MovingTime

MAX_INVOCATIONS = 50
REACH = timedelta(days=8)
WIDE_LOOK_BACK = timedelta(days=1)


@dataclass
class Archive:
    """The catalogue, the bucket and the state of one account."""

    cloud: Cloud
    time: MovingTime
    line: Line
    table: str
    number_index: NumberIndex
    state_table: str
    bucket: str

    @property
    def catalogue(self) -> CatalogueInventory:
        """Return the catalogue, to be repaired."""
        return CatalogueInventory(self.table, self.cloud.dynamodb, number_index=self.number_index)

    @property
    def vault(self) -> VaultInventory:
        """Return the bucket."""
        return VaultInventory(self.bucket, self.cloud.s3)

    @property
    def progress(self) -> ReconciliationProgressStore:
        """Return how far reconciliation has come."""
        return ReconciliationProgressStore(self.state_table, self.cloud.dynamodb)

    def list_all(self) -> None:
        """List every call, as a lister does that has nothing left to read."""
        now = self.time()
        page = self.line.client.first_page(Span(now - REACH, now), self.line.turn())
        assert page.next_uri is None
        recordings = [it for record in page.records for it in read_record(record).recordings]
        self.catalogue.add_indexed(
            list({it.recording_id: it for it in recordings}.values()), listed_at=now
        )
        listing = ListingProgressStore(self.state_table, self.cloud.dynamodb)
        _, version = listing.load()
        opened_to = dict.fromkeys(("short", "deep", "wide"), now)
        listing.save(ListingProgress(opened_to=opened_to), version=version)

    def archive_recording(self, recording_id: str) -> ArchiveOutcome:
        """Bring one recording into the vault."""
        return ArchiveRecording(
            source=self.line.client,
            quota=self.line.gates[RequestKind.MEDIA],
            catalogue=CatalogueTable(self.table, self.cloud.dynamodb),
            vault=Vault(self.bucket, self.cloud.s3),
            account=AccountEvidence(self.line.client, self.line.gate, lambda: Retention().period),
            clock=self.time,
            jitter=lambda: 0.5,
            deadline=self.time() + timedelta(seconds=870),
            policy=RetryPolicy(),
        )(recording_id).outcome

    def invoke(self, asked: Period | None = None) -> ReconciliationResult:
        """Reconcile for one invocation."""
        return reconcile_archive(
            asked=asked,
            daily_reach=REACH,
            call_log=self.line.client,
            quota=self.line.gate,
            catalogue=self.catalogue,
            vault=self.vault,
            listing=ListingProgressStore(self.state_table, self.cloud.dynamodb),
            wide_look_back=WIDE_LOOK_BACK,
            progress=self.progress,
            clock=self.time,
            latest=self.time() + timedelta(seconds=500),
        )

    def reconcile(self, asked: Period | None = None) -> dict[str, Any]:
        """Reconcile until the report is written, and return it."""
        for _ in range(MAX_INVOCATIONS):
            result = self.invoke(asked or self.period)
            assert result.problem is None, result.problem
            if result.report is not None:
                stored = self.cloud.read(self.bucket, result.report.document_key)
                assert stored == result.report.document
                report: dict[str, Any] = json.loads(stored)
                return report
        raise AssertionError("the reconciliation never comes to its end")

    @property
    def period(self) -> Period:
        """All days that the account has."""
        return Period((self.time() - REACH).date(), self.time().date())

    def item(self, recording_id: str) -> CatalogueItem:
        """Return the item of a recording that is in the catalogue."""
        item = self.catalogue.find(recording_id)
        assert item is not None
        return item

    def archived(self, recording_id: str) -> ArchivedObject:
        """Return what the catalogue says of an archived recording's object."""
        archived = self.item(recording_id).archived
        assert archived is not None
        return archived

    def delete_item(self, recording_id: str) -> None:
        """Lose the catalogue item."""
        key: Any = {"recording_id": {"S": recording_id}}
        self.cloud.dynamodb.delete_item(TableName=self.table, Key=key)

    def delete_audio(self, recording_id: str) -> None:
        """Lose the audio."""
        self.cloud.s3.delete_object(Bucket=self.bucket, Key=self.archived(recording_id).object_key)

    def delete_sidecar(self, recording_id: str) -> None:
        """Lose the sidecar."""
        key = sidecar_key(self.item(recording_id).recording)
        self.cloud.s3.delete_object(Bucket=self.bucket, Key=key)

    def alter_audio(self, recording_id: str, alter: Callable[[bytes], bytes]) -> None:
        """Put something else where the audio was."""
        key = self.archived(recording_id).object_key
        content = alter(self.cloud.read(self.bucket, key))
        self.cloud.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def sidecar(self, recording_id: str) -> dict[str, Any]:
        """Return what the sidecar holds."""
        key = sidecar_key(self.item(recording_id).recording)
        sidecar: dict[str, Any] = json.loads(self.cloud.read(self.bucket, key))
        return sidecar


def archived_account(simulator: Simulator, *, cloud: Cloud, time: MovingTime) -> Archive:
    """Return the archive of an account, each recording listed, archived and verified."""
    archive = Archive(
        cloud=cloud,
        time=time,
        line=line_to(simulator.base_url, cloud=cloud, time=time),
        table=cloud.make_table("CatalogueTable"),
        number_index=NumberIndex(cloud.make_table("NumberIndexTable"), cloud.dynamodb),
        state_table=cloud.make_table("StateTable"),
        bucket=cloud.make_bucket(),
    )
    archive.list_all()
    for recording_id in simulator.account.recordings:
        assert archive.archive_recording(recording_id) is ArchiveOutcome.ARCHIVED
    return archive
