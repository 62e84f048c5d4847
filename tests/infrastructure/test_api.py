"""The API: nobody without a token learns anything but what the page looks like."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infrastructure.stack import Stack

PUBLIC_ROUTES = {"/", "/web/{fileName}", "/sign-in.json", "/openapi.yaml"}


def body(stack: Stack) -> dict[str, Any]:
    """Return the API's OpenAPI document."""
    document: dict[str, Any] = stack.only("AWS::ApiGatewayV2::Api")["Body"]
    return document


def test_every_route_but_the_page_asks_for_a_token(stack: Stack) -> None:
    """The page, its sign-in and the contract are public; all else goes through the authorizer."""
    operations = {
        (path, method): operation["security"]
        for path, methods in body(stack)["paths"].items()
        for method, operation in methods.items()
    }

    public = {path for (path, _), security in operations.items() if security == [{"NONE": []}]}
    guarded = [s for (path, _), s in operations.items() if path not in PUBLIC_ROUTES]
    assert public == PUBLIC_ROUTES
    assert guarded
    assert all(security == [{"Listeners": []}] for security in guarded)


def test_the_api_only_reads(stack: Stack) -> None:
    """No route changes anything."""
    methods = {method for path in body(stack)["paths"].values() for method in path}

    assert methods == {"get"}


def test_the_authorizer_names_issuer_and_audience(stack: Stack) -> None:
    """A token of another issuer, or for another application, does not pass."""
    scheme = body(stack)["components"]["securitySchemes"]["Listeners"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]

    assert authorizer["type"] == "jwt"
    assert authorizer["identitySource"] == "$request.header.Authorization"
    assert authorizer["jwtConfiguration"] == {
        "issuer": {
            "Fn::If": [
                "MakesUserPool",
                {"Fn::GetAtt": ["UserPool", "ProviderURL"]},
                {"Ref": "JwtIssuer"},
            ]
        },
        "audience": [
            {"Fn::If": ["MakesUserPool", {"Ref": "SignInClient"}, {"Ref": "JwtAudience"}]}
        ],
    }


def test_the_contract_has_the_templates_routes(stack: Stack, repository: Path) -> None:
    """Method, path and whether a token is asked for are the same in both, route by route."""
    text = (repository / "functions/playback_api/openapi.yaml").read_text(encoding="utf-8")
    contract = yaml.safe_load(text)
    promised = {
        (method, path, bool(operation.get("security", contract["security"])))
        for path, operations in contract["paths"].items()
        for method, operation in operations.items()
    }
    deployed = {
        (method, path, operation["security"] != [{"NONE": []}])
        for path, operations in body(stack)["paths"].items()
        for method, operation in operations.items()
    }

    assert promised == deployed


def test_other_sites_are_let_in_by_parameter_only(stack: Stack) -> None:
    """Exact origins that are given, none by default, and no cookies with them."""
    parameter = stack.document["Parameters"]["EmbeddingOrigins"]
    condition, cors, otherwise = body(stack)["x-amazon-apigateway-cors"]["Fn::If"]

    assert (condition, otherwise) == ("IsEmbedded", {"Ref": "AWS::NoValue"})
    assert (parameter["Type"], parameter["Default"]) == ("CommaDelimitedList", "")
    assert cors["allowOrigins"] == {"Ref": "EmbeddingOrigins"}
    assert (cors["allowMethods"], cors["allowHeaders"]) == (["GET"], ["authorization"])
    assert "allowCredentials" not in cors


def stage(stack: Stack) -> dict[str, Any]:
    """Return how the API is served."""
    return stack.only("AWS::ApiGatewayV2::Stage")


def test_a_flood_is_refused(stack: Stack) -> None:
    """Each route has the stage's rate, far below the account's, and none has its own."""
    limits = stage(stack)["DefaultRouteSettings"]

    assert limits == {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200}
    assert "RouteSettings" not in stage(stack)


def test_the_access_log_names_nobody(stack: Stack) -> None:
    """Neither address nor path, query, user agent or claim: what a line holds is listed here."""
    log = stage(stack)["AccessLogSettings"]
    line = json.loads(log["Format"])

    assert set(line.values()) == {
        "$context.requestId",
        "$context.requestTime",
        "$context.routeKey",
        "$context.status",
        "$context.error.responseType",
        "$context.responseLatency",
        "$context.responseLength",
    }
    assert "\n" not in log["Format"]
    assert log["DestinationArn"] == {"Fn::GetAtt": ["PlaybackApiAccessLogGroup", "Arn"]}


def test_listeners_leave_the_archiver_room_if_asked(stack: Stack) -> None:
    """A reservation by parameter, none by default: a new account refuses any."""
    reserved = stack.properties("PlaybackApiFunction")["ReservedConcurrentExecutions"]

    assert reserved["Fn::If"][:2] == ["LimitsListeners", {"Ref": "PlaybackConcurrency"}]
    assert stack.parameter_default("PlaybackConcurrency") == "0"


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://crm.example.com", True),
        ("http://localhost:9000", True),
        ("", True),
        ("*", False),
        ("https://*.example.com", False),
        ("https://crm.example.com/", False),
        ("crm.example.com", False),
        ("http://crm.example.com", False),
        ("https://crm.example.com@evil.example", False),
        ("https://crm.example.com?x", False),
        ("https://CRM.example.com", False),
        ("null", False),
    ],
)
def test_an_embedding_origin_is_an_exact_one(
    stack: Stack, *, origin: str, is_allowed: bool
) -> None:
    """A wildcard or a path is refused before anything is deployed."""
    pattern = stack.document["Parameters"]["EmbeddingOrigins"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, origin)) is is_allowed
