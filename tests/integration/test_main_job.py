"""The main job at its hardest, by the command that a user types: kills and a large recording."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.child import free_port
from local.places import ROOT

GIB = 1_000_000_000
ARCHIVER = "ringvault-local-ArchiveRecordingFunction"
# Kills have to hit something: a run that ends before the third is a failed test.
KILLS = 3
RUN_WITHIN_S = 240


@contextmanager
def running(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Start `up --once --json`; yields the process and the port of its AWS."""
    aws_port = free_port()
    ports = ("--port", str(free_port()), "--aws-port", str(aws_port))
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "local", "up", "--once", "--json", *ports, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process, aws_port
            process.kill()
    finally:
        process.kill()


def summary_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Return the last line of a run that has to end well and in time."""
    output, _ = process.communicate(timeout=RUN_WITHIN_S)
    summary: dict[str, Any] = json.loads(output.splitlines()[-1])
    assert process.returncode == 0, summary
    return summary


def archivers_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Return the archiver's processes."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if child.cmdline()[-1:] == [ARCHIVER]:
                found.append(child)
        except psutil.Error:
            continue  # it ended while we looked
    return found


def open_uploads(aws_port: int) -> list[str]:
    """Return the ids of the multipart uploads that are open now; none while there is no AWS."""
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://localhost:{aws_port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    try:
        buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        pages = [s3.list_multipart_uploads(Bucket=bucket) for bucket in buckets]
    except (BotoCoreError, ClientError):
        return []
    return [upload["UploadId"] for page in pages for upload in page.get("Uploads", [])]


def kill_in_the_middle_of_an_upload(
    process: "subprocess.Popen[str]", aws_port: int, seen: set[str]
) -> None:
    """Wait until an upload is open that nobody was killed for yet, and kill who may be at it."""
    give_up_at = time.monotonic() + RUN_WITHIN_S
    while time.monotonic() < give_up_at and process.poll() is None:
        if new := set(open_uploads(aws_port)) - seen:
            seen |= new
            for archiver in archivers_of(process):
                archiver.kill()
            return
        time.sleep(0.05)
    pytest.fail(f"no upload to kill: {len(seen)} of {KILLS} kills hit one")


@pytest.mark.timeout(300)
def test_killing_the_archiver_in_the_middle_of_uploads_costs_nothing() -> None:
    """SIGKILL in the middle of three uploads: all there, none twice, no upload left open."""
    # Two archivers at work, three kills: six recordings that are uploaded in parts.
    sizes = ",".join([str(20_000_000)] * 2 * KILLS)
    slowed = ("--add-wav-bytes", sizes, "--bytes-per-second", "9000000")
    with running("--recordings", str(200 - 2 * KILLS), *slowed) as (process, aws_port):
        seen: set[str] = set()
        for _ in range(KILLS):
            kill_in_the_middle_of_an_upload(process, aws_port, seen)
        summary = summary_of(process)

    assert (summary["listed"], summary["archived"]) == (200, 200)
    assert (summary["unexpected"], summary["open_uploads"]) == (0, 0)
    assert (summary["missing"], summary["differing"], summary["throttled"]) == (0, 0, 0)


@pytest.mark.timeout(300)
def test_a_gigabyte_passes_through_256_megabytes() -> None:
    """The memory limit of the template is enforced on the peak resident size, and suffices."""
    with running("--recordings", "1", "--add-wav-bytes", str(GIB)) as (process, _):
        summary = summary_of(process)

    assert (summary["archived"], summary["failed"], summary["differing"]) == (2, 0, 0)
    assert summary["bytes"] > GIB
