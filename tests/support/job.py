"""Lister and archiver on pretended time, with a catalogue, a vault and a queue of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import ListingProgressStore
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.adapters.s3.vault import Vault
from ringvault.core.archiving.absence import AccountEvidence
from ringvault.core.archiving.archive_recording import (
    ArchiveOutcome,
    ArchiveRecording,
    ArchiveResult,
)
from ringvault.core.archiving.retry_policy import RetryPolicy
from ringvault.core.catalogue.item import CatalogueItem
from ringvault.core.listing.list_recordings import ListingResult, Quotas, list_recordings
from ringvault.core.listing.windows import Reach
from tests.support.cloud import Cloud
from tests.support.line import Line
from tests.support.moving_time import MovingTime


@dataclass
class Conveyor:
    """The queue in memory: what SQS itself does wrong is tested elsewhere."""

    time: MovingTime
    messages: list[tuple[datetime, str]] = field(default_factory=list)

    def depth(self) -> tuple[int, int]:
        """Return how many wait, delayed ones too; none is in flight while the lister runs."""
        return len(self.messages), 0

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Take all."""
        self.messages += [(self.time(), recording_id) for recording_id in recording_ids]
        return recording_ids

    def send_back(self, recording_id: str, *, at: datetime) -> None:
        """Take one that is not to be seen before `at`."""
        self.messages.append((at, recording_id))

    def take(self) -> list[str]:
        """Return what can be seen, and keep the rest."""
        now = self.time()
        taken = [recording_id for at, recording_id in self.messages if at <= now]
        self.messages = [message for message in self.messages if message[0] > now]
        return taken


@dataclass
class Job:
    """The main job, one invocation after the other."""

    cloud: Cloud
    time: MovingTime
    line: Line
    catalogue: CatalogueTable
    number_index: NumberIndex
    bucket: str
    progress: ListingProgressStore
    queue: Conveyor

    def list_once(self, *, first_run_reach: timedelta = timedelta(days=30)) -> ListingResult:
        """Run the lister once."""
        return list_recordings(
            call_log=self.line.client,
            quotas=Quotas(
                call_log=self.line.gates[RequestKind.CALL_LOG],
                media=self.line.gates[RequestKind.MEDIA],
                settings=self.line.gates[RequestKind.SETTINGS],
            ),
            catalogue=self.catalogue,
            number_index=self.number_index,
            progress=self.progress,
            queue=self.queue,
            clock=self.time,
            latest=self.time() + timedelta(seconds=220),
            reach=Reach(first_run=first_run_reach),
        )

    def archive(self, recording_id: str, *, jitter: float = 0.5) -> ArchiveResult:
        """Deliver a recording to an archiver."""
        result = ArchiveRecording(
            source=self.line.client,
            quota=self.line.gates[RequestKind.MEDIA],
            catalogue=self.catalogue,
            vault=Vault(self.bucket, self.cloud.s3),
            account=AccountEvidence(
                self.line.client,
                self.line.gates[RequestKind.CALL_LOG],
                lambda: self.progress.load()[0].retention.period,
            ),
            clock=self.time,
            jitter=lambda: jitter,
            deadline=self.time() + timedelta(seconds=870),
            policy=RetryPolicy(),
        )(recording_id)
        if result.outcome is ArchiveOutcome.HANDED_BACK and result.retry_at is not None:
            self.queue.send_back(recording_id, at=result.retry_at)
        return result

    def item(self, recording_id: str) -> CatalogueItem:
        """Return the item of a recording that is in the catalogue."""
        item = self.catalogue.find(recording_id)
        assert item is not None
        return item


def job_with(line: Line, cloud: Cloud, bucket: str) -> Job:
    """Return a job that has done nothing yet."""
    return Job(
        cloud=cloud,
        time=line.time,
        line=line,
        catalogue=CatalogueTable(cloud.make_table("CatalogueTable"), cloud.dynamodb),
        number_index=NumberIndex(cloud.make_table("NumberIndexTable"), cloud.dynamodb),
        bucket=bucket,
        progress=ListingProgressStore(cloud.make_table("StateTable"), cloud.dynamodb),
        queue=Conveyor(line.time),
    )
