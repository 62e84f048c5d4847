"""Each alarm sounds by the fault it is for, from the metric that the real handler emitted."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.archive_recording import handler as archiver
from functions.list_recordings import handler as lister
from functions.playback_api import handler as api
from functions.reconcile_archive import handler as reconciler
from local.cloudformation.provision.site import STACK_NAME
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.item import fields_attribute
from ringvault.core.catalogue.item import RepeatedAnswer
from tests.support.cloud import Cloud
from tests.support.deployed import CREDENTIALS, Context, Deployed, deploy, event
from tests.support.recordings import archived_of, recording_of
from tests.support.watched import Watched, watched

RECORDINGS = 3
ANSWERED = RepeatedAnswer(3, now() - timedelta(days=2), now())
BEGUN = {"nothing-listed", "reconciliation-not-run"}
WRONG = json.dumps({**CREDENTIALS, "client_secret": "wrong"})
API = {
    "PLAY_TABLE": "nowhere",
    "GROUPS_CLAIM": "cognito:groups",
    "EXTENSION_CLAIM": "custom:extension_id",
    "PLAYBACK_URL_SECONDS": "60",
    "COLD_STORAGE_AFTER_DAYS": "0",
    "SIGN_IN_AUTHORIZATION_ENDPOINT": "https://issuer.example/authorize",
    "SIGN_IN_TOKEN_ENDPOINT": "https://issuer.example/token",
    "SIGN_IN_CLIENT_ID": "ringvault",
    "SIGN_IN_SCOPE": "openid",
}
CACHES = (
    archiver._settings,
    archiver._session,
    archiver._queues,
    archiver._archiver,
    lister._container,
    reconciler._container,
    api._api,
)
Invoke = Callable[..., Any]


@pytest.fixture(scope="module")
def everything(cloud: Cloud) -> Watched:
    """Make the template's alarms."""
    return watched(cloud.template, url=cloud.url)


@pytest.fixture
def stack(everything: Watched) -> Watched:
    """Return them as new."""
    everything.forget()
    return everything


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run an account with a few recordings of the last days."""
    quotas = quotas_with(heavy=Quota(600, 60, 60))
    with Simulator(Options(recordings=RECORDINGS, days=5, quotas=quotas)) as running:
        yield running


@pytest.fixture
def deployed(
    cloud: Cloud, stack: Watched, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Deployed:
    """Deploy the functions with the watched stack's name and dead-letter queue."""
    deployed = deploy(cloud, simulator.base_url)
    of_the_stack = {
        "POWERTOOLS_SERVICE_NAME": STACK_NAME,
        "DEAD_LETTER_QUEUE_URL": stack.stack.outputs["DeadLetterQueueUrl"],
    }
    for name, value in {**deployed.environ, **of_the_stack}.items():
        monkeypatch.setenv(name, value)
    return deployed


@pytest.fixture(autouse=True)
def _cold_start() -> Iterator[None]:
    for cache in CACHES:
        cache.cache_clear()
    yield
    for cache in CACHES:
        cache.cache_clear()


@pytest.fixture
def invoke(deployed: Deployed, stack: Watched, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Return what runs a handler, makes metrics of what it wrote, and returns its EMF."""
    assert deployed

    def invoked(handler: Any, asked: Any) -> list[dict[str, Any]]:
        handler.lambda_handler(asked, Context())
        return stack.tell(capsys.readouterr().out)

    return invoked


def message(body: str) -> dict[str, Any]:
    """Return the queue's event with one message."""
    asked = event("archive_recording")
    asked["Records"] = [asked["Records"][0] | {"body": body}]
    return asked


def test_a_stack_at_work_is_silent(
    stack: Watched, invoke: Invoke, deployed: Deployed, simulator: Simulator
) -> None:
    """Listed, archived, reconciled: no alarm sounds."""
    assert stack.sounding() == BEGUN
    invoke(lister, {})
    for recording_id in simulator.account.recordings:
        invoke(archiver, message(json.dumps({"recording_id": recording_id})))
    invoke(reconciler, {})

    assert stack.sounding() == set()
    assert (
        len([key for key in deployed.object_keys() if key.startswith("recordings/")]) == RECORDINGS
    )


def test_nothing_listed(stack: Watched, invoke: Invoke) -> None:
    """It sounds where there has been no run for half an hour."""
    assert "nothing-listed" not in sounding_after_run(stack, invoke)
    assert "nothing-listed" not in stack.sounding(after=timedelta(minutes=24))
    assert "nothing-listed" in stack.sounding(after=timedelta(minutes=31))


def test_runs_that_fail_list_nothing(stack: Watched, invoke: Invoke, simulator: Simulator) -> None:
    """A run that fails does not count, and its error is told by its name."""
    simulator.inject(Fault(path="*/call-log", status=503))
    told = invoke(lister, {})
    assert [it["reason"] for it in told if "Errors" in it] == ["ServiceUnavailableError"]
    assert "nothing-listed" in stack.sounding()


def sounding_after_run(stack: Watched, invoke: Invoke) -> set[str]:
    """Return what sounds after a run of the lister."""
    invoke(lister, {})
    return stack.sounding()


def test_deadline_at_risk(stack: Watched, invoke: Invoke, deployed: Deployed) -> None:
    """It sounds when what waits has less than two days, for three hours."""
    started_at = now() - timedelta(days=88, hours=12)
    deployed.list_recording(recording_of("1", started_at=started_at))
    told = invoke(lister, {})
    [days] = [it["DaysToNearestDeletion"] for it in told if "DaysToNearestDeletion" in it]
    assert 0 < days[0] < 2
    assert "deadline-at-risk" not in stack.sounding()

    for hours in (1, 2):
        stack.tell_as_of(told, timedelta(hours=hours))
    assert "deadline-at-risk" in stack.sounding()


def test_dead_letters(stack: Watched, invoke: Invoke, cloud: Cloud) -> None:
    """It sounds while a refused message lies in the queue, by the depth that SQS tells."""

    def tell_depth() -> None:
        url, name = stack.stack.outputs["DeadLetterQueueUrl"], "ApproximateNumberOfMessages"
        answer = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        stack.tell_of_aws("dead-letters", float(answer["Attributes"][name]))  # type: ignore[index]

    tell_depth()
    assert "dead-letters" not in stack.sounding()
    invoke(archiver, message("not ours"))
    tell_depth()
    assert "dead-letters" in stack.sounding()


def test_permission_lost(stack: Watched, invoke: Invoke, simulator: Simulator) -> None:
    """It sounds at the first refusal, and for an hour after the last."""
    simulator.inject(Fault(path="*/call-log", status=403, code="CMN-401"))
    assert "permission-lost" in sounding_after_run(stack, invoke)
    assert "permission-lost" in stack.sounding(after=timedelta(minutes=50))
    assert "permission-lost" not in stack.sounding(after=timedelta(minutes=61))


def test_credentials_refused(
    stack: Watched, invoke: Invoke, deployed: Deployed, cloud: Cloud
) -> None:
    """It sounds when RingCentral refuses the sign-in."""
    secret = deployed["RINGCENTRAL_SECRET_ARN"]
    cloud.secretsmanager.put_secret_value(SecretId=secret, SecretString=WRONG)
    assert "credentials-refused" in sounding_after_run(stack, invoke)


def test_recordings_failed(
    stack: Watched, invoke: Invoke, deployed: Deployed, simulator: Simulator
) -> None:
    """It sounds when a recording is given up, here after twelve refusals over six days."""
    uri = f"{simulator.base_url}/restapi/v1.0/account/~/recording/7/content"
    deployed.list_recording(recording_of("7", content_uri=uri))
    refused = RepeatedAnswer(11, now() - timedelta(days=6), now() - timedelta(days=1))
    item = replace(deployed.item("7"), refused=refused)
    deployed.catalogue.defer(item, retry_at=now(), reason="403", attempts=0)
    simulator.inject(Fault(path="*/content", status=403))
    told = invoke(archiver, message('{"recording_id": "7"}'))

    assert [it["reason"] for it in told if "Errors" in it] == ["RecordingRefusedError"]
    assert "recordings-failed" in stack.sounding()


def test_configuration_faults(stack: Watched, invoke: Invoke, deployed: Deployed) -> None:
    """It sounds when a recording lies on a host that is not configured, and for an hour after."""
    elsewhere = "https://elsewhere.example/recording/7/content"
    deployed.list_recording(recording_of("7", content_uri=elsewhere))
    told = invoke(archiver, message('{"recording_id": "7"}'))

    assert [it["reason"] for it in told if "Errors" in it] == ["ForeignHostError"]
    assert "configuration-faults" in stack.sounding()
    assert "recordings-failed" not in stack.sounding()
    assert "configuration-faults" not in stack.sounding(after=timedelta(minutes=61))


def test_recordings_unrecognised(stack: Watched, invoke: Invoke, simulator: Simulator) -> None:
    """It sounds when content of no known type was stored."""
    simulator.inject(Fault(path="*/content", status=200, body="OggS\0\1\2" * 4000))
    invoke(lister, {})
    recording_id = next(iter(simulator.account.recordings))
    for _ in range(2):
        assert "recordings-unrecognised" not in stack.sounding()
        invoke(archiver, message(json.dumps({"recording_id": recording_id})))
    assert "recordings-unrecognised" in stack.sounding()


def test_recordings_missing(stack: Watched, invoke: Invoke, deployed: Deployed) -> None:
    """It sounds when an object is gone that the catalogue calls archived."""
    recording = recording_of("8", started_at=now() - timedelta(days=3))
    deployed.list_recording(recording)
    deployed.catalogue.set_archived("8", archived_of(recording))
    assert "recordings-missing" not in stack.sounding()
    invoke(reconciler, {})
    assert "recordings-missing" in stack.sounding()


REPORTED: dict[str, tuple[str, dict[str, Any]]] = {
    "recordings-not-served": ("not_found", fields_attribute(ANSWERED)),
    "recordings-refused": ("refused", fields_attribute(ANSWERED)),
    "recordings-unreadable": ("call_record", {"B": b"damaged"}),
}


@pytest.mark.parametrize("alarm", REPORTED)
def test_what_a_report_names(
    stack: Watched, invoke: Invoke, deployed: Deployed, alarm: str
) -> None:
    """It sounds when the newest report counts such a recording, and for a day."""
    attribute, value = REPORTED[alarm]
    deployed.list_recording(recording_of("8", started_at=now() - timedelta(days=3)))
    deployed.cloud.dynamodb.update_item(
        TableName=deployed["CATALOGUE_TABLE"],
        Key={"recording_id": {"S": "8"}},
        UpdateExpression=f"SET {attribute} = :value",
        ExpressionAttributeValues={":value": value},
    )
    assert alarm not in stack.sounding()
    invoke(reconciler, {})
    assert alarm in stack.sounding()


def test_recordings_unreadable(stack: Watched, invoke: Invoke, deployed: Deployed) -> None:
    """It sounds where an item of the catalogue is damaged, and the others are fed all the same."""
    invoke(lister, event("list_recordings"))
    assert "recordings-unreadable" not in stack.sounding()
    deployed.list_recording(recording_of("9"))
    damage = {":it": {"S": "soon"}, ":was": {"S": "PENDING"}}
    deployed.catalogue._items.update("9", "SET retry_at = :it", "#state = :was", damage)
    invoke(lister, event("list_recordings"))
    assert "recordings-unreadable" in stack.sounding()


def test_reconciliation_not_run(stack: Watched, invoke: Invoke, simulator: Simulator) -> None:
    """It sounds where invocations fail for 26 hours, and where there is none."""
    invoke(reconciler, {})
    assert "reconciliation-not-run" not in stack.sounding()
    assert "reconciliation-not-run" not in stack.sounding(after=timedelta(hours=25))
    assert "reconciliation-not-run" in stack.sounding(after=timedelta(hours=27))

    stack.forget()
    simulator.inject(Fault(path="*/call-log", status=503))
    invoke(reconciler, {"from": str(now().date()), "to": str(now().date())})
    assert "reconciliation-not-run" in stack.sounding()


@pytest.fixture
def nowhere(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Deploy the API with an archived recording, and with an audit that is gone."""
    recording = recording_of("1662272004")
    deployed.list_recording(recording)
    deployed.catalogue.set_archived("1662272004", archived_of(recording))
    for name, value in API.items():
        monkeypatch.setenv(name, value)
    return deployed


@pytest.mark.usefixtures("nowhere")
def test_playback_audit_failing(stack: Watched, invoke: Invoke) -> None:
    """It sounds when a URL is refused because its play can't be written down."""
    assert "playback-audit-failing" not in stack.sounding()
    invoke(api, event("playback_api_playback_url"))
    assert "playback-audit-failing" in stack.sounding()


@pytest.mark.usefixtures("nowhere")
def test_api_errors(stack: Watched) -> None:
    """It sounds at the third 5xx of the handler, as API Gateway would count them."""
    asked = event("playback_api_playback_url")
    for sounds in (False, False, True):
        answer = api.lambda_handler(asked, Context())
        stack.tell_of_aws("api-errors", float(answer["statusCode"] >= 500))
        assert ("api-errors" in stack.sounding()) is sounds


def test_metrics_say_what_handlers_did(
    invoke: Invoke, deployed: Deployed, simulator: Simulator
) -> None:
    """A real run emits what RingCentral's side and the bucket have counted."""
    deployed.list_recording(recording_of("7", content_uri="https://elsewhere.example/7"))
    told = invoke(lister, {})
    for recording_id in (*simulator.account.recordings, "7"):
        told += invoke(archiver, message(json.dumps({"recording_id": recording_id})))

    requests: Any = simulator.books()["requests"]
    audio = [key for key in deployed.object_keys() if key.startswith("recordings/")]
    assert max(values_of("Pending", told)) == RECORDINGS + 1
    assert sum(values_of("RecordingsListed", told)) == RECORDINGS
    assert sum(values_of("RecordingsArchived", told)) == len(audio) == RECORDINGS
    assert sum(values_of("RequestsSent", told)) == sum(requests.values())
    assert sum(values_of("RequestsThrottled", told)) == 0
    assert [it["reason"] for it in told if "Errors" in it] == ["ForeignHostError"]
    assert sum(values_of("BytesArchived", told)) == sum(
        deployed.cloud.s3.head_object(Bucket=deployed["VAULT_BUCKET"], Key=key)["ContentLength"]
        for key in audio
    )


def values_of(name: str, told: list[dict[str, Any]]) -> list[float]:
    """Return every value of a metric in EMF lines."""
    return [value for line in told for value in line.get(name, [])]
