"""API Gateway's HTTP API, simulated: routes, JWT authorizer, CORS, permissions, real sockets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Protocol
from urllib.parse import urlsplit

from local.api_gateway.authorizer import ForbiddenError, JwtAuthorizer, UnauthorizedError
from local.api_gateway.cors import Cors
from local.api_gateway.payload import STAGE, Request, Response, event_of, message, response_of
from local.api_gateway.routes import Route
from local.cloudformation.provision.site import Permission
from local.cloudformation.transform import REGION
from local.http_server import LoopbackServer, answering
from local.lambda_.function_process import Outcome
from local.moto.clients import ACCOUNT_ID
from local.own_machine import OwnMachineHandler

# API Gateway's own limit for an HTTP API's integration, and for a request's body.
_MAXIMUM_BODY_BYTES = 10 * 1024 * 1024


class Answers(Protocol):
    """An API, or a layer in front of it."""

    def answer(self, request: Request) -> Response:
        """Return the answer to a request."""


@dataclass(frozen=True, slots=True)
class Api:
    """An HTTP API: routes, authorizers, CORS, permissions, and how to invoke a function by ARN."""

    api_id: str
    routes: Sequence[Route]
    authorizers: Mapping[str, JwtAuthorizer]
    cors: Cors
    permissions: Sequence[Permission]
    invoke: Callable[[str, dict[str, Any]], Outcome]

    def answer(self, request: Request) -> Response:
        """Return API Gateway's answer."""
        if self.cors.is_preflight(request.method, request.headers):
            return Response(204, self.cors.preflight_headers(request.headers), b"")
        answered = self._routed(request)
        headers = self.cors.replaced_in(list(answered.headers), asked=request.headers)
        return replace(answered, headers=headers)

    def _routed(self, request: Request) -> Response:
        found = self._route(request)
        if found is None:
            return message(404, "Not Found")
        route, parameters = found
        try:
            token = self._authorize(route, request)
        except UnauthorizedError:
            return message(401, "Unauthorized", ("www-authenticate", "Bearer"))
        except ForbiddenError:
            return message(403, "Forbidden")
        if not self._may_invoke(route):
            return message(500, "Internal Server Error")
        event = event_of(
            request, route=route, parameters=parameters, token=token, api_id=self.api_id
        )
        return response_of(self.invoke(route.function_arn, event))

    def _route(self, request: Request) -> tuple[Route, dict[str, str]] | None:
        raw_path = urlsplit(request.target).path
        for route in self.routes:
            parameters = route.parameters_in(raw_path)
            if parameters is not None and route.method in (request.method, "ANY"):
                return route, parameters
        return None

    def _authorize(self, route: Route, request: Request) -> dict[str, Any] | None:
        if route.authorizer is None:
            return None
        return self.authorizers[route.authorizer].authorize(
            request.headers, scopes=list(route.scopes)
        )

    def _may_invoke(self, route: Route) -> bool:
        place = f"{self.api_id}/{STAGE}/{route.method}{route.path}"
        caller = f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{place}"
        return any(
            permission.principal == "apigateway.amazonaws.com"
            and route.function_arn.endswith(f":{permission.function_name}")
            and fnmatchcase(caller, permission.source_arn)
            for permission in self.permissions
        )


@contextmanager
def serving(api: Answers, *, port: int) -> Iterator[str]:
    """Serve an API on a port of this machine (0: any free one); yields its address."""
    server = _Server(api, port=port)
    with answering(server):
        yield server.url


class _Server(LoopbackServer):
    def __init__(self, api: Answers, *, port: int) -> None:
        self.api = api
        super().__init__(port, _Handler)


class _Handler(OwnMachineHandler):
    # The API decides by CORS and tokens, as on AWS.
    answers_foreign_pages = True
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def _respond(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > _MAXIMUM_BODY_BYTES:
            response = message(413, "Request Entity Too Large")
            self.close_connection = True
        else:
            response = self.server.api.answer(self._request(self.rfile.read(length)))
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = _respond  # noqa: N815 - http.server calls them so
    do_PATCH = do_DELETE = do_OPTIONS = _respond  # noqa: N815 - the same

    def _request(self, body: bytes) -> Request:
        names = {name.lower() for name in self.headers}
        headers = {name: ",".join(self.headers.get_all(name) or []) for name in sorted(names)}
        return Request(
            method=self.command,
            target=self.path,
            headers=headers,
            body=body,
            source_ip=self.client_address[0],
        )

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers:
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Log nothing: the functions have their own logs, and the address may hold a search."""
