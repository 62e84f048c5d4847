"""The archiving function behind its queue's event, against a simulated account."""

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.archive_recording import handler
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.quota_store import DynamoDBQuotaStore
from ringvault.core.catalogue.item import RepeatedAnswer, State
from ringvault.core.quota.window import Quota as QuotaValue
from ringvault.core.vault.layout import audio_key, sidecar_key
from tests.support.archiver_events import NONE_FAILED, batch, content_of, listed, message
from tests.support.cloud import Cloud
from tests.support.deployed import (
    CREDENTIALS,
    Context,
    Deployed,
    deploy,
    event,
    in_child,
    secrets_of,
)
from tests.support.recordings import recording_of

Log = list[dict[str, Any]]
CONTENT = "*/content"
HTML = {"Content-Type": "text/html"}
UNKNOWN = "OggS\0\1\2" * 4000
POISON = {
    "not json": "the message is not JSON",
    "[]": 'the message is not {"recording_id": "…"}',
    '{"recording_id": "1", "more": 1}': 'the message is not {"recording_id": "…"}',
    '{"recording_id": "../../x"}': "recording_id is not the id of a recording",
    '{"recording_id": 1}': "recording_id is not the id of a recording",
    '{"recording_id": "404404"}': "recording 404404 is not in the catalogue",
}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run an account with three recordings of the last days."""
    quotas = quotas_with(heavy=Quota(600, 60, 60))
    with Simulator(Options(recordings=3, days=5, quotas=quotas)) as running:
        yield running


@pytest.fixture
def deployed(cloud: Cloud, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Deploy against the account, its recordings listed."""
    return use(deploy(cloud, simulator.base_url), simulator, monkeypatch)


@pytest.fixture(autouse=True)
def _cold_start() -> Iterator[None]:
    caches = (handler._settings, handler._session, handler._queues, handler._archiver)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def use(deployed: Deployed, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """List the simulator's recordings, and give this process the function's variables."""
    for name, value in deployed.environ.items():
        monkeypatch.setenv(name, value)
    for recording_id in simulator.account.recordings:
        deployed.list_recording(listed(simulator, recording_id))
    return deployed


def ids(simulator: Simulator) -> list[str]:
    """Return the ids of the simulated recordings."""
    return list(simulator.account.recordings)


def answered(*bodies: str) -> Any:
    """Return the answer to a batch of these messages."""
    return handler.lambda_handler(batch(*bodies), Context())


def heavy_requests(simulator: Simulator) -> int:
    """Return how many requests of the Heavy group came."""
    books: Any = simulator.books(sha256=False)
    return int(books["requests"]["heavy"])


def test_the_sample_event_names_a_recording(cloud: Cloud, deployed: Deployed, log: Log) -> None:
    """The sample under events/ is understood as it stands."""
    del cloud
    assert handler.lambda_handler(event("archive_recording"), Context()) == NONE_FAILED
    assert "1662272004" in log[0]["reason"]
    assert list(deployed.dead_letters()) == ['{"recording_id": "1662272004"}']


def test_recordings_are_archived_byte_for_byte(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """Audio, sidecar and state say the same, and one line a message tells of it."""
    assert answered(*map(message, ids(simulator))) == NONE_FAILED
    books: Any = simulator.books()
    expected = {it["id"]: it for it in books["recordings"]}
    for recording_id, recording in simulator.account.recordings.items():
        item = deployed.item(recording_id)
        archived = item.archived
        assert item.state is State.ARCHIVED
        assert archived is not None
        assert archived.object_key == audio_key(item.recording, archived.object_key[-3:])
        stored = deployed.cloud.read(deployed["VAULT_BUCKET"], archived.object_key)
        assert stored == content_of(recording)
        assert archived.sha256_hex == expected[recording_id]["sha256"]
        sidecar = deployed.cloud.read(deployed["VAULT_BUCKET"], sidecar_key(item.recording))
        assert json.loads(sidecar)["sha256_hex"] == archived.sha256_hex
        assert max(archived.waveform or b"") > 100
        assert b64decode(json.loads(sidecar)["waveform"]) == archived.waveform
    assert len(deployed.object_keys()) == 6
    assert [(line["outcome"], line["recording_id"]) for line in log] == [
        ("archived", recording_id) for recording_id in ids(simulator)
    ]
    assert all(line["continuations"] == 0 for line in log)
    assert heavy_requests(simulator) == 3


def test_the_same_message_twice_is_one_download(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """A message that is delivered again, in one batch or later, costs no request."""
    recording_id = ids(simulator)[0]
    assert answered(message(recording_id), message(recording_id)) == NONE_FAILED
    assert answered(message(recording_id)) == NONE_FAILED
    assert heavy_requests(simulator) == 1
    outcomes = [line["outcome"] for line in log]
    assert outcomes == ["archived", "already_done", "already_done"]
    assert len(deployed.object_keys()) == 2


def test_poison_goes_to_the_dead_letters_alone(deployed: Deployed, simulator: Simulator) -> None:
    """Messages that are not ours are put aside with their reasons, the rest is archived."""
    first, second, _ = ids(simulator)
    assert answered(message(first), *POISON, message(second)) == NONE_FAILED
    assert deployed.dead_letters() == POISON
    states = [deployed.item(recording_id).state for recording_id in (first, second)]
    assert states == [State.ARCHIVED, State.ARCHIVED]


def test_deep_json_is_poison_too(deployed: Deployed, simulator: Simulator) -> None:
    """JSON that is nested too deep to read is put aside like any other."""
    recording_id = ids(simulator)[0]
    body = "[" * 100_000
    assert answered(body, message(recording_id)) == NONE_FAILED
    assert deployed.item(recording_id).state is State.ARCHIVED
    assert list(deployed.dead_letters()) == [body]


def test_poison_that_can_not_be_put_aside_comes_again(
    cloud: Cloud, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the dead-letter queue does not take it, the message is not lost."""
    deployed = use(deploy(cloud, simulator.base_url), simulator, monkeypatch)
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", f"{cloud.url}/123456789012/none")
    recording_id = ids(simulator)[0]
    answer = answered("not json", message(recording_id))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert deployed.item(recording_id).state is State.ARCHIVED


def test_missing_configuration_is_told_whole(
    deployed: Deployed, simulator: Simulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every variable that is missing is named at once, and every message comes again."""
    missing = ("CATALOGUE_TABLE", "VAULT_BUCKET", "DEAD_LETTER_QUEUE_URL", "STATE_TABLE")
    for name in missing:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RINGCENTRAL_MEDIA_URL", "ftp://media")
    answer = answered(message("1"), message("2"))
    assert [it["itemIdentifier"] for it in answer["batchItemFailures"]] == [
        "message-0",
        "message-1",
    ]
    assert log[0]["error"] == "ConfigurationError"
    for name in missing:
        assert f"{name} is missing" in log[0]["reason"]
    assert "RINGCENTRAL_MEDIA_URL is not an http(s) URL" in log[0]["reason"]
    assert "RECORDING_QUEUE_URL" not in log[0]["reason"]
    assert heavy_requests(simulator) == 0
    assert deployed.object_keys() == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(path=CONTENT, status=404, headers=HTML, body="<html>nginx</html>"), "answered 404"),
        (Fault(path=CONTENT, status=403), "RingCentral refuses this recording (403 CMN-408)"),
        (Fault(path=CONTENT, cut_after_bytes=100), "the body broke"),
    ],
    ids=["html", "403", "cut"],
)
def test_what_fails_is_tried_later(
    deployed: Deployed, simulator: Simulator, log: Log, fault: Fault, reason: str
) -> None:
    """A failure leaves PENDING with its reason and a time, nothing in the vault, no dead letter."""
    recording_id = ids(simulator)[0]
    simulator.inject(fault)
    assert answered(message(recording_id)) == NONE_FAILED
    item = deployed.item(recording_id)
    assert item.state is State.PENDING
    assert item.retry_at is not None
    assert item.retry_at > now()
    assert item.claimed_until is None
    assert reason in str(item.reason)
    assert (log[0]["outcome"], log[0]["reason"]) == ("deferred", item.reason)
    assert deployed.object_keys() == []
    assert deployed.dead_letters() == {}
    simulator.inject()


def test_one_404_of_an_old_recording_is_not_its_end(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """It is asked for again, and archived when it is served."""
    recording_id = ids(simulator)[-1]
    simulator.inject(Fault(path=CONTENT, status=404, times=1))
    assert answered(message(recording_id)) == NONE_FAILED
    item = deployed.item(recording_id)
    assert (item.state, item.attempts) == (State.PENDING, 0)
    assert item.not_found is not None
    assert log[0]["reason"] == "RingCentral answered 404 (CMN-102)"
    assert answered(message(recording_id)) == NONE_FAILED
    item = deployed.item(recording_id)
    assert (item.state, item.not_found) == (State.ARCHIVED, None)


@pytest.mark.parametrize("is_listed", [False, True])
def test_a_recording_is_absent_when_the_call_log_has_it_no_longer(
    deployed: Deployed, simulator: Simulator, log: Log, *, is_listed: bool
) -> None:
    """The third 404 within more than a day asks the call log; both answers are in the reason."""
    recording_id = ids(simulator)[-1]
    earlier = RepeatedAnswer(2, now() - timedelta(days=2), now() - timedelta(days=1))
    item = replace(deployed.item(recording_id), not_found=earlier)
    deployed.catalogue.defer(item, retry_at=now(), reason="404", attempts=0)
    simulator.inject(
        Fault(path=CONTENT, status=404),
        *([] if is_listed else [Fault(path="*/call-log", status=200, body='{"records": []}')]),
    )
    assert answered(message(recording_id)) == NONE_FAILED
    item = deployed.item(recording_id)
    assert item.state is (State.PENDING if is_listed else State.ABSENT)
    said = "offered by the call log, not served" if is_listed else "the call log no longer has it"
    assert said in str(item.reason)
    assert "404 (CMN-102), 3 times since" in str(item.reason)
    assert log[0]["outcome"] == ("deferred" if is_listed else "absent")
    simulator.inject()


def test_a_young_recording_that_is_not_there_yet_is_tried_again(
    deployed: Deployed, simulator: Simulator
) -> None:
    """A 404 within two hours of the call is too early, whatever it says."""
    young = replace(listed(simulator, ids(simulator)[0]), recording_id="77", started_at=now())
    deployed.list_recording(replace(young, content_uri=young.content_uri + "x"))
    assert answered(message("77")) == NONE_FAILED
    item = deployed.item("77")
    assert (item.state, item.attempts) == (State.PENDING, 0)


def test_a_foreign_content_uri_is_deferred(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """A wrong parameter ends no recording; host and parameter are named, nobody signs in for it."""
    deployed.list_recording(recording_of("88", content_uri="http://127.0.0.2/x"))
    assert answered(message("88")) == NONE_FAILED
    item = deployed.item("88")
    assert (item.state, item.attempts, item.deferrals) == (State.PENDING, 0, 1)
    assert "127.0.0.2" in log[0]["reason"]
    assert "RingCentralMediaUrl" in log[0]["reason"]
    assert heavy_requests(simulator) == 0


def test_content_of_no_known_type_is_kept_as_it_is(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """It has to come twice alike, and is marked in item, sidecar and log."""
    recording_id = ids(simulator)[0]
    simulator.inject(Fault(path=CONTENT, status=200, body=UNKNOWN))
    assert answered(message(recording_id), message(recording_id)) == NONE_FAILED
    simulator.inject()
    item = deployed.item(recording_id)
    assert item.archived is not None
    assert item.archived.object_key == audio_key(item.recording, "bin")
    assert (
        deployed.cloud.read(deployed["VAULT_BUCKET"], item.archived.object_key) == UNKNOWN.encode()
    )
    sidecar = deployed.cloud.read(deployed["VAULT_BUCKET"], sidecar_key(item.recording))
    assert json.loads(sidecar)["notes"] == list(item.archived.notes) == ["unrecognised"]
    assert [line["outcome"] for line in log] == ["deferred", "archived"]
    assert log[1]["notes"] == ["unrecognised"]


def test_a_closed_gate_hands_the_id_back(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """While nobody may send, the id goes back to the queue with a delay, at nobody's expense."""
    store = DynamoDBQuotaStore(
        deployed["STATE_TABLE"],
        deployed.cloud.dynamodb,
        service_user="1",
        group=lambda: "heavy",
        default=QuotaValue(),
    )
    store.save(QuotaValue(closed_until=now() + timedelta(minutes=10)), version=0)
    recording_id = ids(simulator)[0]
    assert answered(message(recording_id)) == NONE_FAILED
    attributes = deployed.cloud.sqs.get_queue_attributes(
        QueueUrl=deployed["RECORDING_QUEUE_URL"],
        AttributeNames=["ApproximateNumberOfMessagesDelayed"],
    )["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"
    assert log[0]["outcome"] == "handed_back"
    assert deployed.item(recording_id).claimed_until is None
    assert heavy_requests(simulator) == 0


def test_what_a_dead_archiver_left_whole_is_not_fetched_again(
    deployed: Deployed, simulator: Simulator
) -> None:
    """An object in the vault whose archiver died before it said so is measured and recorded."""
    recording_id = ids(simulator)[0]
    recording = simulator.account.recordings[recording_id]
    item = deployed.item(recording_id)
    deployed.catalogue.claim(item, now=now(), until=now() - timedelta(seconds=1))
    file_type = "wav" if recording.audio.content_type == "audio/wav" else "mp3"
    deployed.vault.store_audio(
        audio_key(item.recording, file_type),
        content_type=recording.audio.content_type,
        chunks=recording.audio.whole(),
    )
    assert answered(message(recording_id)) == NONE_FAILED
    archived = deployed.item(recording_id).archived
    assert archived is not None
    assert archived.size_bytes == recording.audio.size_bytes
    assert archived.content_type == recording.audio.content_type
    assert sidecar_key(item.recording) in deployed.object_keys()
    assert heavy_requests(simulator) == 0


def test_what_a_dead_archiver_left_half_is_aborted(
    deployed: Deployed, simulator: Simulator
) -> None:
    """An upload that was open when its archiver died is gone when the next has archived."""
    recording_id = ids(simulator)[0]
    item = deployed.item(recording_id)
    deployed.catalogue.claim(item, now=now(), until=now() - timedelta(seconds=1))
    for file_type in ("mp3", "wav"):
        deployed.cloud.s3.create_multipart_upload(
            Bucket=deployed["VAULT_BUCKET"], Key=audio_key(item.recording, file_type)
        )
    assert answered(message(recording_id)) == NONE_FAILED
    assert deployed.item(recording_id).state is State.ARCHIVED
    assert deployed.cloud.open_uploads_in(deployed["VAULT_BUCKET"]) == []


def test_a_claimed_recording_is_left_alone(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """What another archiver works on is neither fetched nor handed back."""
    recording_id = ids(simulator)[0]
    until = now() + timedelta(minutes=5)
    deployed.catalogue.claim(deployed.item(recording_id), now=now(), until=until)
    assert answered(message(recording_id)) == NONE_FAILED
    assert log[0]["outcome"] == "claimed_elsewhere"
    assert heavy_requests(simulator) == 0
    assert deployed.queued() == []


def test_an_item_that_can_not_be_read_is_put_aside(
    deployed: Deployed, simulator: Simulator, log: Log
) -> None:
    """Its message goes to the dead letters with what is wrong, and harms no other message."""
    deployed.cloud.dynamodb.put_item(
        TableName=deployed["CATALOGUE_TABLE"],
        Item={"recording_id": {"S": "99"}, "state": {"S": "canary +1 555 0100"}},
    )
    recording_id = ids(simulator)[0]
    answer = answered(message("99"), message(recording_id))
    assert answer == NONE_FAILED
    assert deployed.item(recording_id).state is State.ARCHIVED
    assert log[0]["outcome"] == "refused"
    assert log[0]["reason"].startswith("catalogue item 99: attribute ")
    assert list(deployed.dead_letters().values()) == [log[0]["reason"]]
    assert "canary" not in json.dumps(log)


def test_an_item_of_a_newer_release_comes_again(deployed: Deployed, simulator: Simulator) -> None:
    """During an upgrade the old code meets it for a while; the new code reads it."""
    recording_id = ids(simulator)[0]
    deployed.cloud.dynamodb.update_item(
        TableName=deployed["CATALOGUE_TABLE"],
        Key={"recording_id": {"S": recording_id}},
        UpdateExpression="SET schema_version = :later",
        ExpressionAttributeValues={":later": {"N": "99"}},
    )
    answer = answered(message(recording_id))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert deployed.dead_letters() == {}


def test_a_vault_that_is_not_there_is_tried_later(
    deployed: Deployed, simulator: Simulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing bucket defers the recording and tells what to look at."""
    monkeypatch.setenv("VAULT_BUCKET", "no-such-vault")
    recording_id = ids(simulator)[0]
    assert answered(message(recording_id)) == NONE_FAILED
    assert deployed.item(recording_id).state is State.PENDING
    assert "NoSuchBucket; is the stack whole" in log[0]["reason"]


@pytest.mark.parametrize(
    ("credentials", "outcome"),
    [(CREDENTIALS, "archived"), ({**CREDENTIALS, "jwt": "canary-wrong-jwt"}, "deferred")],
    ids=["well", "wrong jwt"],
)
def test_nothing_that_is_anybodys_is_logged(
    cloud: Cloud,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    credentials: dict[str, str],
    outcome: str,
) -> None:
    """A whole process writes neither credentials nor tokens nor names nor phone numbers."""
    deployed = deploy(cloud, simulator.base_url, credentials=credentials)
    use(deployed, simulator, monkeypatch)
    bodies = [message(ids(simulator)[0]), "not json"]
    answer, written = in_child("archive_recording", batch(*bodies), environ=deployed.environ)
    assert answer == NONE_FAILED
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert [line["outcome"] for line in lines if "_aws" not in line] == [outcome, "refused"]
    secrets = secrets_of(simulator) | set(credentials.values())
    assert len(secrets) > len(CREDENTIALS) + 1
    assert not [secret for secret in secrets if secret in written]
