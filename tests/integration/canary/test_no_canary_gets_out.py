"""No secret, token, name, number or presigned URL leaves a function where it may not.

Everything that a function puts out is looked through: log lines and what libraries log, EMF, stdout
and stderr, what it returns or raises, messages and their attributes, object keys, tags, metadata
and content, keys and items of every table. What is meant to hold them is in `stage.PERMITTED`.
"""

import itertools
import json
import logging
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ringvault.adapters.aws.sqs import DeadLetterQueue, SQSRecordingQueue
from ringvault.adapters.clock import now
from ringvault.observability import logger
from tests.integration.canary.canaries import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    JWT,
    KINDS,
    NAME,
    NUMBER,
    PEOPLE,
    WORDS,
    kinds_in,
)
from tests.integration.canary.ringcentral import (
    ALL,
    CREDENTIALS,
    JSON,
    SIGNED,
    Answer,
    echo_of,
    error_of,
    json_reply,
)
from tests.integration.canary.stage import Stage
from tests.integration.faults.aws_proxy import Answer as AwsAnswer
from tests.integration.faults.aws_proxy import Exchange
from tests.integration.playback_api.site import AGENT, HEARS_ALL, VISITOR, asked_by
from tests.integration.playback_api.site import event as api_event
from tests.integration.playback_api.site import event_for as api_event_for
from tests.support.deployed import event
from tests.support.tiny_server import Reply

Ringvault = Callable[..., Any]
Scenes = Mapping[str, Answer]
STATUSES = (400, 401, 403, 404, 416, 429, 500)
AUDIO = {"Content-Type": "audio/mpeg"}
CHANGED = {"Content-Type": "application/json", "X-Broken": f"a\r\n{NAME} {ACCESS_TOKEN}"}


def always(reply: Reply) -> Answer:
    """Return an answer that is the same for everybody."""
    return lambda _: reply


def redirect(to: str) -> Answer:
    """Return a redirect."""
    return always(Reply(302, {"Location": to}))


REFUSED: Scenes = {
    f"{status}": always(error_of([*WORDS[place:], *WORDS[:place]], status=status))
    for place, status in enumerate(STATUSES)
}
REPEATED: Scenes = {
    f"{status}, all repeated": partial(echo_of, status=status) for status in (401, 403, 500)
}
NOT_WHAT_WAS_ASKED: Scenes = {
    "html": always(Reply(200, {"Content-Type": "text/html"}, ALL.encode())),
    "type": always(Reply(200, {"Content-Type": f"text/{CLIENT_SECRET}"}, ALL.encode())),
    "audio of text": always(Reply(200, {"Content-Type": f"audio/{WORDS[-2]}"}, ALL.encode())),
    "malformed JSON": always(Reply(200, JSON, f'{{"records": [{ALL}'.encode())),
    "JSON of another shape": always(json_reply({"records": [ALL], ALL: ALL})),
    "part of nothing": always(Reply(206, {**AUDIO, "Content-Range": ALL}, ALL.encode())),
    "cut": always(Reply(200, {**AUDIO, "Content-Length": "99999"}, f"ID3{ALL}".encode())),
    "nothing": always(Reply(0)),
    "malformed header": always(Reply(500, CHANGED, ALL.encode())),
    "a length of words": always(Reply(200, {**AUDIO, "Content-Length": WORDS[0]})),
}
REDIRECTED: Scenes = {
    "metadata": redirect(f"http://169.254.169.254/{SIGNED}"),
    "private": redirect(f"http://10.0.0.1/{NUMBER}{SIGNED}"),
    "userinfo": redirect(f"https://{CLIENT_SECRET}:{JWT}@8.8.8.8/{SIGNED}"),
    "malformed": redirect(f"http://[{NAME}]/{SIGNED}"),
    "another scheme": redirect(f"ftp://8.8.8.8/{SIGNED}"),
    "itself": redirect(SIGNED),
    "a port of words": redirect(f"http://127.0.0.1:{WORDS[0]}/{SIGNED}"),
}
EVERYTHING: Scenes = {**REFUSED, **REPEATED, **NOT_WHAT_WAS_ASKED, **REDIRECTED}


def leaks_of(stage: Stage, scenes: Scenes, play: Callable[[Answer], object]) -> Any:
    """Return what leaks in each scene, of those where something does."""
    found = {}
    for name, answer in scenes.items():
        play(answer)
        found[name] = stage.passing_leaks()
    found["in the end"] = stage.leaks()
    return {name: leaks for name, leaks in found.items() if leaks}


def listed(stage: Stage) -> None:
    """Have two recordings in the catalogue."""
    assert stage.run("list_recordings")["listed"] == 2


def archived(stage: Stage) -> None:
    """Have one of them in the vault."""
    listed(stage)
    assert stage.archive("1") == "archived"


def test_the_main_job_tells_nothing(stage: Stage) -> None:
    """Listed, archived, reconciled and expired: not a word of it anywhere but where it belongs."""
    archived(stage)
    assert stage.run("reconcile_archive")["outcome"] == "complete"
    stage.age()
    assert stage.run("expire_recordings")["outcome"] == "through"

    assert stage.leaks() == set()
    assert kinds_in(stage.everything()) == {"name", "phone number"}  # there was what to look for


def test_content_that_is_refused_or_something_else(stage: Stage) -> None:
    """Whatever RingCentral repeats of what it knows, in whichever place of an answer."""
    listed(stage)

    def play(answer: Answer) -> None:
        stage.put_back("1")
        stage.ringcentral.content = answer
        assert stage.archive() in {"deferred", "absent", "failed"}

    assert leaks_of(stage, EVERYTHING, play) == {}


def test_a_sign_in_that_is_refused_or_something_else(stage: Stage) -> None:
    """The credentials are in the request that is repeated here."""
    scenes: Scenes = {
        **{it: EVERYTHING[it] for it in ("400", "401", "429", "403, all repeated")},
        **{it: EVERYTHING[it] for it in ("html", "malformed JSON", "malformed header", "nothing")},
        "no token": always(json_reply({"access_token": [ALL], "expires_in": ALL})),
    }

    listed(stage)

    def play(answer: Answer) -> None:
        stage.put_back("1")
        stage.ringcentral.content = always(Reply(401))
        stage.ringcentral.sign_in = answer
        assert stage.archive() in {"deferred", "failed"}

    assert leaks_of(stage, scenes, play) == {}


def test_a_call_log_that_is_refused_or_something_else(stage: Stage) -> None:
    """Lister and reconciler read it, and both answer to somebody."""
    names = ("403, all repeated", "500", "html", "malformed JSON", "JSON of another shape")
    scenes = {it: EVERYTHING[it] for it in (*names, "malformed header", "cut")}

    def play(answer: Answer) -> None:
        stage.ringcentral.call_log = answer
        for function in ("list_recordings", "reconcile_archive"):
            stage.forget_state()
            stage.run(function)

    assert leaks_of(stage, scenes, play) == {}


def test_records_that_are_not_as_documented(stage: Stage) -> None:
    """Words where an id should be, a URL, an instant or an object: told, and nothing repeated."""
    record = stage.ringcentral.record
    uri = f"https://[{NAME}]/account/1/recording/1/content{SIGNED}"
    malformed = [
        record(NAME),
        record(NUMBER),
        record("3", id=NUMBER, recording={"id": "3"}),
        record("4", startTime=NAME, legs=[]),
        record("5", recording={"id": "5", "contentUri": uri}),
        record("6", extension={"id": NUMBER}, legs=[]),
        record("7", extension=NAME, legs=NUMBER),
        record("8", telephonySessionId=NUMBER, legs=[]),
        record("9", duration=NAME, legs=[{"telephonySessionId": NAME}]),
        {"id": NAME, "recording": NUMBER},
        {"recording": [NAME]},
    ]
    stage.ringcentral.call_log = always(stage.ringcentral.page(*malformed))
    assert stage.run("list_recordings")["outcome"] == "listed"
    assert stage.run("reconcile_archive")["outcome"] == "complete"

    assert stage.leaks() == set()


@pytest.mark.parametrize(
    "uri",
    [
        f"https://{CLIENT_SECRET}:{JWT}@8.8.8.8/{SIGNED}",
        f"http://[{NAME}]/{SIGNED}",
        f"/relative{SIGNED}",
        f"http://127.0.0.1:{WORDS[0]}/{SIGNED}",
    ],
)
def test_pages_that_lead_away(stage: Stage, uri: str) -> None:
    """The next page's URL is told by its host at most."""
    page = stage.ringcentral.page(stage.ringcentral.record("1"), next_uri=uri)
    stage.ringcentral.call_log = always(page)
    assert stage.run("list_recordings")["error"] == "ForeignHostError"

    assert stage.leaks() == set()


def repeating(exchange: Exchange) -> AwsAnswer:
    """Refuse in AWS's place, with a text that repeats the request and all canaries."""
    told = f"{ALL} {exchange.said}"
    if exchange.said.startswith("{"):
        body = json.dumps({"__type": "com.amazonaws#ValidationException", "message": told})
        return AwsAnswer(400, {"Content-Type": "application/x-amz-json-1.0"}, body.encode())
    error = f"<Error><Code>InvalidRequest</Code><Message>{NAME} {NUMBER} {JWT}</Message></Error>"
    return AwsAnswer(400, {"Content-Type": "application/xml"}, error.encode())


def plays_of(stage: Stage) -> dict[str, Callable[[], object]]:
    """Return what has each function do its whole work, again and again."""
    ids = map(str, itertools.count(100))

    def list_one() -> None:
        stage.ringcentral.call_log = always(
            stage.ringcentral.page(stage.ringcentral.record(next(ids)))
        )
        stage.run("list_recordings")

    def archive_one() -> None:
        recording_id = next(ids)
        stage.list_recording(recording_id)
        stage.archive(recording_id)

    def expire() -> None:
        stage.age()
        stage.run("expire_recordings")

    today = now().date().isoformat()
    return {
        "list_recordings": list_one,
        "archive_recording": archive_one,
        "reconcile_archive": lambda: stage.run("reconcile_archive", {"from": today, "to": today}),
        "playback_api": lambda: stage.run("playback_api", api_event_for("1", "playback_url")),
        "expire_recordings": expire,
    }


def test_aws_errors_that_repeat_what_was_sent(stage: Stage) -> None:
    """Each operation of each function fails once with a text full of what it was about."""
    archived(stage)
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for function, play in plays_of(stage).items():
        stage.forget_state()
        stage.proxy.asked.clear()
        play()
        for operation in set(stage.proxy.asked):
            stage.proxy.strike(operation, repeating, times=None)
            play()
            stage.proxy.heal()
            found[function, operation] = stage.passing_leaks()
        found[function, "in the end"] = stage.leaks()
    assert {name: leaks for name, leaks in found.items() if leaks} == {}
    assert len(found) > 20


@pytest.mark.parametrize("operation", ["GetSecretValue", "Encrypt", "Decrypt"])
def test_aws_errors_about_secrets(stage: Stage, operation: str) -> None:
    """A container that begins has to do with the secret, and with the token as it is kept."""
    listed(stage)
    stage.forget_state()
    stage.start_cold()
    if operation == "Decrypt":
        stage.archive("2")  # and sign in
        stage.start_cold()
    stage.proxy.strike(operation, repeating, times=None)
    assert stage.archive() in {"deferred", "error"}
    assert operation in stage.proxy.asked

    stage.start_cold()
    assert stage.leaks() == set()


def test_defects_of_ours_whose_text_quotes_what_did_not_fit(stage: Stage) -> None:
    """What is raised inside a handler is told by its place; nothing is left for Lambda to log."""
    archived(stage)
    for attribute in ("listed_at", "retry_at"):
        stage.change("1", attribute, f"{NAME} {NUMBER}")
        stage.change("2", attribute, f"{NAME} {NUMBER}")
    routes = ("recording", "recordings", "playback_url", "plays")
    answers = [
        *(stage.run("playback_api", api_event_for("1", route)) for route in routes),
        stage.run("list_recordings"),
        stage.run("reconcile_archive"),
        stage.run("expire_recordings"),
    ]
    assert stage.archive("1") == "refused"

    assert stage.leaks() == set()
    assert None not in answers


def test_settings_that_are_not_what_they_should_be(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in the wrong place, or one that is not whole, is named by its place."""
    stage.start_cold()
    monkeypatch.setenv("RINGCENTRAL_SERVER_URL", f"{CLIENT_SECRET} {JWT}")
    monkeypatch.setenv("WIDE_LOOK_BACK_DAYS", NUMBER)
    monkeypatch.setenv("PLAYBACK_URL_SECONDS", CLIENT_SECRET)
    monkeypatch.setenv("EXPIRE_AFTER_DAYS", CLIENT_SECRET)
    for function in ("list_recordings", "reconcile_archive", "expire_recordings"):
        assert stage.run(function)["error"] == "ConfigurationError"
    assert stage.run("playback_api", api_event("recordings"))["statusCode"] == 500
    assert stage.archive("1") == "error"
    stage.start_cold()

    assert stage.leaks() == set()


def test_messages_that_are_not_ours(stage: Stage) -> None:
    """What is put aside is told by what is wrong with it; the message itself stays as it came."""
    for body in (ALL, json.dumps({"recording_id": NUMBER}), json.dumps({"phone": NUMBER})):
        sample = event("archive_recording")
        sample["Records"][0]["body"] = body
        stage.run("archive_recording", sample)

    assert stage.leaks() == set()


def test_the_api_tells_only_who_asks(stage: Stage) -> None:
    """Numbers, names and a URL go into the answer, and into nothing else."""
    archived(stage)
    searched = {"phoneNumber": NUMBER, "from": NAME, NUMBER: NAME}
    samples = [
        api_event("recordings"),
        *(api_event("recordings", queryStringParameters={it: searched[it]}) for it in searched),
        *(api_event_for("1", name) for name in ("recording", "playback_url", "plays")),
        *(api_event_for(NUMBER, name) for name in ("recording", "playback_url", "plays")),
        api_event_for("1", "playback_url", queryStringParameters={"disposition": NUMBER}),
        api_event("page", rawPath=f"/{NUMBER}"),
        api_event("page_file", pathParameters={"fileName": NAME}, rawPath=f"/web/{NAME}"),
    ]
    for sample in samples:
        sample["headers"]["authorization"] = f"Bearer {JWT}"
        for claims in (HEARS_ALL, AGENT, VISITOR, {"sub": NAME}):
            if "authorizer" in sample["requestContext"]:
                asked_by(claims, sample)
            stage.run("playback_api", sample)
    told = {kind for where, what in stage.said if where == "API" for kind in kinds_in(what)}

    assert told == PEOPLE
    assert stage.leaks() == set()
    # The signatures were made just now: that they are looked for is shown by letting one out.
    stage.said += [("log", signature) for signature in stage.signatures]
    assert stage.leaks() == {("log", "presigned URL")}


FILES = {
    "credentials": json.dumps(CREDENTIALS),
    "not JSON": ALL,
    "spaced": json.dumps({**CREDENTIALS, "client_secret": f" {CLIENT_SECRET}"}),
    "twice": json.dumps({**CREDENTIALS, "jwt": {"a": JWT, "b": JWT}}),
}


@pytest.mark.parametrize("given", FILES.values(), ids=FILES)
def test_configuring_shows_no_credentials(
    stage: Stage, ringvault: Ringvault, given: str, tmp_path: Path
) -> None:
    """Neither what is given nor what RingCentral repeats of it."""
    file = tmp_path / "credentials.json"
    file.write_text(given)
    ringvault("configure", "--file", str(file))

    assert stage.leaks() == set()


@pytest.mark.parametrize("scene", ["400", "401, all repeated"])
def test_configuring_that_is_refused_shows_none_either(
    stage: Stage, ringvault: Ringvault, scene: str, tmp_path: Path
) -> None:
    """The answer repeats what was tried."""
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({**CREDENTIALS, "jwt": f"{JWT}2"}))
    stage.ringcentral.sign_in = EVERYTHING[scene]
    assert ringvault("configure", "--file", str(file), "--json").exit_code != 0

    assert stage.leaks() == set()


@pytest.mark.parametrize("scene", ["403, all repeated", "html"])
def test_doctor_and_plan_show_no_more_than_what_is_wrong(
    stage: Stage, ringvault: Ringvault, scene: str
) -> None:
    """Whatever the call log answers."""
    stage.ringcentral.call_log = EVERYTHING[scene]
    ringvault("doctor")
    stage.forget_state()
    assert ringvault("plan").exit_code != 0

    assert stage.leaks() == set()


def leaking(to: Any, context: object) -> Any:
    """Leak what comes in wherever a function could."""
    del context
    logger().info("leak", value=to["value"])
    logging.getLogger("a library").warning(to["value"])
    print(to["value"])  # noqa: T201 - as EMF is
    print(to["value"], file=sys.stderr)  # noqa: T201 - as a traceback is
    return to["value"]


def raising(to: Any, context: object) -> Any:
    """Leave an exception to Lambda."""
    del context
    raise ValueError(to["value"])


@pytest.mark.parametrize(("kind", "values"), KINDS.items())
def test_a_leak_of_each_kind_is_found(stage: Stage, kind: str, values: tuple[str, ...]) -> None:
    """In every place but those that are meant to hold it: or all the tests above prove nothing."""
    value = values[-1]
    item, deployed, s3 = {"S": value}, stage.deployed, stage.cloud.s3
    put_item = stage.cloud.dynamodb.put_item
    stage.invoke(leaking, {"value": value})
    stage.invoke(raising, {"value": value})
    put_item(TableName=deployed["STATE_TABLE"], Item={"name": item})
    known = {"recording_id": {"S": "1"}}
    put_item(TableName=deployed["CATALOGUE_TABLE"], Item={**known, "reason": item})
    s3.put_object(
        Bucket=deployed["VAULT_BUCKET"],
        Key=f"reports/{value}",
        Body=value.encode(),
        Metadata={"leak": value},
        Tagging=f"leak={value}",
    )
    sqs = stage.cloud.sqs
    DeadLetterQueue(deployed["DEAD_LETTER_QUEUE_URL"], sqs).send("", reason=value, at=now())
    SQSRecordingQueue(deployed["RECORDING_QUEUE_URL"], sqs).send([value])

    places = {where for where, found in stage.leaks() if found == kind}

    expected = {"log", "stdout", "stderr", "answer", "exception", "key", "table", "reason"}
    expected |= {"object key", "object", "metadata", "tags", "message", "message attributes"}
    assert places >= expected
