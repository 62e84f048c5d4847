"""Reconciliation against moto and the simulator: it finds what is damaged, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from local.simulator.options import Options, Quota, quotas_with
from local.simulator.server import Simulator
from ringvault.core.archive_recording import Outcome
from ringvault.core.catalogue import State
from ringvault.core.span_evidence import LISTED_AFTER
from tests.integration.archive import Archive, archived_account
from tests.integration.cloud import Cloud
from tests.integration.moving_time import MovingTime

RECORDINGS = 12
DAYS = 6
OPTIONS = Options(recordings=RECORDINGS, days=DAYS, quotas=quotas_with(heavy=Quota(600, 60, 60)))
Simulate = Callable[[Options], Simulator]


@pytest.fixture
def simulator(simulate: Simulate) -> Simulator:
    """Run an account of some days."""
    return simulate(OPTIONS)


@pytest.fixture
def archive(cloud: Cloud, time: MovingTime, simulator: Simulator) -> Archive:
    """Archive the whole account."""
    return archived_account(simulator, cloud=cloud, time=time)


@pytest.fixture
def old(simulator: Simulator, time: MovingTime) -> list[str]:
    """Return the recordings that the lister has had all its time for."""
    calls = simulator.account.call_of
    return [it for it, call in calls.items() if call.started_at < time() - LISTED_AFTER]


def found(report: dict[str, Any]) -> dict[str, list[str]]:
    """Return the causes of what a report names, by recording."""
    return {it["recording_id"]: it["causes"] or [it["verdict"]] for it in report["findings"]}


def lose_all(archive: Archive, recording_id: str) -> None:
    """Lose all trace of a recording, as if it had never been listed."""
    archive.delete_audio(recording_id)
    archive.delete_sidecar(recording_id)
    archive.delete_item(recording_id)


DAMAGES: dict[str, Callable[[Archive, str], None]] = {
    "object_deleted": Archive.delete_audio,
    "object_altered": lambda archive, it: archive.alter_audio(it, lambda audio: audio[::-1]),
    "catalogue_item_deleted": Archive.delete_item,
    "never_listed": lose_all,
    "sidecar_missing": Archive.delete_sidecar,
}


def test_a_whole_archive_has_no_findings(archive: Archive) -> None:
    """Every recording is archived, every day has its line, and the whole costs few requests."""
    report = archive.reconcile()

    assert report["findings"] == []
    assert report["totals"]["archived"] == RECORDINGS
    assert sum(report["totals"].values()) == RECORDINGS
    assert next(day["day"] for day in report["days"]) == report["from"]
    assert len(report["days"]) == 9
    assert 0 < report["quota_requests"] <= 5


@pytest.mark.parametrize("cause", DAMAGES)
def test_each_damage_is_found_by_its_own_cause(
    archive: Archive, old: list[str], cause: str
) -> None:
    """One damaged recording is one finding, and the others are archived."""
    DAMAGES[cause](archive, old[0])

    report = archive.reconcile()

    assert found(report) == {old[0]: [cause]}
    assert (report["totals"]["missing"], report["totals"][cause]) == (1, 1)
    assert report["totals"]["archived"] == RECORDINGS - 1


def test_what_is_missing_is_put_right(archive: Archive, old: list[str]) -> None:
    """All damages at once are found, and the next reconciliation finds what only a person can."""
    damaged = dict(zip(DAMAGES, old, strict=False))
    before = {it: archive.item(it) for it in old}
    for cause, recording_id in damaged.items():
        DAMAGES[cause](archive, recording_id)

    assert found(archive.reconcile()) == {it: [cause] for cause, it in damaged.items()}

    for cause in ("object_deleted", "never_listed"):
        item = archive.item(damaged[cause])
        assert (item.state, item.archived) == (State.PENDING, None)
        assert archive.archive_recording(damaged[cause]) is Outcome.ARCHIVED
    restored = archive.item(damaged["catalogue_item_deleted"])
    assert restored == before[damaged["catalogue_item_deleted"]]
    altered = damaged["object_altered"]
    assert found(archive.reconcile()) == {altered: ["object_altered"]}
    assert archive.item(altered) == before[altered]
