"""The local gateway on a real socket, in front of a function of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from local.api_gateway.authorizer import authorizers_of
from local.api_gateway.cors import cors_of
from local.api_gateway.gateway import Api, serving
from local.api_gateway.routes import routes_of
from local.cloudformation.provision.site import Permission
from local.lambda_.function_process import ProcessPool
from local.lambda_.host import Host
from local.oidc.issuer_keys import IssuerKeys
from local.oidc.server import issuing
from local.oidc.tokens import CLIENT_ID, issue_token
from tests.integration.local.tiny import function

ARN = "arn:aws:lambda:us-east-1:123456789012:function:ringvault-local-Tiny"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations"
SOURCE = "arn:aws:execute-api:us-east-1:123456789012:api/*/GET/recordings/*"
HANDLER = """
import json
def lambda_handler(event, context):
    if event["rawPath"].endswith("binary"):
        return {"statusCode": 200, "body": "/w==", "isBase64Encoded": True}
    return {"statusCode": 201, "headers": {"x-own": "1"}, "body": json.dumps(event)}
"""
WAIT_S = 20


def operation(*, guarded: bool) -> dict[str, Any]:
    """Return a GET of the API's document."""
    integration = {"uri": URI, "payloadFormatVersion": "2.0"}
    security = [{"Listeners": []}] if guarded else [{"NONE": list[str]()}]
    return {"get": {"x-amazon-apigateway-integration": integration, "security": security}}


def document(*, issuer: str) -> dict[str, Any]:
    """Return the API's document, guarded by an issuer."""
    authorizer = {
        "type": "jwt",
        "identitySource": "$request.header.Authorization",
        "jwtConfiguration": {"issuer": issuer, "audience": [CLIENT_ID]},
    }
    scheme = {"type": "oauth2", "x-amazon-apigateway-authorizer": authorizer}
    return {
        "openapi": "3.0.1",
        "paths": {
            "/recordings/{recordingId}": operation(guarded=True),
            "/recordings/open": operation(guarded=False),
            "/forgotten": operation(guarded=False),
        },
        "components": {"securitySchemes": {"Listeners": scheme}},
    }


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Return the address of a running issuer."""
    with issuing(port=0, redirect_uri="http://localhost:8080/") as address:
        yield address


@contextmanager
def api_url(host: Host, folder: Path, *, issuer: str) -> Iterator[str]:
    """Serve the document in front of the tiny function."""
    body = document(issuer=issuer)
    pool = ProcessPool(function(HANDLER, folder=folder), host=host, size=2)
    api = Api(
        api_id="api",
        routes=routes_of(body),
        authorizers=authorizers_of(body, keys_of=IssuerKeys),
        cors=cors_of(body),
        permissions=[Permission("ringvault-local-Tiny", "apigateway.amazonaws.com", SOURCE)],
        invoke=lambda _arn, event: pool.invoke(event),
    )
    try:
        with serving(api, port=0) as url:
            yield url
    finally:
        pool.end()


@pytest.fixture
def url(host: Host, tmp_path: Path, issuer: str) -> Iterator[str]:
    """Return the gateway's address."""
    with api_url(host, tmp_path, issuer=issuer) as address:
        yield address


def get(url: str, *, token: str | None = None) -> requests.Response:
    """Ask for something, as a listener if there is a token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(url, headers=headers, timeout=WAIT_S)


def test_token_opens_a_guarded_route(url: str, issuer: str) -> None:
    """The function sees path parameters, claims as text and who asks."""
    answer = get(f"{url}/recordings/7?x=1", token=issue_token(user="listener", issuer=issuer))

    event = answer.json()
    assert (answer.status_code, answer.headers["x-own"]) == (201, "1")
    assert event["pathParameters"] == {"recordingId": "7"}
    assert event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] == "listener"
    groups = event["requestContext"]["authorizer"]["jwt"]["claims"]["cognito:groups"]
    assert groups == "[ringvault-listeners-all]"
    assert event["requestContext"]["http"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_guarded_route_is_shut(url: str, token: str | None) -> None:
    """Without a good token the answer is API Gateway's own 401."""
    answer = get(f"{url}/recordings/7", token=token)

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_token_of_another_issuer_opens_nothing(url: str) -> None:
    """The key is the same on this machine; the issuer that the token names is not."""
    token = issue_token(user="listener", issuer="http://localhost:9")

    assert get(f"{url}/recordings/7", token=token).status_code == 401


def test_open_route_needs_no_token(url: str) -> None:
    """A route that the template leaves open is open."""
    assert get(f"{url}/recordings/open").status_code == 201


def test_unknown_route_is_not_found(url: str) -> None:
    """What no route matches, by path or by method, is API Gateway's own 404."""
    for answer in (get(f"{url}/nowhere"), requests.post(f"{url}/recordings/7", timeout=WAIT_S)):
        assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_without_permission_nothing_is_invoked(url: str) -> None:
    """A route without a Lambda permission fails here as it would in AWS."""
    answer = get(f"{url}/forgotten")

    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_binary_answer_arrives_decoded(url: str, issuer: str) -> None:
    """A base64 body reaches the client as bytes."""
    token = issue_token(issuer=issuer)

    assert get(f"{url}/recordings/binary", token=token).content == b"\xff"


def test_connection_is_kept(url: str) -> None:
    """Several requests go over one connection."""
    with requests.Session() as session:
        answers = [session.get(f"{url}/recordings/open", timeout=WAIT_S) for _ in range(3)]

    assert [json.loads(answer.text)["routeKey"] for answer in answers] == [
        "GET /recordings/open"
    ] * 3
