"""Everything fails at once: every fault of the simulator at random, and nothing is lost.

Time is pretended, the sockets to RingCentral are real. `make soak` runs it at length, on the
same seeds.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from moto.core.botocore_stubber import BotocoreStubber

from functions.archive_recording import handler as archive_recording_handler
from functions.list_recordings import handler as list_recordings_handler
from local.ringcentral.account.options import Options
from local.ringcentral.faults.chaos import Chaos, even_weights
from local.ringcentral.http.server import Simulator
from ringvault.core.archiving.archive_recording import ArchiveOutcome
from ringvault.core.catalogue.item import State
from ringvault.observability import failure_of, logger
from tests.support.cloud import Cloud
from tests.support.deployed import secrets_of
from tests.support.job import Job, job_with
from tests.support.line import line_to
from tests.support.moving_time import MovingTime

SHORT = 24
RECORDINGS = int(os.environ.get("SOAK_RECORDINGS", SHORT))
GONE = MOVED = RECORDINGS // 20
FAULT_RATE = 0.3
# What is gone stays in the call log for a while: ABSENT needs that it is offered no more.
GONE_OFFERED = timedelta(days=2)
NOT_FOUND_FOR, NOT_FOUND_TIMES = timedelta(hours=24), 3
# A refused recording has twelve tries over five days or more; three times that is stuck.
MAX_DURATION = timedelta(days=20)
# What ListEvery in template.yaml says while there is work, and twice a day otherwise.
WORK_S, IDLE_S = 300, 12 * 3_600
# One in ten: a page of them is larger than any that RingCentral sends.
KINDS = {**even_weights(), "record-huge": 0.1}


@dataclass
class Soak:
    """The main job to its end; logs what the functions log."""

    job: Job
    outcomes: list[ArchiveOutcome] = field(default_factory=list)
    next_at: datetime | None = None

    def run(self) -> None:
        """List and archive until no window is open and nothing is on its way."""
        ends_at = self.job.time() + MAX_DURATION
        while (is_listing := self._list()) or self._is_anything_open():
            assert self.job.time() < ends_at, Counter(self.outcomes)
            for recording_id in self.job.queue.take():
                self._archive(recording_id)
            self.job.time.sleep(WORK_S if is_listing and not self.next_at else self._idle_s())

    def _idle_s(self) -> float:
        """Return how long nothing is to be done, as far as the gate and the queue know."""
        known = [at for at, _ in self.job.queue.messages]
        if self.next_at is not None:
            known.append(self.next_at)
        wait_s = (min(known) - self.job.time()).total_seconds() if known else IDLE_S
        return min(max(wait_s, WORK_S), IDLE_S)

    def _list(self) -> bool:
        result = self.job.list_once()
        fields = list_recordings_handler._fields(result)
        if result.problem:
            fields |= failure_of(result.problem)
        logger().info("list_recordings", **fields)
        self.next_at = result.throttled_until
        # What was fed leaves room for what could not be fed yet.
        return bool(result.windows_open or result.problem or result.fed.total())

    def _archive(self, recording_id: str) -> None:
        result = self.job.archive(recording_id, jitter=1.0)
        logger().info("archive_recording", **archive_recording_handler._fields(result))
        self.outcomes.append(result.outcome)

    def _is_anything_open(self) -> bool:
        far_future = self.job.time() + MAX_DURATION
        return bool(list(self.job.catalogue.candidates(max_items=1, now=far_future)))


@pytest.fixture(scope="module")
def cloud(cloud: Cloud) -> Cloud:
    """The same AWS without sockets: nothing of it fails here, and most requests go to it."""
    stubber = BotocoreStubber()
    stubber.enabled = True

    def client(service: Any) -> Any:
        made = cloud.session.client(service)
        made.meta.events.register_first("before-send", stubber)
        return made

    return replace(cloud, dynamodb=client("dynamodb"), kms=client("kms"), s3=client("s3"))


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """The rows of a table that is printed after a long run."""
    rows: list[str] = []
    yield rows
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    if RECORDINGS > SHORT and terminal is not None:
        for line in ("", HEAD, *rows):
            terminal.write_line(line)


def _options(seed: int) -> Options:
    """Return an account of which every recording is accounted for in the end."""
    chaos = Chaos(
        probability=FAULT_RATE,
        seed=seed,
        kinds=KINDS,
        stall_s=0.05,
        maintenance_s=1_800,
        whole_after_s=3 * 3_600,
    )
    return Options(
        recordings=RECORDINGS,
        days=20,
        seed=seed,
        gone=GONE,
        gone_offered_s=round(GONE_OFFERED.total_seconds()),
        moved=MOVED,
        retention_days=(90, 60),
        chaos=chaos,
    )


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_every_fault_at_random_all_are_accounted_for(
    cloud: Cloud,
    bucket: str,
    time: MovingTime,
    *,
    log: list[dict[str, Any]],
    table: list[str],
    seed: int,
) -> None:
    """Archived byte for byte, or ended with the right reason; and what is secret stays so."""
    began_at = time()
    with Simulator(_options(seed), clock=time) as simulator:
        soak = Soak(job_with(line_to(simulator.base_url, cloud=cloud, time=time), cloud, bucket))
        soak.run()
        books: Any = simulator.books()

    assert len(books["recordings"]) == RECORDINGS
    for recording in books["recordings"]:
        _assert_accounted_for(recording, job=soak.job, began_at=began_at)
    assert cloud.open_uploads_in(bucket) == []
    assert books["throttled"] == 0
    _assert_nothing_is_told(simulator, log, job=soak.job)
    table.append(_row(seed, soak, books, took=time() - began_at))


def _assert_accounted_for(recording: Any, *, job: Job, began_at: datetime) -> None:
    """Check one recording of the simulator's books."""
    item = job.item(recording["id"])
    if recording["gone"]:
        assert item.state is State.ABSENT, (recording["id"], item.state, item.reason)
        assert "404" in str(item.reason)
        _assert_long_gone(recording["notFoundAt"], began_at=began_at)
        return
    if recording["forbidden"]:
        assert item.state is State.FAILED, (recording["id"], item.state, item.reason)
        assert "403" in str(item.reason)
        return
    assert item.state is State.ARCHIVED, (recording["id"], item.state, item.reason)
    assert item.archived is not None
    assert item.archived.sha256_hex == recording["sha256"]
    stored = job.cloud.read(job.bucket, item.archived.object_key)
    assert len(stored) == recording["size"] == item.archived.size_bytes


def _assert_long_gone(not_found_at: list[str], *, began_at: datetime) -> None:
    """Check that it was not found often and long enough, and when it was offered no more."""
    times = [datetime.fromisoformat(at) for at in not_found_at]
    assert len(times) >= NOT_FOUND_TIMES
    assert times[-1] - times[0] >= NOT_FOUND_FOR
    assert times[-1] >= began_at + GONE_OFFERED


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


HEAD = "seed  recordings  archived  absent  failed  struck  requests  days"


def _row(seed: int, soak: Soak, books: dict[str, Any], *, took: timedelta) -> str:
    states = Counter(soak.job.item(row["id"]).state for row in books["recordings"])
    ended = (states[state] for state in (State.ARCHIVED, State.ABSENT, State.FAILED))
    counts = (sum(books["faults"].values()), sum(books["requests"].values()))
    cells = (seed, RECORDINGS, *ended, *counts, f"{took / timedelta(days=1):.1f}")
    return "".join(f"{cell:>{len(name)}}" for cell, name in zip(cells, _columns(), strict=True))


def _columns() -> list[str]:
    """Return the names of the table's columns, each with the space before it."""
    return re.findall(r" *\S+", HEAD)
