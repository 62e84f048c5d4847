"""Everything fails at once: every fault of the simulator at random, and nothing is lost.

Time is pretended, sockets are real. `SOAK_RECORDINGS=2000` runs it at length.
"""

import json
import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from functions.archive_recording import handler as archive_recording_handler
from functions.list_recordings import handler as list_recordings_handler
from local.simulator.chaos import Chaos
from local.simulator.options import Options
from local.simulator.server import Simulator
from ringvault.core.archive_recording import Outcome
from ringvault.core.catalogue import State
from ringvault.observability import failure_of, logger
from tests.integration.cloud import Cloud
from tests.integration.deployed import secrets_of
from tests.integration.job import Job, job_with
from tests.integration.line import line_to
from tests.integration.moving_time import MovingTime

RECORDINGS = int(os.environ.get("SOAK_RECORDINGS", "24"))
GONE = RECORDINGS // 20
FAULT_RATE = 0.3
# Twelve attempts of a recording span two days; a run that takes longer than a week is stuck.
LONGEST = timedelta(days=7)


@dataclass
class Soak:
    """The main job to its end; logs what the functions log."""

    job: Job
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self) -> None:
        """List and archive until no window is open and nothing is on its way."""
        ends_at = self.job.time() + LONGEST
        while self._list() or self._is_anything_open():
            assert self.job.time() < ends_at, self.outcomes
            for recording_id in self.job.queue.take():
                self._archive(recording_id)
            self.job.time.sleep(60)

    def _list(self) -> bool:
        result = self.job.list_once()
        told = list_recordings_handler._told(result)
        if result.problem:
            told |= failure_of(result.problem)
        logger().info("list_recordings", **told)
        return bool(result.windows_open or result.problem)

    def _archive(self, recording_id: str) -> None:
        result = self.job.archive(recording_id, jitter=1.0)
        logger().info("archive_recording", **archive_recording_handler._told(result))
        self.outcomes.append(result.outcome)

    def _is_anything_open(self) -> bool:
        far_future = self.job.time() + LONGEST
        return bool(list(self.job.catalogue.candidates(most=1, now=far_future)))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_with_every_fault_at_random_all_are_accounted_for(
    cloud: Cloud, bucket: str, time: MovingTime, log: list[dict[str, Any]], seed: int
) -> None:
    """Archived byte for byte, or ABSENT with the right reason; and what is secret stays so."""
    chaos = Chaos(probability=FAULT_RATE, seed=seed, stall_s=0.05)
    options = Options(recordings=RECORDINGS, days=20, gone=GONE, seed=seed, chaos=chaos)
    with Simulator(options, clock=time) as simulator:
        soak = Soak(job_with(line_to(simulator.base_url, cloud=cloud, time=time), cloud, bucket))
        soak.run()
        books: Any = simulator.books()

    assert len(books["recordings"]) == RECORDINGS
    for recording in books["recordings"]:
        _assert_accounted_for(recording, job=soak.job)
    assert cloud.open_uploads_in(bucket) == []
    assert books["throttled"] == 0
    _assert_nothing_is_told(simulator, log, job=soak.job)
    print(_told(soak, books))  # noqa: T201 - what a long run came to


def _assert_accounted_for(recording: Any, *, job: Job) -> None:
    """Check one recording of the simulator's books."""
    item = job.item(recording["id"])
    if recording["gone"]:
        assert item.state is State.ABSENT, (recording["id"], item.reason)
        assert "404" in str(item.reason)
        return
    assert item.state is State.ARCHIVED, (recording["id"], item.state, item.reason)
    assert item.archived is not None
    assert item.archived.sha256_hex == recording["sha256"]
    stored = job.cloud.read(job.bucket, item.archived.object_key)
    assert len(stored) == recording["size"] == item.archived.size_bytes


def _assert_nothing_is_told(simulator: Simulator, log: list[dict[str, Any]], *, job: Job) -> None:
    """Check that no log line, reason or key holds a secret, and that none went abroad."""
    secrets = secrets_of(simulator)
    assert secrets > set(simulator._api._tokens.minted) != set()
    assert len(log) > RECORDINGS
    assert not [line for line in log if _holds_any(secrets, json.dumps(line))]
    reasons = [job.item(name).reason for name in simulator.account.recordings]
    assert not [reason for reason in reasons if _holds_any(secrets, str(reason))]
    assert not [key for key in job.cloud.keys_in(job.bucket) if _holds_any(secrets, key)]
    seen_abroad = simulator.foreign_host.seen
    assert seen_abroad
    assert not [request for request in seen_abroad if "authorization" in request.headers]
    assert not [request for request in seen_abroad if _holds_any(secrets, str(request))]


def _holds_any(secrets: set[str], text: str) -> bool:
    return any(secret in text for secret in (*secrets, "X-Amz-", "Bearer"))


def _told(soak: Soak, books: dict[str, Any]) -> str:
    counts = {outcome.value: soak.outcomes.count(outcome) for outcome in sorted(set(soak.outcomes))}
    return f"{RECORDINGS} recordings: {counts}; {books['requests']}, {books['throttled']} times 429"
