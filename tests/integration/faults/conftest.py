"""A deployment of its own for each test, its AWS behind a proxy that can fail."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from functions.archive_recording import handler
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from ringvault.adapters.s3.vault import PART_BYTES
from tests.integration.faults.aws_proxy import AwsProxy
from tests.integration.faults.site import Site
from tests.support.archiver_events import listed
from tests.support.cloud import Cloud
from tests.support.deployed import deploy

# Two parts, and an even number, as samples of 16 bits are.
LARGE_BYTES = PART_BYTES + 300_000
# The first waits that botocore draws from it before it tries again are short.
SHORT_WAITS_SEED = 1990


@pytest.fixture
def site(
    cloud: Cloud, log: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """Deploy against an account with a small and a large recording, both listed."""
    quotas = quotas_with(heavy=Quota(600, 60, 60))
    options = Options(recordings=1, days=5, add_wav_bytes=(LARGE_BYTES,), quotas=quotas)
    _forget()
    random.seed(SHORT_WAITS_SEED)
    with Simulator(options) as simulator, AwsProxy(cloud.url) as proxy:
        deployed = deploy(cloud, simulator.base_url)
        small, large = sorted(
            simulator.account.recordings,
            key=lambda it: simulator.account.recordings[it].audio.size_bytes,
        )
        for recording_id in (small, large):
            deployed.list_recording(listed(simulator, recording_id))
        site = Site(simulator, deployed, proxy, log, small, large)
        for name, value in site.environ.items():
            monkeypatch.setenv(name, value)
        yield site
    _forget()


def _forget() -> None:
    """Let the next invocation be a cold start, but for what boto3 knows of the services."""
    for kept in (handler._settings, handler._queues, handler._archiver):
        kept.cache_clear()
