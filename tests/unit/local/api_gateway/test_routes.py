"""Routes out of an OpenAPI document."""

from typing import Any

import pytest

from local.api_gateway.routes import Route, routes_of
from local.errors import TemplateError

FUNCTION = "arn:aws:lambda:us-east-1:1:function:f"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


def document(*, security: Any = None, path: str = "/x") -> dict[str, Any]:
    """Return a document with one route and the authorizer Listeners."""
    operation = {
        "x-amazon-apigateway-integration": {"uri": URI, "payloadFormatVersion": "2.0"},
        "responses": {},
    } | ({} if security is None else {"security": security})
    schemes: Any = {"securitySchemes": {"Listeners": {}}}
    return {"openapi": "3.0.1", "paths": {path: {"get": operation}}, "components": schemes}


@pytest.mark.parametrize(
    ("security", "authorizer"),
    [(None, None), ([], None), ([{"NONE": []}], None), ([{"Listeners": []}], "Listeners")],
)
def test_guard_is_what_the_template_says(security: Any, authorizer: str | None) -> None:
    """A route is guarded only if the template guards it."""
    [route] = routes_of(document(security=security))

    assert route.authorizer == authorizer


def test_unknown_authorizer_is_an_error() -> None:
    """A route that names an authorizer nobody defined doesn't come up open."""
    with pytest.raises(TemplateError, match="Strangers"):
        routes_of(document(security=[{"Strangers": []}]))


def test_unknown_key_is_an_error() -> None:
    """What the gateway would ignore is an error that names it."""
    with pytest.raises(TemplateError, match="x-amazon-apigateway-policy"):
        routes_of(document() | {"x-amazon-apigateway-policy": {}})


@pytest.mark.parametrize(
    ("path", "raw_path", "parameters"),
    [
        ("/recordings", "/recordings", {}),
        ("/recordings", "/recordings/", None),
        ("/recordings/{id}", "/recordings/a%2Fb", {"id": "a/b"}),
        ("/recordings/{id}", "/recordings/a/b", None),
        ("/recordings/{id}/x", "/recordings/a/x", {"id": "a"}),
        ("/{proxy+}", "/a/b", {"proxy": "a/b"}),
        ("/a.b", "/aXb", None),
    ],
)
def test_parameters(path: str, raw_path: str, parameters: dict[str, str] | None) -> None:
    """A parameter is one segment, decoded; a greedy one is the rest."""
    route = Route("GET", path, "arn", None, ())

    assert route.parameters_in(raw_path) == parameters


def test_literal_routes_go_first() -> None:
    """A path without parameters is tried before one with."""
    body = document(path="/recordings/{id}")
    body["paths"]["/recordings/all"] = body["paths"]["/recordings/{id}"]

    assert [route.path for route in routes_of(body)] == ["/recordings/all", "/recordings/{id}"]
