"""How far reconciliation has come, in the state table."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ringvault.adapters.dynamodb.progress import ReconciliationProgressStore
from ringvault.core.errors import ConflictError
from ringvault.core.reconciliation.finding import Cause, Finding, Verdict
from ringvault.core.reconciliation.run import MAX_NAMED, ChainHead, ReconciliationProgress, Run
from ringvault.core.spans import Period
from tests.support.cloud import Cloud
from tests.support.recordings import NOW

ON = date(2026, 10, 1)
PERIOD = Period(ON, date(2026, 10, 31))
FOUND = (
    Finding(ON, "1", Verdict.MISSING, (Cause.OBJECT_DELETED, Cause.SIDECAR_MISSING)),
    Finding(ON, None, Verdict.UNEXPECTED, detail="recordings/x/"),
    Finding(ON, "2", Verdict.ARCHIVED, is_rewritten=True),
)
# DynamoDB's limit for an item.
MAX_BYTES = 400 * 1024


def test_what_is_saved_is_loaded(cloud: Cloud, state_table: str) -> None:
    """Every field comes back, and nothing saved yet is a first run's progress."""
    store = ReconciliationProgressStore(state_table, cloud.dynamodb)
    assert store.load() == (ReconciliationProgress(), 0)
    run = Run.begun(PERIOD, now=NOW, is_daily=False).invoked().head_found(FOUND).head_halved()
    through = replace(run.head_done(FOUND, would_fit_twice=True), requests=7, finished_at=NOW)
    progress = ReconciliationProgress((run, through), NOW.date(), ChainHead(3, "ab" * 32))

    assert store.save(progress, version=0) == 1
    assert store.load() == (progress, 1)


def test_an_old_view_is_not_saved(cloud: Cloud, state_table: str) -> None:
    """Whoever was overtaken learns it."""
    store = ReconciliationProgressStore(state_table, cloud.dynamodb)
    store.save(ReconciliationProgress(), version=0)
    with pytest.raises(ConflictError):
        store.save(ReconciliationProgress(chain_head=ChainHead(1, "")), version=0)


def test_all_that_is_named_fits_into_an_item(cloud: Cloud, state_table: str) -> None:
    """Two runs at the limit of what is named stay below DynamoDB's limit; the rest is counted."""
    from_on = date(2026, 7, 1)
    findings = [
        Finding(
            from_on + timedelta(days=number % 100),
            str(1_662_272_004_000 + number * 97_003 % 10**9),
            Verdict.MISSING,
            (Cause.CATALOGUE_ITEM_DELETED, Cause.SIDECAR_MISSING),
            detail=f"recordings/account=37000001/year=2026/month=07/{number * 97_003 % 10**9}.mp3",
        )
        for number in range(MAX_NAMED + 10)
    ]
    run = Run.begun(PERIOD, now=NOW, is_daily=True).head_found(findings)
    run = run.head_done(findings, would_fit_twice=True)
    store = ReconciliationProgressStore(state_table, cloud.dynamodb)
    store.save(ReconciliationProgress((run, run)), version=0)

    assert (len(run.findings), run.unnamed) == (MAX_NAMED, 10)
    item = cloud.dynamodb.get_item(
        TableName=state_table, Key={"name": {"S": "reconciliation_progress"}}
    )["Item"]
    packed_bytes = sum(len(packed["B"]) for packed in item["runs"]["L"])
    assert packed_bytes < MAX_BYTES - 4096
    assert store.load()[0].runs == (run, run)
