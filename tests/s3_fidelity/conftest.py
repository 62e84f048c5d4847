"""One server for the suite; every test makes buckets of its own in it."""

from collections.abc import Iterator

import pytest

from ringvault.adapters.s3.vault import Vault
from tests.s3_fidelity.server import INTERPRETER, remove_left_behind, running_s3
from tests.support.cloud import Cloud
from tests.support.template import transformed


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Serve S3, and nothing else of AWS, on a free port of this machine."""
    if not INTERPRETER.exists():
        pytest.fail("the server is not installed; run: make test-s3-fidelity", pytrace=False)
    with running_s3(tmp_path_factory.mktemp("s3")) as url:
        cloud = Cloud.at(url, transformed())
        yield cloud
        for bucket in cloud.s3.list_buckets()["Buckets"]:
            remove_left_behind(bucket["Name"])


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """Return the name of an empty vault."""
    return cloud.make_bucket()


@pytest.fixture
def vault(cloud: Cloud, bucket: str) -> Vault:
    """Return the empty vault."""
    return Vault(bucket, cloud.s3)
