"""The listing function behind its schedule's event, against a simulated account."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.list_recordings import handler
from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters import clock
from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.api.search_parameters import read_search
from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.phone_number import numbers_of
from ringvault.core.playback.rights import Listener
from ringvault.core.playback.search import search_recordings
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
from tests.support.tiny_server import Reply, Seen, TinyServer

Log = list[dict[str, Any]]
RECORDINGS = 8
CANARY = "canary-wrong-secret"
CALL_LOG = "*/call-log"
ACCOUNT = "http://127.0.0.1/restapi/v1.0/account/37000001"
GOOD: dict[str, Any] = {
    "id": "1",
    "startTime": "2026-11-22T10:00:00.000Z",
    "recording": {"id": "1", "contentUri": f"{ACCOUNT}/recording/1/content"},
}
MALFORMED: list[Any] = [
    {"id": "2", "recording": {"id": "../x", "contentUri": f"{ACCOUNT}/recording/2/content"}},
    {"id": "3", "recording": {"id": "3"}, "startTime": "2026-11-22T10:00:00.000Z"},
    {"id": "4", "recording": {"id": "4", "contentUri": f"{ACCOUNT}/recording/4/content"}},
]
SHAPELESS: list[Any] = [
    {"id": "5", "recording": "yes"},
    {"id": "6", "legs": [None]},
    {"id": "7", "legs": 7},
    {"id": "8", "extension": "101", "recording": GOOD["recording"], "startTime": GOOD["startTime"]},
]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Run a small account that was used in the last days."""
    quotas = quotas_with(heavy=Quota(600, 60, 60))
    with Simulator(Options(recordings=RECORDINGS, days=5, quotas=quotas)) as running:
        yield running


@pytest.fixture
def deployed(cloud: Cloud, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Deploy against the small account."""
    return use(deploy(cloud, simulator.base_url), monkeypatch)


@pytest.fixture(autouse=True)
def _cold_start() -> Iterator[None]:
    handler._container.cache_clear()
    yield
    handler._container.cache_clear()


def use(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Give this process the function's variables."""
    for name, value in deployed.environ.items():
        monkeypatch.setenv(name, value)
    return deployed


def answered() -> dict[str, Any]:
    """Return the answer to the schedule's event."""
    return handler.lambda_handler(event("list_recordings"), Context())


def test_everything_is_listed_and_fed(deployed: Deployed, simulator: Simulator, log: Log) -> None:
    """The first run puts each recording into the catalogue and onto the queue, and logs once."""
    answer = answered()
    assert (answer["outcome"], answer["listed"], answer["fed"]) == (
        "listed",
        RECORDINGS,
        RECORDINGS,
    )
    fed = {json.loads(message["Body"])["recording_id"] for message in deployed.queued()}
    assert fed == set(simulator.account.recordings)
    assert {deployed.item(recording_id).state for recording_id in fed} == {State.QUEUED}
    (line,) = log
    assert (line["message"], line["level"]) == ("list_recordings", "INFO")
    assert line["requests"] == answer["requests"] > 0
    assert line["windows_open"] == 0


def test_what_is_listed_is_found_by_its_numbers(deployed: Deployed, simulator: Simulator) -> None:
    """Each recording is found by every number that its call-log record names."""
    answered()
    indexes = CatalogueIndexes(
        deployed.cloud.dynamodb,
        catalogue_table=deployed["CATALOGUE_TABLE"],
        number_index_table=deployed["NUMBER_INDEX_TABLE"],
    )
    listener = Listener(user_id="supervisor", hears_all=True, extension_id=None)
    for recording_id in simulator.account.recordings:
        numbers = numbers_of(deployed.item(recording_id).recording.call_record)
        assert numbers
        for number in numbers:
            page = search_recordings(
                read_search({"phoneNumber": number}, now=clock.now()),
                listener=listener,
                catalogue=indexes,
            )
            assert recording_id in {item.recording.recording_id for item in page.items}


def test_a_second_run_finds_nothing_new(deployed: Deployed) -> None:
    """What is listed and fed is neither listed nor fed again."""
    answered()
    assert len(deployed.queued()) == RECORDINGS
    answer = answered()
    assert (answer["outcome"], answer["listed"], answer["fed"]) == ("listed", 0, 0)
    assert deployed.queued() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path=CALL_LOG, status=503, times=1),
        Fault(path=CALL_LOG, cut_after_bytes=500, times=1),
    ],
    ids=["503", "cut"],
)
def test_a_run_that_fails_is_made_good(
    deployed: Deployed, simulator: Simulator, log: Log, fault: Fault
) -> None:
    """Whatever stops a run, the next one lists everything."""
    simulator.inject(fault)
    answer = answered()
    assert (answer["outcome"], answer["error"]) == ("failed", "ServiceUnavailableError")
    assert log[-1]["level"] == "ERROR"
    assert answered()["outcome"] == "listed"
    assert len(deployed.queued()) == RECORDINGS


@pytest.mark.usefixtures("deployed")
def test_a_throttled_run_says_until_when(simulator: Simulator) -> None:
    """A 429 is no failure: the run ends and tells when the quota opens."""
    simulator.inject(Fault(path=CALL_LOG, status=429, headers={"Retry-After": "600"}, times=1))
    answer = answered()
    assert answer["outcome"] == "listed"
    assert answer["throttled_until"] > "2026"
    requests: Any = simulator.books()["requests"]
    assert answered()["throttled_until"] >= answer["throttled_until"]
    assert simulator.books()["requests"] == requests


def test_wrong_credentials_are_one_line(
    cloud: Cloud, simulator: Simulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused sign-in is one clear line without a traceback and without a secret."""
    credentials = {**CREDENTIALS, "jwt": CANARY}
    use(deploy(cloud, simulator.base_url, credentials=credentials), monkeypatch)
    answer = answered()
    assert (answer["outcome"], answer["error"]) == ("failed", "CredentialsError")
    (line,) = log
    assert "correct the RingCentral secret" in line["problem"]
    told = json.dumps([line, answer])
    assert not [secret for secret in credentials.values() if secret in told]
    assert "Traceback" not in told


def test_an_empty_secret_is_told_whole(
    cloud: Cloud, simulator: Simulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret as the template makes it names everything that is to be put in."""
    empty = dict.fromkeys(CREDENTIALS, "")
    use(deploy(cloud, simulator.base_url, credentials=empty), monkeypatch)
    assert answered()["error"] == "ConfigurationError"
    for name in CREDENTIALS:
        assert f"{name} is missing" in log[0]["problem"]
    requests: Any = simulator.books()["requests"]
    assert sum(requests.values()) == 0


def test_missing_configuration_is_told_whole(
    deployed: Deployed, simulator: Simulator, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every variable that is missing or malformed is named at once, before any request."""
    missing = ("CATALOGUE_TABLE", "STATE_TABLE", "RINGCENTRAL_SECRET_ARN", "ACCESS_TOKEN_KEY_ARN")
    for name in missing:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RINGCENTRAL_SERVER_URL", "platform.ringcentral.com")
    monkeypatch.setenv("RECORDING_QUEUE_URL", "http://[")
    monkeypatch.setenv("FIRST_RUN_REACH_DAYS", "-1")
    answer = answered()
    assert (answer["outcome"], answer["error"]) == ("failed", "ConfigurationError")
    for fault in (
        *(f"{name} is missing" for name in missing),
        "RINGCENTRAL_SERVER_URL is not an http(s) URL",
        "RECORDING_QUEUE_URL is not an http(s) URL",
        "FIRST_RUN_REACH_DAYS must be a whole number from 0 to 3650",
    ):
        assert fault in log[0]["problem"]
    assert "RINGCENTRAL_MEDIA_URL" not in log[0]["problem"]
    requests: Any = simulator.books()["requests"]
    assert sum(requests.values()) == 0
    assert deployed.queued() == []


def run_on(
    records: list[Any], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], Deployed]:
    """Run on a call log of these records and one good recording of the same account."""
    token = {"access_token": "t", "expires_in": 3600}

    def answer(request: Seen) -> Reply:
        document: Any = token if request.method == "POST" else {"records": [*records, GOOD]}
        return Reply(200, {"Content-Type": "application/json"}, json.dumps(document).encode())

    with TinyServer(answer) as server:
        deployed = use(deploy(cloud, server.url), monkeypatch)
        return answered(), deployed


def test_a_malformed_record_does_not_stop_the_others(
    cloud: Cloud, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record without what we need is told, and the rest of the page is listed."""
    answer, deployed = run_on(MALFORMED, cloud, monkeypatch)
    assert (answer["outcome"], answer["listed"], answer["windows_open"]) == ("listed", 1, 0)
    assert deployed.item("1").state is State.QUEUED
    told = {text.partition(":")[0] for text in log[0]["rejected"]}
    assert told == {f"call-log record {record['id']}" for record in MALFORMED}


def test_a_shapeless_record_does_not_stop_the_others(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that should be an object and is none is told like any other fault of a record."""
    answer, _ = run_on(SHAPELESS, cloud, monkeypatch)
    assert (answer["outcome"], answer["listed"]) == ("listed", 1)


def test_nothing_that_is_anybodys_is_logged(cloud: Cloud, simulator: Simulator) -> None:
    """A whole process writes neither credentials nor tokens nor names nor phone numbers."""
    deployed = deploy(cloud, simulator.base_url)
    answer, written = in_child(
        "list_recordings", event("list_recordings"), environ=deployed.environ
    )
    assert answer["outcome"] == "listed"
    assert '"message":"list_recordings"' in written
    secrets = secrets_of(simulator)
    assert len(secrets) > len(CREDENTIALS) + 1
    assert not [secret for secret in secrets if secret in written + json.dumps(answer)]
