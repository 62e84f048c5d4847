"""Signing in over real sockets: what is refused says which part, and never shows a secret."""

import base64
import gzip
import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from local.ringcentral.account.options import Options
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters.aws.secret import CredentialsSecret
from ringvault.adapters.ringcentral.sign_in import MAX_TOKEN_ANSWER_BYTES
from ringvault.core.errors import (
    ConfigurationError,
    CredentialsError,
    RingvaultError,
    ServiceUnavailableError,
    ThrottledError,
)
from ringvault.core.ringcentral.credentials import Credentials, parse_credentials
from tests.support.cloud import Cloud
from tests.support.line import RIGHT, Line, line_to
from tests.support.moving_time import MovingTime
from tests.support.tiny_server import Reply, TinyServer, in_turn

CANARY = "canary-secret-value"
JSON = {"Content-Type": "application/json"}
TOKEN_PATH = "/restapi/oauth/token"


@pytest.fixture
def simulator(simulate: Callable[[Options], Simulator]) -> Simulator:
    """Return an account without recordings."""
    return simulate(Options(recordings=0))


def refused(line: Line) -> RingvaultError:
    """Sign in and return the error of ours that comes of it."""
    with pytest.raises(RingvaultError) as told:
        line.sign_in()
    return told.value


def shown(error: BaseException) -> str:
    """Return everything that a log could show of an error, what caused it included."""
    return "".join([*traceback.format_exception(error), repr(error), str(error)])


def assert_shows_none(error: BaseException, credentials: Credentials) -> None:
    """Check that no part of the credentials is shown, encoded or not."""
    pair = f"{credentials.client_id}:{credentials.client_secret}".encode()
    secrets = (credentials.client_id, credentials.client_secret, *credentials.jwts.values())
    for secret in (*secrets, base64.b64encode(pair).decode()):
        assert secret not in shown(error)


def test_the_right_credentials_give_a_token(
    simulator: Simulator, cloud: Cloud, time: MovingTime
) -> None:
    """A token is good for as long as RingCentral says, and is not shown."""
    token = line_to(simulator.base_url, cloud=cloud, time=time).sign_in()
    assert token.expires_at == time() + timedelta(hours=1)
    assert token.is_fresh(time())
    assert token.value not in repr(token)


def test_what_is_sent_is_the_jwt_grant(cloud: Cloud, time: MovingTime) -> None:
    """Client id and secret go into the Authorization header, the JWT into the form."""
    answer = {"access_token": "t", "expires_in": 3600, "token_type": "bearer"}
    with TinyServer(in_turn(Reply(200, JSON, json.dumps(answer).encode()))) as server:
        line_to(server.url, cloud=cloud, time=time).sign_in()
    (seen,) = server.seen
    pair = f"{RIGHT.client_id}:{RIGHT.client_secret}".encode()
    assert (seen.method, seen.target) == ("POST", TOKEN_PATH)
    assert seen.headers["authorization"] == f"Basic {base64.b64encode(pair).decode()}"
    assert f"assertion={RIGHT.jwts['1']}".encode() in seen.body
    assert b"jwt-bearer" in seen.body


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        ({"client_id": CANARY}, r"OAU-153\): client_id or client_secret is wrong"),
        ({"client_secret": CANARY}, r"OAU-125\): client_id or client_secret is wrong"),
        ({"jwts": {"1": CANARY}}, r"OAU-331\): the jwt is wrong, expired, revoked"),
    ],
    ids=["client_id", "client_secret", "jwt"],
)
def test_wrong_credentials_say_which(
    simulator: Simulator, cloud: Cloud, time: MovingTime, wrong: dict[str, Any], advice: str
) -> None:
    """One line names the part that is wrong and what to do, and shows none of it."""
    credentials = replace(RIGHT, **wrong)
    line = line_to(simulator.base_url, cloud=cloud, time=time, credentials=credentials)
    with pytest.raises(CredentialsError, match=f"{advice}.*; correct the RingCentral secret$"):
        line.sign_in()
    error = refused(line)
    assert "\n" not in str(error)
    assert_shows_none(error, credentials)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(503), ServiceUnavailableError),
        (Reply(200, JSON, b"{}"), ServiceUnavailableError),
        (Reply(200, JSON, b"[]"), ServiceUnavailableError),
        (Reply(200, JSON, b'{"access_token": "t"}'), ServiceUnavailableError),
        (Reply(403, body=b"<html>"), CredentialsError),
        (Reply(429, {"Retry-After": "40"}), ThrottledError),
    ],
    ids=["503", "empty", "list", "no lifetime", "403", "429"],
)
def test_other_answers_show_no_secret_either(
    cloud: Cloud, time: MovingTime, reply: Reply, kind: type[Exception]
) -> None:
    """Whatever comes instead of a token becomes an error of ours without a secret."""
    with TinyServer(in_turn(reply)) as server:
        error = refused(line_to(server.url, cloud=cloud, time=time))
    assert type(error) is kind
    assert_shows_none(error, RIGHT)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"Content-Type": "text/html"}, b"<html>maintenance</html>"),
        Reply(200, JSON, b"not json"),
        Reply(200, {**JSON, "Content-Length": "1000"}, b'{"access_'),
        Reply(200, JSON, b'{"access_token": "t", "expires_in": null}'),
        Reply(200, JSON, b'{"access_token": "t", "expires_in": true}'),
        Reply(200, JSON, b'{"access_token": "t", "expires_in": -5}'),
        Reply(200, JSON, b'{"access_token": "t", "expires_in": 0}'),
        Reply(200, JSON, b'{"access_token": "t\\r\\nX: y", "expires_in": 3600}'),
        Reply(200, JSON, b'{"access_token": "' + b"t" * 4097 + b'", "expires_in": 3600}'),
        Reply(200, JSON, b" " * MAX_TOKEN_ANSWER_BYTES + b'{"access_token": "t"}'),
        Reply(200, JSON, b"[" * 60_000),
        Reply(200, {**JSON, "Content-Encoding": "gzip"}, gzip.compress(bytes(1_000_000))),
    ],
    ids=[
        *("html", "not json", "broken off", "null", "true", "negative", "none", "header"),
        *("long token", "long", "nested", "compressed"),
    ],
)
def test_a_200_that_is_no_token_is_an_error_of_ours(
    cloud: Cloud, time: MovingTime, reply: Reply
) -> None:
    """A maintenance page in place of a token is a service that does not work at the moment."""
    with TinyServer(in_turn(reply)) as server:
        line = line_to(server.url, cloud=cloud, time=time)
        with pytest.raises(ServiceUnavailableError):
            line.sign_in()


@pytest.mark.parametrize("lives_s", [86_401, 10**12, 10**400])
def test_a_life_without_end_is_a_day(cloud: Cloud, time: MovingTime, lives_s: int) -> None:
    """A mistaken number is no date; the token is good until RingCentral rejects it."""
    answer = f'{{"access_token": "t", "expires_in": {lives_s}, "refresh_token_expires_in": "soon"}}'
    with TinyServer(in_turn(Reply(200, JSON, answer.encode()))) as server:
        token = line_to(server.url, cloud=cloud, time=time).sign_in()
    assert token.expires_at == time() + timedelta(days=1)


def test_nobody_listening_shows_no_secret(cloud: Cloud, time: MovingTime) -> None:
    """A sign-in that meets no server is transient, and shows nothing of what it carried."""
    with TinyServer(in_turn()) as server:
        pass
    error = refused(line_to(server.url, cloud=cloud, time=time))
    assert type(error) is ServiceUnavailableError
    assert_shows_none(error, RIGHT)


def test_a_429_closes_the_sign_in_for_all(
    simulator: Simulator, cloud: Cloud, time: MovingTime
) -> None:
    """After a throttled sign-in nobody tries before the time that it named."""
    simulator.inject(Fault(path=TOKEN_PATH, status=429, headers={"Retry-After": "45"}, times=1))
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    assert isinstance(refused(line), ThrottledError)
    before = time()
    line.sign_in()
    assert time() - before == timedelta(seconds=45)


def test_sign_ins_keep_to_their_quota(simulator: Simulator, cloud: Cloud, time: MovingTime) -> None:
    """However often somebody signs in, RingCentral's five a minute are not exceeded."""
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    for _ in range(12):
        line.sign_in()
    books: Any = simulator.books()
    assert (books["requests"]["auth"], books["throttled"]) == (12, 0)


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({}, ["client_id is missing", "client_secret is missing", "jwt is missing"]),
        (
            {"client_id": f" {CANARY}", "client_secret": "", "jwt": CANARY},
            ["client_id", "client_s"],
        ),
    ],
)
def test_an_incomplete_secret_sends_nothing(
    simulator: Simulator, cloud: Cloud, fields: dict[str, str], faults: list[str]
) -> None:
    """Every fault of the secret is named at once, by name only, before any request."""
    secret = CredentialsSecret(cloud.make_secret(fields), cloud.secretsmanager)
    with pytest.raises(ConfigurationError) as told:
        secret.read()
    assert len(told.value.faults) == len(faults) + 1
    for fault, start in zip(told.value.faults, faults, strict=False):
        assert fault.startswith(start)
    assert CANARY not in shown(told.value)
    books: Any = simulator.books()
    assert sum(books["requests"].values()) == 0


def test_the_secret_is_read_as_it_stands(cloud: Cloud) -> None:
    """What Secrets Manager holds is what signs in, and a changed secret counts at once."""
    fields = {"client_id": "i", "client_secret": "s", "jwt": "j"}
    arn = cloud.make_secret(fields)
    secret = CredentialsSecret(arn, cloud.secretsmanager)
    assert secret.read() == Credentials("i", "s", {"1": "j"})
    cloud.secretsmanager.put_secret_value(
        SecretId=arn, SecretString=json.dumps({**fields, "jwt": "new"})
    )
    assert secret.read().jwts == {"1": "new"}
    assert "new" not in repr(secret.read())


def test_a_missing_secret_is_a_matter_for_a_person(cloud: Cloud) -> None:
    """A secret that is not there is a fault of the stack."""
    with pytest.raises(ConfigurationError, match="ResourceNotFoundException"):
        CredentialsSecret("none", cloud.secretsmanager).read()


@pytest.mark.parametrize("secret", ["", "{", "[]", '"canary-secret-value"'])
def test_a_malformed_secret_is_not_repeated(secret: str) -> None:
    """A secret that is not a JSON object is told without its content."""
    with pytest.raises(ConfigurationError) as told:
        parse_credentials(secret)
    assert CANARY not in shown(told.value)
