"""An S3 server that verifies: LocalStack's, run by a Python of its own."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from local.child import await_ready, end_child, free_port, start_child
from local.places import ROOT

INTERPRETER = ROOT / ".venv-s3/bin/python"
# LocalStack's secret of every key id that nobody registered.
SECRET_KEY = "test"
# Where LocalStack keeps one folder for each bucket, whatever it is told; it leaves them behind.
_BUCKETS = Path("/tmp/localstack-s3-storage")  # noqa: S108 - not ours to choose


@contextmanager
def running_s3(folder: Path) -> Iterator[str]:
    """Run the server on a free port of loopback; its files and its log go into `folder`.

    Raises:
        SetupError: it did not start; `folder` has its log.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "log.txt").open("wb") as log:
        child = start_child(
            "localstack.runtime.main",
            interpreter=INTERPRETER,
            environment=_environment(port, folder),
            output=log,
            folder=folder,
        )
        try:
            await_ready(child, is_ready=lambda: _is_ready(url), name=f"the S3 server in {folder}")
            yield url
        finally:
            end_child(child)


def remove_left_behind(bucket: str) -> None:
    """Remove what the server left of a bucket."""
    shutil.rmtree(_BUCKETS / bucket, ignore_errors=True)


def _environment(port: int, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "SERVICES": "s3",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "GATEWAY_SERVER": "hypercorn",  # the other one listens on every interface
        "DNS_ADDRESS": "0",  # no name server
        "DISABLE_EVENTS": "1",  # reports to nobody
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "OVERRIDE_IN_DOCKER": "0",  # in a container too it keeps to the two folders below
        "FILESYSTEM_ROOT": str(folder),
        "LOCALSTACK_VOLUME_DIR": str(folder),
    }


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/_localstack/health", timeout=5).ok
    except requests.ConnectionError:
        return False
