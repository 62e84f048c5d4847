"""Everything fails at once: every fault of the simulator at random, and nothing is lost.

Time is pretended, sockets are real. `SOAK_RECORDINGS=2000` runs it at length.
"""

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from local.simulator.chaos import Chaos
from local.simulator.options import Options, Quota, quotas_with
from local.simulator.server import Simulator
from ringvault.adapters.catalogue_table import CatalogueTable
from ringvault.adapters.listing_progress import ListingProgressStore
from ringvault.adapters.number_index import NumberIndex
from ringvault.adapters.vault import Vault
from ringvault.core.archive_recording import ArchiveRecording, Outcome
from ringvault.core.catalogue import CatalogueItem, State
from ringvault.core.list_recordings import list_recordings
from ringvault.core.retry_policy import RetryPolicy
from tests.integration.cloud import Cloud
from tests.integration.line import Line, line_to
from tests.integration.moving_time import MovingTime

RECORDINGS = int(os.environ.get("SOAK_RECORDINGS", "40"))
GONE = RECORDINGS // 20
FAULT_RATE = 0.3
# Twelve attempts of a recording span two days; a run that takes longer than a week is stuck.
LONGEST = timedelta(days=7)


@dataclass
class Conveyor:
    """The queue in memory: what SQS itself does wrong is tested elsewhere."""

    ids: deque[str] = field(default_factory=deque)

    def depth(self) -> tuple[int, int]:
        """Return how many wait; none is in flight while the lister runs."""
        return len(self.ids), 0

    def send(self, recording_ids: Sequence[str]) -> Sequence[str]:
        """Take all."""
        self.ids.extend(recording_ids)
        return recording_ids


@dataclass
class Soak:
    """The main job on pretended time, one invocation after the other."""

    cloud: Cloud
    line: Line
    time: MovingTime
    catalogue: CatalogueTable
    number_index: NumberIndex
    progress: ListingProgressStore
    vault: Vault
    queue: Conveyor = field(default_factory=Conveyor)
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self) -> None:
        """List and archive until no window is open and nothing is on its way."""
        ends_at = self.time() + LONGEST
        while self._list() or self._is_anything_open():
            assert self.time() < ends_at, self.outcomes
            # As many as wait now: one that is handed back comes again when time has passed.
            for _ in range(len(self.queue.ids)):
                self._archive(self.queue.ids.popleft())
            self.time.sleep(60)

    def _list(self) -> bool:
        result = list_recordings(
            call_log=self.line.client,
            quota=self.line.gate,
            catalogue=self.catalogue,
            number_index=self.number_index,
            progress=self.progress,
            queue=self.queue,
            clock=self.time,
            latest=self.time() + timedelta(seconds=220),
            first_run_reach=timedelta(days=30),
        )
        return bool(result.windows_open or result.problem)

    def _archive(self, recording_id: str) -> None:
        archive = ArchiveRecording(
            source=self.line.client,
            quota=self.line.gate,
            catalogue=self.catalogue,
            vault=self.vault,
            clock=self.time,
            jitter=lambda: 1.0,
            deadline=self.time() + timedelta(seconds=870),
            policy=RetryPolicy(),
        )
        result = archive(recording_id)
        self.outcomes.append(result.outcome)
        if result.outcome is Outcome.HANDED_BACK:
            self.queue.send([recording_id])

    def _is_anything_open(self) -> bool:
        far_future = self.time() + LONGEST
        return bool(list(self.catalogue.candidates(most=1, now=far_future)))

    def item(self, recording_id: str) -> CatalogueItem:
        """Return the item of a recording, which has to be there."""
        item = self.catalogue.find(recording_id)
        assert item is not None
        return item


def soaked(cloud: Cloud, simulator: Simulator, *, bucket: str, time: MovingTime) -> Soak:
    """Run the job against a simulator to its end."""
    soak = Soak(
        cloud=cloud,
        line=line_to(simulator.base_url, cloud=cloud, time=time),
        time=time,
        catalogue=CatalogueTable(cloud.make_table("CatalogueTable"), cloud.dynamodb),
        number_index=NumberIndex(cloud.make_table("NumberIndexTable"), cloud.dynamodb),
        progress=ListingProgressStore(cloud.make_table("StateTable"), cloud.dynamodb),
        vault=Vault(bucket, cloud.s3),
    )
    soak.run()
    return soak


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_with_every_fault_at_random_all_are_accounted_for(
    cloud: Cloud, bucket: str, time: MovingTime, seed: int
) -> None:
    """Archived byte for byte, or ABSENT with the right reason; and no token went abroad."""
    chaos = Chaos(probability=FAULT_RATE, seed=seed, stall_s=0.05)
    options = Options(
        recordings=RECORDINGS,
        days=20,
        gone=GONE,
        seed=seed,
        chaos=chaos,
        quotas=quotas_with(heavy=Quota(100, 10, 10)),
    )
    with Simulator(options, clock=time) as simulator:
        soak = soaked(cloud, simulator, bucket=bucket, time=time)
        books: Any = simulator.books()

    assert len(books["recordings"]) == RECORDINGS
    for recording in books["recordings"]:
        item = soak.item(recording["id"])
        if recording["gone"]:
            assert item.state is State.ABSENT, (recording["id"], item.reason)
            assert "404" in str(item.reason)
            continue
        assert item.state is State.ARCHIVED, (recording["id"], item.state, item.reason)
        assert item.archived is not None
        assert item.archived.sha256_hex == recording["sha256"]
        stored = cloud.read(bucket, item.archived.object_key)
        assert len(stored) == recording["size"] == item.archived.size_bytes
    assert cloud.open_uploads_in(bucket) == []
    assert books["foreignHost"]["authorized"] == 0
    print(_told(soak, books))  # noqa: T201 - what a long run came to


def _told(soak: Soak, books: dict[str, Any]) -> str:
    counts = {outcome.value: soak.outcomes.count(outcome) for outcome in sorted(set(soak.outcomes))}
    return f"{RECORDINGS} recordings: {counts}; {books['requests']}, {books['throttled']} times 429"
