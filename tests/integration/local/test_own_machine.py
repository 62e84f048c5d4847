"""Every server of the local stack answers this machine only, and no page of another site."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from boto3.session import Session
from botocore.config import Config

from local.api_gateway.gateway import serving
from local.api_gateway.payload import Request, Response
from local.cloudformation.transform import REGION
from local.lambda_.host import Host
from local.lambda_.invocations import invoking
from local.moto.clients import Aws
from local.oidc.server import issuing
from local.ringcentral.account.options import Options
from local.ringcentral.control import BOOKS_PATH, FAULTS_PATH, REVOKE_PATH, SPEND_PATH
from local.ringcentral.http.server import Simulator
from tests.integration.local.tiny import function

CODE = """
def lambda_handler(event, context):
    return {"was": "invoked"}
"""
PAGE = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
IMAGE = {"Sec-Fetch-Site": "cross-site"}
INVOKE = "/2015-03-31/functions/Tiny/invocations"
CREDENTIAL = "20260101/us-east-1/s3/aws4_request"


class Hello:
    """An API that answers everything."""

    def answer(self, request: Request) -> Response:
        """Say who was asked for what."""
        return Response(200, [], request.target.encode())


@contextmanager
def simulating() -> Iterator[str]:
    """Run a simulator; yields its address."""
    with Simulator(Options(recordings=1, days=1)) as simulator:
        yield simulator.base_url


@pytest.fixture
def servers(
    aws: Aws, host: Host, tmp_path: Path
) -> dict[str, Callable[[], AbstractContextManager[str]]]:
    """Return every server there is, each by what starts it."""

    @contextmanager
    def started_before() -> Iterator[str]:
        yield aws.endpoint_url

    functions = {"Tiny": function(CODE, folder=tmp_path)}
    return {
        "aws": started_before,
        "gateway": lambda: serving(Hello(), port=0),
        "issuer": lambda: issuing(port=0, redirect_uri="http://localhost:8080/"),
        "invocations": lambda: invoking(functions, host=host),
        "simulator": simulating,
    }


PATHS = {
    "aws": "/moto-api/data.json",
    "gateway": "/hello",
    "issuer": "/keys",
    "invocations": INVOKE,
    "simulator": BOOKS_PATH,
}


def ask(url: str, path: str, headers: dict[str, str], method: str = "") -> requests.Response:
    """Send a request; Invoke is a POST."""
    verb = method or ("POST" if path == INVOKE else "GET")
    address = urlsplit(url)._replace(path=path).geturl()
    return requests.request(verb, address, headers=headers, data=b"{}", timeout=20)


@pytest.mark.parametrize("name", PATHS)
def test_only_this_machines_names_are_answered(
    name: str, servers: dict[str, Callable[[], AbstractContextManager[str]]]
) -> None:
    """A name that is rebound to 127.0.0.1 gets a 421 and nothing else, under each server."""
    with servers[name]() as url:
        port = urlsplit(url).port
        for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
            assert ask(url, PATHS[name], {"Host": host}).status_code == 200
        for host in (f"evil.example:{port}", f"localhost.evil.example:{port}"):
            refused = ask(url, PATHS[name], {"Host": host})
            assert (refused.status_code, refused.content) == (421, b"")


@pytest.mark.parametrize("headers", [PAGE, IMAGE], ids=["a form's", "an image's"])
@pytest.mark.parametrize("name", ["aws", "invocations", "simulator"])
def test_no_page_of_another_site_is_answered(
    name: str,
    headers: dict[str, str],
    servers: dict[str, Callable[[], AbstractContextManager[str]]],
) -> None:
    """What pages can send without asking first arrives as well, so the server refuses it."""
    with servers[name]() as url:
        assert ask(url, PATHS[name], headers).status_code == 403


@pytest.mark.parametrize("path", [FAULTS_PATH, SPEND_PATH, REVOKE_PATH])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_no_page_of_another_site_controls_the_simulator(path: str, method: str) -> None:
    """It sets no fault, spends no quota, revokes no user."""
    with simulating() as url:
        assert ask(url, path, PAGE, method).status_code == 403


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/config", "/"])
def test_no_page_of_another_site_administers_aws(aws: Aws, path: str) -> None:
    """What was made is there afterwards."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="stays")

    assert ask(aws.endpoint_url, path, PAGE, "POST").status_code == 403
    assert "stays" in {it["Name"] for it in s3.list_buckets()["Buckets"]}


@pytest.mark.parametrize(
    ("access_key", "method", "status"),
    [("local", "GET", 403), ("ASIAOFNOBODY", "GET", 403), ("ASIAOFNOBODY", "DELETE", 403)],
)
def test_a_page_makes_no_signed_url_itself(
    aws: Aws, access_key: str, method: str, status: int
) -> None:
    """Any key but a role's has all rights, so a page can't use it; a role's it can't know."""
    aws.client("s3").create_bucket(Bucket="kept")
    aws.client("s3").put_object(Bucket="kept", Key="it", Body=b"audio")
    path = f"{aws.endpoint_url}/kept/it?X-Amz-Credential={access_key}/{CREDENTIAL}"

    assert requests.request(method, path, headers=IMAGE, timeout=20).status_code == status
    assert aws.client("s3").get_object(Bucket="kept", Key="it")["Body"].read() == b"audio"


def test_a_page_reads_by_a_url_that_a_role_signed(aws: Aws) -> None:
    """That is how the archive's own page plays, and sites that embed the player."""
    aws.client("s3").create_bucket(Bucket="played")
    aws.client("s3").put_object(Bucket="played", Key="it", Body=b"audio")
    given = aws.credentials_of(_reader(aws), session_name="reader")
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session, sigv4 = Session(*keys, region_name=REGION), Config(signature_version="s3v4")
    s3 = session.client("s3", endpoint_url=aws.endpoint_url, config=sigv4)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "played", "Key": "it"})

    assert requests.get(url, headers=IMAGE, timeout=20).content == b"audio"


def _reader(aws: Aws) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    iam = aws.client("iam")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    role = iam.create_role(RoleName="PageReader", AssumeRolePolicyDocument=trust)["Role"]
    iam.put_role_policy(
        RoleName="PageReader",
        PolicyName="read",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    arn: str = role["Arn"]
    return arn
