"""RingCentral can't be reached: nobody listens, no such name, a certificate that proves nothing."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.child import free_port
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from ringvault.core.archiving.archive_recording import ArchiveOutcome, ArchiveResult
from ringvault.core.catalogue.item import State
from ringvault.core.errors import ServiceUnavailableError
from ringvault.core.ringcentral.access_token import LEASE
from tests.integration.faults.self_signed import self_signed
from tests.support.cloud import Cloud
from tests.support.job import Job, job_with
from tests.support.line import RIGHT, TOKEN, line_to
from tests.support.moving_time import MovingTime
from tests.support.recordings import recording_of
from tests.support.tiny_server import Seen, TinyServer, in_turn

RECORDINGS = 3
FIRST_WAIT = timedelta(seconds=30)
MAX_WAIT = timedelta(hours=6)
ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Nowhere:
    """An address at which no RingCentral is to be had, and what arrived there all the same."""

    url: str
    seen: list[Seen] = field(default_factory=list)


@pytest.fixture(params=["refused", "no such name", "self-signed"])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nowhere]:
    """Return such an address."""
    if request.param == "refused":
        yield Nowhere(f"http://127.0.0.1:{free_port()}")
    elif request.param == "no such name":
        # Nobody can ever own a name below .invalid (RFC 6761).
        yield Nowhere("https://ringcentral.invalid")
    else:
        with TinyServer(in_turn(), tls=self_signed(tmp_path)) as server:
            yield Nowhere(server.url, server.seen)


def add(job: Job, *, content_uri: str) -> None:
    """Put recording 1 into the catalogue."""
    recording = recording_of("1", content_uri=content_uri, started_at=job.time())
    job.catalogue.add_new([recording], listed_at=job.time())


def assert_put_off(job: Job, result: ArchiveResult, *, wait: timedelta) -> None:
    """Check that recording 1 waits for its next attempt, and that nothing else came of this one."""
    item = job.item("1")
    assert result.outcome is ArchiveOutcome.DEFERRED
    assert "RingCentral does not answer" in str(result.reason)
    assert (item.state, item.attempts, item.claimed_until) == (State.PENDING, 1, None)
    assert item.retry_at == result.retry_at == job.time() + wait
    assert job.cloud.keys_in(job.bucket) == []
    assert job.cloud.open_uploads_in(job.bucket) == []
    job.line.gate.reserve(latest=job.time())


def test_media_that_cannot_be_reached(
    nowhere: Nowhere, cloud: Cloud, bucket: str, time: MovingTime
) -> None:
    """The recording waits for a jittered time, the gate stays open, and no token leaves us."""
    with TinyServer(in_turn()) as server:
        line = line_to(server.url, cloud=cloud, time=time, media_url=nowhere.url, credentials=None)
        job = job_with(line, cloud, bucket)
        add(job, content_uri=f"{nowhere.url}/1/content")
        assert_put_off(job, job.archive("1"), wait=FIRST_WAIT * 0.75)
    assert TOKEN not in str(job.item("1").reason)
    assert nowhere.seen == server.seen == []


def test_a_call_log_that_cannot_be_reached(
    nowhere: Nowhere, cloud: Cloud, bucket: str, time: MovingTime
) -> None:
    """The run ends with an error of ours and every window open; the next run is the next try."""
    line = line_to(nowhere.url, cloud=cloud, time=time, credentials=None)
    job = job_with(line, cloud, bucket)
    for _ in range(2):
        result = job.list_once()
        assert type(result.problem) is ServiceUnavailableError
        assert TOKEN not in str(result.problem)
        # The account's retention and the first page: neither is had.
        assert (result.listed.requests, result.listed.windows_read) == (2, 0)
        assert result.windows_open == 2
    assert nowhere.seen == []


def test_a_token_endpoint_that_cannot_be_reached(
    nowhere: Nowhere, cloud: Cloud, bucket: str, time: MovingTime
) -> None:
    """No request goes out without a token, and who asks next waits before it signs in anew."""
    with TinyServer(in_turn()) as media:
        line = line_to(nowhere.url, cloud=cloud, time=time, media_url=media.url)
        job = job_with(line, cloud, bucket)
        add(job, content_uri=f"{media.url}/1/content")
        assert_put_off(job, job.archive("1"), wait=FIRST_WAIT * 0.75)
        failed_at = time()
        assert type(job.list_once().problem) is ServiceUnavailableError
    assert time() - failed_at > LEASE
    secrets = (RIGHT.client_secret, *RIGHT.jwts.values())
    assert not [secret for secret in secrets if secret in str(job.item("1").reason)]
    assert nowhere.seen == media.seen == []


def test_attempts_come_at_jittered_times_and_have_an_end(
    cloud: Cloud, bucket: str, time: MovingTime
) -> None:
    """Each wait is half to all of twice the one before, six hours at most; twelve is all."""
    url = f"http://127.0.0.1:{free_port()}"
    job = job_with(line_to(url, cloud=cloud, time=time, credentials=None), cloud, bucket)
    add(job, content_uri=f"{url}/1/content")
    draw = random.Random(1)  # noqa: S311 - a story
    for attempt in range(ATTEMPTS - 1):
        jitter = draw.random()
        result = job.archive("1", jitter=jitter)
        assert result.retry_at is not None
        ceiling = min(FIRST_WAIT * 2**attempt, MAX_WAIT)
        wait = ceiling * (1 + jitter) / 2
        assert abs(result.retry_at - time() - wait) <= timedelta(milliseconds=1)
        time.sleep(wait.total_seconds())
    assert job.archive("1").outcome is ArchiveOutcome.FAILED
    item = job.item("1")
    assert (item.state, item.attempts) == (State.FAILED, ATTEMPTS)
    assert "does not answer" in str(item.reason)


def test_nothing_is_lost_when_ringcentral_comes_back(
    cloud: Cloud, bucket: str, time: MovingTime
) -> None:
    """Away while we list, away while we archive: in the end all is in the vault."""
    options = Options(
        port=free_port(), recordings=RECORDINGS, days=5, quotas=quotas_with(heavy=Quota(99, 60, 60))
    )
    line = line_to(f"http://127.0.0.1:{options.port}", cloud=cloud, time=time)
    job = job_with(line, cloud, bucket)
    assert job.list_once().problem
    with Simulator(options, clock=time):
        time.sleep(LEASE.total_seconds() + 1)
        result = job.list_once()
        assert (result.problem, result.windows_open, result.listed.new) == (None, 0, RECORDINGS)
    ids = job.queue.take()
    assert [job.archive(it).outcome for it in ids] == [ArchiveOutcome.DEFERRED] * RECORDINGS
    with Simulator(options, clock=time) as simulator:
        time.sleep(LEASE.total_seconds())
        assert [job.archive(it).outcome for it in ids] == [ArchiveOutcome.ARCHIVED] * RECORDINGS
        books: Any = simulator.books()
    told = {it["id"]: it["sha256"] for it in books["recordings"]}
    stored = {it: job.item(it).archived for it in ids}
    assert told == {it: archived.sha256_hex for it, archived in stored.items() if archived}
