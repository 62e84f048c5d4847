"""The API: nobody without a token learns anything but what the page looks like."""

from typing import Any

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
