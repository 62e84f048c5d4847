"""The reconciling function behind its events, against a simulated account."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.reconcile_archive import handler
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters.clock import now
from tests.support.cloud import Cloud
from tests.support.deployed import Context, Deployed, deploy, event, in_child, secrets_of

Log = list[dict[str, Any]]
RECORDINGS = 8
REPORT = "reports/reconciliation/000001.json"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run a small account that was used in the last days."""
    quotas = quotas_with(heavy=Quota(600, 60, 60))
    with Simulator(Options(recordings=RECORDINGS, days=5, quotas=quotas)) as running:
        yield running


@pytest.fixture
def deployed(cloud: Cloud, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Deploy against the small account, of which nothing has been listed yet."""
    deployed = deploy(cloud, simulator.base_url)
    for name, value in deployed.environ.items():
        monkeypatch.setenv(name, value)
    return deployed


@pytest.fixture(autouse=True)
def _cold_start() -> Iterator[None]:
    handler._container.cache_clear()
    yield
    handler._container.cache_clear()


def answered(asked: Any = None) -> dict[str, Any]:
    """Return the answer to an event, the schedule's unless another is given."""
    return handler.lambda_handler({} if asked is None else asked, Context())


def test_the_schedule_reconciles_and_is_idle_then(
    deployed: Deployed, log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    """One report a day; what the lister has not come to yet is pending, not missing."""
    answer = answered()

    assert (answer["outcome"], answer["report"]) == ("complete", REPORT)
    assert answer["totals"]["pending"] == RECORDINGS
    assert answer["totals"]["missing"] == 0
    assert answer["requests"] >= answer["quota_requests"] > 0
    assert REPORT in deployed.object_keys()
    (line,) = log
    assert (line["message"], line["level"]) == ("reconcile_archive", "INFO")
    metrics = [json.loads(it) for it in capsys.readouterr().out.splitlines() if '"_aws"' in it]
    assert [(it["RecordingsMissing"], it["ReconciliationRun"]) for it in metrics] == [
        ([0.0], [1.0])
    ]
    assert answered()["outcome"] == "idle"


def test_a_period_is_reconciled_on_demand(deployed: Deployed) -> None:
    """Again and again, and each time there is a report of those days."""
    today = now().date().isoformat()
    for number in (1, 2):
        answer = answered({"from": today, "to": today})
        assert (answer["outcome"], answer["from"], answer["to"]) == ("complete", today, today)
        assert answer["report"] == f"reports/reconciliation/{number:06d}.json"
    assert len(deployed.object_keys()) == 4


@pytest.mark.usefixtures("deployed")
def test_a_malformed_event_is_refused(simulator: Simulator, log: Log) -> None:
    """It says what to ask instead; nothing is read and nothing begins."""
    answer = answered({"from": "2026-10-31", "to": "2026-10-01"})

    assert (answer["outcome"], answer["error"]) == ("refused", "InvalidRequestError")
    assert "is later than" in answer["problem"]
    assert log[0]["level"] == "ERROR"
    requests: Any = simulator.books()["requests"]
    assert sum(requests.values()) == 0


@pytest.mark.usefixtures("deployed")
def test_a_failure_is_made_good_by_the_next_invocation(simulator: Simulator) -> None:
    """Whatever stops it, the next one goes on."""
    simulator.inject(Fault(path="*/call-log", status=503, times=1))
    answer = answered()
    assert (answer["outcome"], answer["error"]) == ("failed", "ServiceUnavailableError")

    assert answered()["outcome"] == "complete"


@pytest.mark.usefixtures("deployed")
def test_a_throttled_invocation_is_going_on(simulator: Simulator) -> None:
    """A 429 is no failure: it says until when, and that there is more to do."""
    simulator.inject(Fault(path="*/call-log", status=429, headers={"Retry-After": "900"}, times=1))
    answer = answered()

    assert answer["outcome"] == "going_on"
    assert answer["throttled_until"] is not None


def test_wrong_settings_are_named_together(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fault at once, before any request."""
    monkeypatch.delenv("VAULT_BUCKET")
    monkeypatch.setenv("RECONCILE_DAYS", "-1")
    answer = answered()

    assert (answer["outcome"], answer["error"]) == ("failed", "ConfigurationError")
    assert "VAULT_BUCKET is missing" in answer["problem"]
    assert "RECONCILE_DAYS must be a whole number from 0 to 3650" in answer["problem"]
    assert deployed.object_keys() == []


def test_nothing_that_is_anybodys_is_logged(cloud: Cloud, simulator: Simulator) -> None:
    """A whole process writes neither credentials nor tokens nor names nor phone numbers."""
    deployed = deploy(cloud, simulator.base_url)
    answer, written = in_child(
        "reconcile_archive", event("reconcile_archive"), environ=deployed.environ
    )
    assert answer["outcome"] == "complete"
    assert '"message":"reconcile_archive"' in written
    secrets = secrets_of(simulator)
    assert not [secret for secret in secrets if secret in written + json.dumps(answer)]
