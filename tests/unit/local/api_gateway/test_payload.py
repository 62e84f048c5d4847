"""Payload format 2.0 in both directions."""

from typing import Any

import pytest

from local.api_gateway.payload import Request, event_of, response_of
from local.api_gateway.routes import Route
from local.lambda_.function_process import Outcome

ROUTE = Route("GET", "/recordings/{recordingId}", "arn:aws:lambda:x", "Listeners", ())


def event(target: str = "/recordings/7", **changes: Any) -> dict[str, Any]:
    """Return the event of a request."""
    fields = {"method": "GET", "headers": {}, "body": b"", "source_ip": "127.0.0.1"} | changes
    request = Request(target=target, **fields)
    return event_of(request, route=ROUTE, parameters={"recordingId": "7"}, token=None, api_id="api")


def test_query_is_raw_decoded_and_joined() -> None:
    """The query comes as it was sent, and decoded with repeated names joined by comma."""
    made = event("/recordings/a%20b?from=1%2B2&x=1&x=2&empty=")

    assert made["rawPath"] == "/recordings/a b"
    assert made["rawQueryString"] == "from=1%2B2&x=1&x=2&empty="
    assert made["queryStringParameters"] == {"from": "1+2", "x": "1,2", "empty": ""}


def test_what_is_empty_is_left_out() -> None:
    """An event without query, cookies, body and token has no such keys."""
    made = event()

    assert not made.keys() & {"queryStringParameters", "cookies", "body"}
    assert "authorizer" not in made["requestContext"]
    assert made["isBase64Encoded"] is False


def test_context_says_who_asks() -> None:
    """The request context holds route, method, path, address and user agent."""
    context = event(headers={"user-agent": "curl"})["requestContext"]

    assert context["routeKey"] == "GET /recordings/{recordingId}"
    assert context["stage"] == "$default"
    assert context["http"] == {
        "method": "GET",
        "path": "/recordings/7",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl",
    }


def test_cookies_have_a_field_of_their_own() -> None:
    """Cookies leave the headers for a list."""
    made = event(headers={"cookie": "a=1; b=2", "accept": "*/*"})

    assert made["cookies"] == ["a=1", "b=2"]
    assert made["headers"] == {"accept": "*/*"}


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json; charset=utf-8", b"{}", ("{}", False)),
        ("application/octet-stream", b"\xff", ("/w==", True)),
    ],
)
def test_binary_bodies_are_base64(
    content_type: str, body: bytes, expected: tuple[str, bool]
) -> None:
    """Text comes as it is, anything else in base64."""
    made = event(headers={"content-type": content_type}, body=body)

    assert (made["body"], made["isBase64Encoded"]) == expected


def test_answer_is_taken_as_it_is() -> None:
    """Status, headers, cookies and base64 body go to the client."""
    result = {
        "statusCode": 201,
        "headers": {"Content-Type": "audio/mpeg"},
        "cookies": ["a=1"],
        "body": "/w==",
        "isBase64Encoded": True,
    }

    response = response_of(Outcome(result=result))

    assert (response.status, response.body) == (201, b"\xff")
    assert ("content-type", "audio/mpeg") in response.headers
    assert ("set-cookie", "a=1") in response.headers


def test_answer_without_status_is_json() -> None:
    """A result that has no status is the JSON body of a 200."""
    response = response_of(Outcome(result={"a": 1}))

    assert (response.status, response.body) == (200, b'{"a": 1}')
    assert ("content-type", "application/json") in response.headers


@pytest.mark.parametrize(("error_type", "status"), [("ValueError", 500), ("Sandbox.Timedout", 503)])
def test_failure_says_nothing(error_type: str, status: int) -> None:
    """A function's failure tells the client no more than API Gateway would."""
    response = response_of(Outcome(error_type=error_type, error_message="secret"))

    assert response.status == status
    assert b"secret" not in response.body
