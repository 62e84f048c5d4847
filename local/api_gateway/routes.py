"""The routes of an HTTP API, read from its OpenAPI document."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from local.errors import TemplateError

_INTEGRATION = "x-amazon-apigateway-integration"
_FUNCTION_IN_URI = re.compile(r".*/functions/(arn:aws:lambda:[^/]+)/invocations")
_PARAMETER = re.compile(r"\{(\w+)(\+?)\}")
# The last is for local/api_gateway/cors.py.
_KNOWN_KEYS = {"openapi", "info", "paths", "components", "tags", "x-amazon-apigateway-cors"}
_KNOWN_ROUTE_KEYS = {_INTEGRATION, "security", "parameters", "responses"}


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path with parameters, its function and its authorizer.

    `authorizer` is None for a public route.
    """

    method: str
    path: str
    function_arn: str
    authorizer: str | None
    scopes: tuple[str, ...]

    @property
    def key(self) -> str:
        """The route key as API Gateway writes it."""
        return f"{self.method} {self.path}"

    def parameters_in(self, raw_path: str) -> dict[str, str] | None:
        """Return the path parameters in `raw_path`; None if it is not of this route."""
        match = re.fullmatch(_pattern(self.path), raw_path)
        if match is None:
            return None
        return {name: unquote(value) for name, value in match.groupdict().items()}


def routes_of(body: Mapping[str, Any]) -> list[Route]:
    """Return an API's routes, those with fewer parameters first.

    Raises:
        TemplateError: the document has something that the local gateway doesn't know.
    """
    for key in body.keys() - _KNOWN_KEYS:
        raise TemplateError(f"HTTP API: {key} is not known to the local gateway")
    authorizers = body.get("components", {}).get("securitySchemes", {}).keys()
    routes = [
        _route(path, method, operation, authorizers)
        for path, operations in body["paths"].items()
        for method, operation in operations.items()
    ]
    return sorted(routes, key=lambda route: len(_PARAMETER.findall(route.path)))


def _route(
    path: str, method: str, operation: Mapping[str, Any], authorizers: Iterable[str]
) -> Route:
    for key in operation.keys() - _KNOWN_ROUTE_KEYS:
        raise TemplateError(f"HTTP API, {path}: {key} is not known to the local gateway")
    authorizer, scopes = _guard(operation.get("security", []), authorizers)
    return Route(
        method=method.upper(),
        path=path,
        function_arn=_function_arn(path, operation[_INTEGRATION]),
        authorizer=authorizer,
        scopes=scopes,
    )


def _guard(
    security: list[dict[str, list[str]]], authorizers: Iterable[str]
) -> tuple[str | None, tuple[str, ...]]:
    # SAM writes {"NONE": []} for a route without authorizer: no scheme has this name.
    for requirement in security:
        for name, scopes in requirement.items():
            if name in authorizers:
                return name, tuple(scopes)
            if name != "NONE":
                raise TemplateError(f"HTTP API: authorizer {name} is not defined")
    return None, ()


def _function_arn(path: str, integration: Mapping[str, Any]) -> str:
    match = _FUNCTION_IN_URI.fullmatch(integration["uri"])
    if match is None or integration.get("payloadFormatVersion") != "2.0":
        raise TemplateError(f"HTTP API, {path}: only Lambda with payload 2.0 is known locally")
    return match[1]


def _pattern(path: str) -> str:
    pattern, end = "", 0
    for match in _PARAMETER.finditer(path):
        name, greedy = match.groups()
        pattern += re.escape(path[end : match.start()])
        pattern += f"(?P<{name}>{'.+' if greedy else '[^/]+'})"
        end = match.end()
    return pattern + re.escape(path[end:])
