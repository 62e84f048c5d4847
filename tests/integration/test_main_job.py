"""The main job at its hardest, by the command that a user types: kills and a large recording."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.child import free_port
from local.places import ROOT
from tests.leashed import LEASHED, PATH_TO_MODULES, held_leash

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Larger than the 256 MiB that the function may use; MAIN_JOB_LARGE_BYTES=1000000000 takes longer.
LARGE_BYTES = int(os.environ.get("MAIN_JOB_LARGE_BYTES", "300000000"))
# MAIN_JOB_RECORDINGS=200 runs it at length.
RECORDINGS = int(os.environ.get("MAIN_JOB_RECORDINGS", "24"))
ARCHIVER = "ringvault-local-ArchiveRecordingFunction"
# Kills have to hit something: a run that ends before the third is a failed test.
KILLS = 3
RUN_WITHIN_S = 240


@contextmanager
def running(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Start `up --once --json`; yields the process and the port of its AWS."""
    aws_port = free_port()
    ports = ("--port", str(free_port()), "--aws-port", str(aws_port))
    with held_leash() as leash:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*LEASHED, "local", "up", "--once", "--json", *ports, *arguments],
            cwd=ROOT,
            env=os.environ | PATH_TO_MODULES,
            stdin=leash,
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


def s3_at(aws_port: int) -> "S3Client":
    """Return a client of the stack's S3, which may not be there yet."""
    return boto3.client(
        "s3",
        endpoint_url=f"http://localhost:{aws_port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def open_uploads(s3: "S3Client") -> list[str]:
    """Return the ids of the multipart uploads that are open now; none while there is no AWS."""
    try:
        buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        pages = [s3.list_multipart_uploads(Bucket=bucket) for bucket in buckets]
    except (BotoCoreError, ClientError):
        return []
    return [upload["UploadId"] for page in pages for upload in page.get("Uploads", [])]


def kill_in_the_middle_of_an_upload(
    process: "subprocess.Popen[str]", s3: "S3Client", seen: set[str]
) -> None:
    """Wait until an upload is open that nobody was killed for yet, and kill who may be at it."""
    give_up_at = time.monotonic() + RUN_WITHIN_S
    while time.monotonic() < give_up_at and process.poll() is None:
        if new := set(open_uploads(s3)) - seen:
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
    with running("--recordings", str(RECORDINGS - 2 * KILLS), *slowed) as (process, aws_port):
        seen: set[str] = set()
        s3 = s3_at(aws_port)
        for _ in range(KILLS):
            kill_in_the_middle_of_an_upload(process, s3, seen)
        summary = summary_of(process)

    assert (summary["listed"], summary["archived"]) == (RECORDINGS, RECORDINGS)
    assert (summary["unexpected"], summary["open_uploads"]) == (0, 0)
    assert (summary["missing"], summary["differing"], summary["throttled"]) == (0, 0, 0)


@pytest.mark.timeout(300)
def test_a_recording_larger_than_memory_passes_through_it() -> None:
    """The memory limit of the template is enforced on the peak resident size, and suffices."""
    with running("--recordings", "1", "--add-wav-bytes", str(LARGE_BYTES)) as (process, _):
        summary = summary_of(process)

    assert (summary["archived"], summary["failed"], summary["differing"]) == (2, 0, 0)
    assert summary["bytes"] > LARGE_BYTES
