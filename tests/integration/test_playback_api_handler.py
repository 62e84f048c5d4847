"""The playback function behind its own events, against the table that template.yaml defines."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.server import ThreadedMotoServer

from functions.playback_api import handler
from local.transform import transform
from ringvault.adapters.catalogue_table import CatalogueTable
from ringvault.core.catalogue import ArchivedObject, State
from ringvault.core.recording import Recording
from ringvault.observability import logger

REPOSITORY = Path(__file__).parents[2]
BUCKET = "ringvault-vault"
TABLE = "ringvault-catalogue"
AUDIO = b"ID3" + bytes(range(256)) * 8
LISTED_AT = datetime.now(UTC).replace(microsecond=0)
TABLE_PARAMETERS = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    """Serve S3 and DynamoDB on a free port for the tests of this module."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://localhost:{port}"
    server.stop()


@pytest.fixture(scope="module")
def table_parameters() -> dict[str, Any]:
    """Return how template.yaml defines the catalogue, as far as CreateTable takes it."""
    plain = transform(REPOSITORY / "template.yaml")
    properties = plain["Resources"]["CatalogueTable"]["Properties"]
    return {name: properties[name] for name in TABLE_PARAMETERS}


@pytest.fixture(autouse=True)
def _environment(endpoint_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "CATALOGUE_TABLE": TABLE,
        "VAULT_BUCKET": BUCKET,
        "GROUPS_CLAIM": "cognito:groups",
        "PLAYBACK_URL_SECONDS": "60",
    }.items():
        monkeypatch.setenv(name, value)
    handler._api.cache_clear()
    yield
    handler._api.cache_clear()


@pytest.fixture
def catalogue(endpoint_url: str, table_parameters: dict[str, Any]) -> CatalogueTable:
    """Make an empty catalogue and an empty vault."""
    requests.post(f"{endpoint_url}/moto-api/reset", timeout=10)
    client = boto3.client("dynamodb")
    client.create_table(TableName=TABLE, **table_parameters)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return CatalogueTable(TABLE, client)


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Collect what reaches CloudWatch: our lines, and from WARNING on what libraries log."""
    ours, theirs = _Lines(logging.INFO), _Lines(logging.WARNING)
    theirs.lines = ours.lines
    theirs.addFilter(lambda record: record.name != logger().name)
    function_logger, root = logging.getLogger(logger().name), logging.getLogger()
    function_logger.addHandler(ours)
    root.addHandler(theirs)
    yield ours.lines
    function_logger.removeHandler(ours)
    root.removeHandler(theirs)


class _Lines(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(logger().registered_formatter.format(record)))


def event(name: str, **changes: Any) -> dict[str, Any]:
    """Return a sample event, with some of its members changed."""
    text = (REPOSITORY / "events" / f"playback_api_{name}.json").read_text(encoding="utf-8")
    return {**json.loads(text), **changes}


def event_for(recording_id: str, name: str) -> dict[str, Any]:
    """Return a sample event that asks for a recording of the test's own."""
    sample = event(name, pathParameters={"recordingId": recording_id})
    sample["rawPath"] = sample["rawPath"].replace("1662272004", recording_id)
    return sample


def answered(to: dict[str, Any]) -> Answer:
    """Return the answer to an event, with its body read where that is JSON."""
    answer = handler.lambda_handler(to, LambdaContext())
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    is_json = "json" in headers["content-type"]
    body = json.loads(answer["body"]) if is_json else answer["body"]
    return {"status": answer["statusCode"], "headers": headers, "body": body}


def listed(catalogue: CatalogueTable, recording_id: str, *, days_ago: float = 1) -> Recording:
    """Put a recording into the catalogue, as the lister does."""
    recording = Recording(
        recording_id=recording_id,
        account_id="1",
        content_uri=f"https://media.example/{recording_id}",
        started_at=LISTED_AT - timedelta(days=days_ago),
        duration_s=61,
        extension_id="9",
        call_record={"direction": "Inbound", "from": {"name": "Ann"}, "to": {"name": "Bob"}},
    )
    catalogue.add_new([recording], listed_at=LISTED_AT)
    return recording


def archived(catalogue: CatalogueTable, recording_id: str) -> None:
    """Put a recording into the catalogue and its audio into the vault, as the archiver does."""
    listed(catalogue, recording_id)
    object_key = f"recordings/account=1/year=2026/month=11/day=20/{recording_id}.mp3"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=object_key, Body=AUDIO)
    catalogue.set_archived(
        recording_id,
        ArchivedObject(
            object_key=object_key,
            content_type="audio/mpeg",
            size_bytes=len(AUDIO),
            sha256_hex="00" * 32,
            crc32="AAAAAA==",
            audio_duration_s=60.0,
            archived_at=LISTED_AT,
        ),
    )


def ended(catalogue: CatalogueTable, recording_id: str, state: State, reason: str) -> None:
    """Put a recording into the catalogue that will never be archived."""
    listed(catalogue, recording_id)
    item = catalogue.find(recording_id)
    assert item is not None
    catalogue.end(item, state=state, reason=reason, attempts=1)


def test_recordings_are_listed_newest_first(catalogue: CatalogueTable) -> None:
    """The page goes down in time, across months, and nobody on the way keeps it."""
    for recording_id, days_ago in [("1", 3), ("2", 1), ("3", 40), ("4", 2)]:
        listed(catalogue, recording_id, days_ago=days_ago)

    answer = answered(event("recordings"))

    assert (answer["status"], answer["headers"]["cache-control"]) == (200, "no-store")
    assert [r["id"] for r in answer["body"]["recordings"]] == ["2", "4", "1", "3"]
    assert answer["body"]["cursor"] is None


def test_pages_lead_through_all_recordings_once(catalogue: CatalogueTable) -> None:
    """Each page's cursor leads to the next, without gap or repetition, and ends with null."""
    ids = [str(number) for number in range(7)]
    for recording_id in ids:
        listed(catalogue, recording_id, days_ago=1 + 13 * int(recording_id))

    seen, parameters = [], {"limit": "3"}
    for _ in range(3):
        body = answered(event("recordings", queryStringParameters=parameters))["body"]
        seen.append([recording["id"] for recording in body["recordings"]])
        parameters = {"limit": "3", "cursor": body["cursor"]}

    assert seen == [ids[:3], ids[3:6], ids[6:]]
    assert body["cursor"] is None


def test_recordings_of_one_instant_are_paged_too(catalogue: CatalogueTable) -> None:
    """Calls that began in the same millisecond are told apart by their ids."""
    for recording_id in ("1", "2", "3"):
        listed(catalogue, recording_id)

    first = answered(event("recordings", queryStringParameters={"limit": "2"}))["body"]
    rest = {"limit": "2", "cursor": first["cursor"]}
    second = answered(event("recordings", queryStringParameters=rest))["body"]

    seen = [recording["id"] for recording in first["recordings"] + second["recordings"]]
    assert sorted(seen) == ["1", "2", "3"]


def test_a_search_without_parameters_has_none_in_its_event(catalogue: CatalogueTable) -> None:
    """API Gateway leaves the member out; that is a search like any other."""
    sample = event("recordings")
    del sample["queryStringParameters"]

    assert answered(sample)["body"] == {"recordings": [], "cursor": None}
    assert catalogue.find("1") is None


def test_a_recording_is_shown_in_whatever_state(catalogue: CatalogueTable) -> None:
    """One that is not archived is shown with its state and its reason."""
    ended(catalogue, "77", State.FAILED, "not audio")

    answer = answered(event_for("77", "recording"))

    assert (answer["status"], answer["body"]["id"]) == (200, "77")
    assert (answer["body"]["state"], answer["body"]["reason"]) == ("FAILED", "not audio")


def test_a_playback_url_plays(catalogue: CatalogueTable) -> None:
    """Whoever has the URL gets the audio, for as long as the answer says."""
    archived(catalogue, "77")

    answer = answered(event_for("77", "playback_url"))
    audio = requests.get(answer["body"]["url"], timeout=10)

    assert (answer["status"], answer["headers"]["cache-control"]) == (200, "no-store")
    assert answer["body"]["contentType"] == "audio/mpeg"
    lasts = datetime.fromisoformat(answer["body"]["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < lasts <= timedelta(seconds=60)
    assert (audio.status_code, audio.content) == (200, AUDIO)


@pytest.mark.parametrize("name", ["recording", "playback_url"])
@pytest.mark.parametrize("recording_id", ["404", "a.b", "x" * 65, "a+b"])
@pytest.mark.usefixtures("catalogue")
def test_an_unknown_or_malformed_id_is_not_found(name: str, recording_id: str) -> None:
    """Both look the same: there is no such recording."""
    answer = answered(event_for(recording_id, name))

    assert answer["status"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert answer["body"]["type"] == "urn:ringvault:problem:unknown-recording"


def test_what_is_not_archived_yet_is_a_conflict(catalogue: CatalogueTable) -> None:
    """The problem says the state, and when to ask again."""
    listed(catalogue, "77")

    answer = answered(event_for("77", "playback_url"))

    assert (answer["status"], answer["body"]["state"]) == (409, "PENDING")
    assert answer["headers"]["retry-after"] == "60"


@pytest.mark.parametrize(("state", "status"), [(State.ABSENT, 410), (State.FAILED, 409)])
def test_what_was_given_up_says_why(catalogue: CatalogueTable, state: State, status: int) -> None:
    """Gone is gone, failed is a conflict; both carry the reason, and no advice to wait."""
    ended(catalogue, "77", state, "404 after 90 days")

    answer = answered(event_for("77", "playback_url"))

    assert (answer["status"], answer["body"]["state"]) == (status, state)
    assert answer["body"]["reason"] == "404 after 90 days"
    assert "retry-after" not in answer["headers"]


@pytest.mark.parametrize("name", ["recordings", "recording", "playback_url"])
@pytest.mark.usefixtures("catalogue")
def test_only_listeners_are_answered(name: str) -> None:
    """Any other token is told which group it lacks, whatever it asks for."""
    sample = event(name)
    sample["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:groups"] = "[staff]"

    answer = answered(sample)

    assert answer["status"] == 403
    assert "ringvault-listeners-all" in answer["body"]["detail"]


@pytest.mark.usefixtures("catalogue")
def test_a_route_without_its_authorizer_answers_nobody() -> None:
    """Should the gateway ever forget the authorizer, the function does not."""
    sample = event("recordings")
    del sample["requestContext"]["authorizer"]

    assert answered(sample)["status"] == 403


@pytest.mark.usefixtures("catalogue")
def test_a_bad_parameter_is_named() -> None:
    """The problem names it where a program finds it."""
    answer = answered(event("recordings", queryStringParameters={"limit": "many"}))

    assert (answer["status"], answer["body"]["parameter"]) == (400, "limit")


@pytest.mark.usefixtures("catalogue")
def test_an_unknown_path_is_not_found() -> None:
    """What no route has is a problem like any other."""
    answer = answered(event("page", rawPath="/nothing"))

    assert (answer["status"], answer["body"]["title"]) == (404, "Not Found")


def test_missing_settings_are_logged_not_told(
    monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]]
) -> None:
    """The listener learns nothing, the log names every fault."""
    monkeypatch.delenv("VAULT_BUCKET")
    monkeypatch.setenv("PLAYBACK_URL_SECONDS", "soon")

    answer = answered(event("recordings"))

    assert answer["status"] == 500
    assert "VAULT_BUCKET" not in json.dumps(answer["body"])
    fault, request = lines
    assert all(name in fault["exception"] for name in ("VAULT_BUCKET", "PLAYBACK_URL_SECONDS"))
    assert (request["outcome"], request["status"]) == ("unexpected", 500)


def test_each_request_is_one_line_without_its_url(
    catalogue: CatalogueTable, lines: list[dict[str, Any]]
) -> None:
    """Route, status, recording, outcome and time; neither the URL nor a name."""
    archived(catalogue, "77")
    url = answered(event_for("77", "playback_url"))["body"]["url"]

    (line,) = lines
    assert line["route"] == "GET /recordings/{recordingId}/playback-url"
    assert (line["status"], line["recording_id"], line["outcome"]) == (200, "77", "ok")
    assert line["milliseconds"] >= 0
    secrets = (url, "X-Amz-Signature", "Ann", "Bearer")
    assert not any(secret in json.dumps(line) for secret in secrets)


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("sample", "outcome"),
    [
        (event_for("+15550100", "recording"), "unknown-recording"),
        (event("page", rawPath="/+15550100"), "no-such-path"),
        (event("recordings", queryStringParameters={"from": "+15550100"}), "invalid-parameter"),
    ],
)
def test_a_refusal_is_one_line_without_what_was_sent(
    lines: list[dict[str, Any]], sample: dict[str, Any], outcome: str
) -> None:
    """No traceback, and nothing repeated that could be a phone number."""
    answered(sample)

    (line,) = lines
    assert line["outcome"] == outcome
    assert "5550100" not in json.dumps(line)


def test_the_page_allows_audio_from_the_vault_only(endpoint_url: str) -> None:
    """Nothing inline, nothing foreign: scripts from here, audio from where URLs lead."""
    answer = answered(event("page"))

    policy = answer["headers"]["content-security-policy"].split("; ")
    assert (answer["status"], answer["headers"]["content-type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert policy[:2] == ["default-src 'none'", "script-src 'self'"]
    assert f"media-src {endpoint_url}" in policy
    assert "unsafe" not in answer["headers"]["content-security-policy"]
    assert answer["headers"]["x-content-type-options"] == "nosniff"
    assert answer["headers"]["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("file_name", "content_type"),
    [
        ("page.js", "text/javascript; charset=utf-8"),
        ("page.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_the_pages_files_come_with_their_types(file_name: str, content_type: str) -> None:
    """With nosniff a wrong type is a page that does not work."""
    answer = answered(event("page_file", rawPath=f"/web/{file_name}"))

    assert (answer["status"], answer["headers"]["content-type"]) == (200, content_type)
    expected = REPOSITORY / "functions/playback_api/web" / file_name
    assert answer["body"] == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("file_name", ["none.js", "..", "../handler.py", "handler.py", "%2e%2e"])
def test_no_other_file_is_served(file_name: str) -> None:
    """Only what lies in the page's folder, by its exact name."""
    assert answered(event("page_file", rawPath=f"/web/{file_name}"))["status"] == 404


def test_every_file_that_the_page_names_is_served() -> None:
    """A file that is renamed in one place only is found here."""
    html = answered(event("page"))["body"]
    named = {part.split('"')[0] for part in html.split('"web/')[1:]}

    assert named
    for file_name in named:
        assert answered(event("page_file", rawPath=f"/web/{file_name}"))["status"] == 200
