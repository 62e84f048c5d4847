"""Payload format 2.0: a request as a function's event, a function's answer as a response."""

import base64
import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from local.api_gateway.routes import Route
from local.cloudformation.transform import REGION
from local.lambda_.function_process import Outcome
from local.moto.clients import ACCOUNT_ID

STAGE = "$default"
# API Gateway passes these on unchanged; every other body in base64.
_TEXT = re.compile(r"text/.*|application/(json|javascript|xml)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in, header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to the client."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


def event_of(
    request: Request,
    *,
    route: Route,
    parameters: Mapping[str, str],
    token: dict[str, Any] | None,
    api_id: str,
) -> dict[str, Any]:
    """Return a request as the event of payload format 2.0; empty parts are left out."""
    url = urlsplit(request.target)
    path = unquote(url.path)
    body, is_base64 = _body_of(request)
    optional = {
        "cookies": [item.strip() for item in request.headers.get("cookie", "").split(";") if item],
        "queryStringParameters": _joined(parse_qsl(url.query, keep_blank_values=True)),
        "pathParameters": dict(parameters),
        "body": body,
    }
    return {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": url.query,
        "headers": {name: value for name, value in request.headers.items() if name != "cookie"},
        "requestContext": _context(request, route=route, path=path, api_id=api_id)
        | ({"authorizer": {"jwt": token}} if token else {}),
        "isBase64Encoded": is_base64,
    } | {name: value for name, value in optional.items() if value}


def response_of(outcome: Outcome) -> Response:
    """Return a function's answer as a response, read by the rules of payload format 2.0."""
    if not outcome.succeeded:
        timed_out = outcome.error_type == "Sandbox.Timedout"
        if timed_out:
            return message(503, "Service Unavailable")
        return message(500, "Internal Server Error")
    result = outcome.result
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else json.dumps(result)
        return Response(200, [("content-type", "application/json")], body.encode())
    headers = {name.lower(): str(value) for name, value in (result.get("headers") or {}).items()}
    headers.setdefault("content-type", "text/plain;charset=UTF-8")
    cookies = [("set-cookie", cookie) for cookie in result.get("cookies", [])]
    return Response(int(result["statusCode"]), [*headers.items(), *cookies], _body(result))


def message(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """Return one of API Gateway's own answers."""
    body = json.dumps({"message": text}).encode()
    return Response(status, [("content-type", "application/json"), *headers], body)


def _context(request: Request, *, route: Route, path: str, api_id: str) -> dict[str, Any]:
    now = time.time()
    moment = datetime.fromtimestamp(now, tz=UTC)
    return {
        "accountId": ACCOUNT_ID,
        "apiId": api_id,
        "domainName": f"{api_id}.execute-api.{REGION}.amazonaws.com",
        "domainPrefix": api_id,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": uuid.uuid4().hex,
        "routeKey": route.key,
        "stage": STAGE,
        "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now * 1000),
    }


def _body_of(request: Request) -> tuple[str, bool]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if not request.body or _TEXT.fullmatch(content_type):
        return request.body.decode("utf-8", errors="replace"), False
    return base64.b64encode(request.body).decode(), True


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(result: dict[str, Any]) -> bytes:
    body = result.get("body") or ""
    if result.get("isBase64Encoded"):
        return base64.b64decode(body)
    return (body if isinstance(body, str) else json.dumps(body)).encode()
