"""One deployed stack in virtual time: its stores, and one invocation of each function."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from benchmarks.quota.counts import Counts
from benchmarks.quota.ringcentral import Client
from benchmarks.quota.stores import (
    MemoryCatalogue,
    MemoryNumberIndex,
    MemoryProgress,
    MemoryQueue,
    MemoryQuotaStore,
    MemoryVault,
)
from benchmarks.quota.virtual_time import VirtualTime
from ringvault.core.archiving.absence import AccountEvidence
from ringvault.core.archiving.archive_recording import ArchiveOutcome, ArchiveRecording
from ringvault.core.archiving.retry_policy import RetryPolicy
from ringvault.core.listing.list_recordings import ListingResult, Quotas, list_recordings
from ringvault.core.listing.windows import Reach
from ringvault.core.quota.gate import QuotaGate
from ringvault.core.quota.window import Quota

# As in template.yaml and the handlers: schedule, timeouts, and the time reserved of them.
LISTING_EVERY_S = 300
LISTING_LATEST = timedelta(seconds=280 - 60)
ARCHIVING_TIME = timedelta(seconds=900 - 30)


@dataclass(frozen=True, slots=True)
class Stack:
    """The real core, and all its stores."""

    time: VirtualTime
    random: Random
    quotas: Mapping[str, MemoryQuotaStore]
    settings_quota: MemoryQuotaStore
    catalogue: MemoryCatalogue
    vault: MemoryVault
    queue: MemoryQueue
    progress: MemoryProgress
    number_index: MemoryNumberIndex
    reach: Reach

    def gate(self) -> QuotaGate:
        """Return the gate of a new container."""
        return self._gate(self.quotas)

    def list_once(self, gate: QuotaGate, client: Client) -> ListingResult:
        """Run the lister once and return its result."""
        light = self._gate({"": self.settings_quota})
        return list_recordings(
            call_log=client,
            quotas=Quotas(call_log=gate, media=gate, settings=light),
            catalogue=self.catalogue,
            number_index=self.number_index,
            progress=self.progress,
            queue=self.queue,
            clock=self.time.clock,
            latest=self.time.clock() + LISTING_LATEST,
            reach=self.reach,
        )

    def archive_once(self, recording_id: str, gate: QuotaGate, client: Client) -> ArchiveOutcome:
        """Archive one message and return the outcome; it is queued again as the handler does."""
        result = ArchiveRecording(
            source=client,
            quota=gate,
            catalogue=self.catalogue,
            vault=self.vault,
            account=AccountEvidence(client, gate, lambda: self.progress.load()[0].retention.period),
            clock=self.time.clock,
            jitter=self.random.random,
            deadline=self.time.clock() + ARCHIVING_TIME,
            policy=RetryPolicy(),
        )(recording_id)
        if result.outcome is ArchiveOutcome.HANDED_BACK and result.retry_at is not None:
            self.queue.send_back(recording_id, delay=result.retry_at - self.time.clock())
        return result.outcome

    def _gate(self, stores: Mapping[str, MemoryQuotaStore]) -> QuotaGate:
        return QuotaGate(
            stores, clock=self.time.clock, sleep=self.time.sleep, jitter=self.random.random
        )


def light_quota(counts: Counts) -> MemoryQuotaStore:
    """Return the quota of the group of the account's settings."""
    return MemoryQuotaStore(Quota(limit=50), counts, pause=lambda _: None)
