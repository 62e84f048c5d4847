"""The command that reads back, from its arguments to its output."""

import json
from dataclasses import replace

import pytest

from ringvault.adapters.dynamodb.progress import (
    ReconciliationProgressStore,
    VerificationProgressStore,
)
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.core.fixity.verification import Sample, Verification
from ringvault.core.reconciliation.report import store_report
from ringvault.core.reconciliation.run import ChainHead, ReconciliationProgress, Run
from ringvault.core.spans import Period
from tests.integration.ringvault_cli.conftest import Ringvault
from tests.integration.ringvault_cli.stored import store
from tests.support.cloud import Cloud
from tests.support.recordings import NOW

OUTPUT = dict[str, str]


def test_an_intact_archive_ends_with_0(ringvault: Ringvault, cloud: Cloud, outputs: OUTPUT) -> None:
    """What was read is told, for people and machines."""
    store(cloud, outputs, "1", "2", "3")
    shown, told = ringvault("verify"), ringvault("verify", "--sample=2", "--json")

    assert shown.exit_code == told.exit_code == 0
    assert shown.stdout.startswith("all recordings: ")
    document = json.loads(told.stdout)
    assert document["recordings"] == {"intact": 2, "altered": 0, "missing": 0, "unreadable": 0}
    assert document["read_bytes"] == 2 * len("audio of 1")
    assert document["finished_at"]


def test_a_damage_is_named_with_advice(ringvault: Ringvault, cloud: Cloud, outputs: OUTPUT) -> None:
    """It ends with 1; keys and commands are whole, to be copied."""
    bucket = outputs["VaultBucketName"]
    altered, cold, _ = store(cloud, outputs, "1", "2", "3")
    cloud.s3.put_object(Bucket=bucket, Key=altered, Body=b"other")
    source = f"{bucket}/{cold}"
    cloud.s3.copy_object(Bucket=bucket, Key=cold, CopySource=source, StorageClass="GLACIER")

    told, shown = ringvault("verify", "--json"), ringvault("verify")

    damages = {it["recording_id"]: it for it in json.loads(told.stdout)["damages"]}
    assert told.exit_code == shown.exit_code == 1
    assert (damages["1"]["verdict"], damages["1"]["object_key"]) == ("altered", altered)
    assert (damages["2"]["verdict"], damages["2"]["object_key"]) == ("unreadable", cold)
    lines = shown.stdout.splitlines()
    assert f"  {altered}" in lines
    assert f"  {damages['2']['command']}" in lines


def test_it_goes_on_where_it_was(ringvault: Ringvault, cloud: Cloud, outputs: OUTPUT) -> None:
    """Whoever asks for something else is told what is open, unless it is to begin anew."""
    store(cloud, outputs, "1", "2")
    progress = VerificationProgressStore(outputs["StateTableName"], cloud.dynamodb)
    progress.save(Verification(Sample(sample=1, seed="s"), NOW, total=1), version=0)

    refused = ringvault("verify")
    gone_on = ringvault("verify", "--sample=1", "--json")
    restart = ringvault("verify", "--restart", "--json")

    assert refused.exit_code == 2
    assert "a sample of 1, seed s is not finished" in refused.stderr
    assert json.loads(gone_on.stdout)["seed"] == "s"
    assert json.loads(restart.stdout)["recordings"]["intact"] == 2


@pytest.mark.parametrize(
    "arguments", [("--seed=s",), ("--reports", "--sample=1"), ("--reports", "--restart")]
)
def test_what_makes_no_sense_is_refused(ringvault: Ringvault, arguments: tuple[str, ...]) -> None:
    """Nothing is read for it."""
    result = ringvault("verify", *arguments)

    assert result.exit_code == 2
    assert "next:" in result.stderr


def test_the_chain_of_reports_is_verified(
    ringvault: Ringvault, cloud: Cloud, outputs: OUTPUT
) -> None:
    """A whole one ends with 0, a report that is removed is named with 1: even the last one."""
    vault = VaultInventory(outputs["VaultBucketName"], cloud.s3)
    run = Run.begun(Period(NOW.date(), NOW.date()), now=NOW, is_daily=False)
    finished = replace(run, finished_at=NOW)
    reports = [store_report(finished, vault, after=ChainHead())]
    reports.append(store_report(finished, vault, after=reports[0].as_chain_head))
    ReconciliationProgressStore(outputs["StateTableName"], cloud.dynamodb).save(
        ReconciliationProgress(chain_head=reports[1].as_chain_head), version=0
    )

    whole = ringvault("verify", "--reports")
    for key in (reports[1].document_key, reports[1].page_key):
        cloud.s3.delete_object(Bucket=outputs["VaultBucketName"], Key=key)
    cut = ringvault("verify", "--reports", "--json")
    shown = ringvault("verify", "--reports")

    assert whole.exit_code == 0
    assert whole.stdout.startswith("4 objects")
    assert cut.exit_code == shown.exit_code == 1
    assert [it["object_key"] for it in json.loads(cut.stdout)["faults"]] == [
        reports[1].document_key
    ]
    assert reports[1].document_key in shown.stdout
