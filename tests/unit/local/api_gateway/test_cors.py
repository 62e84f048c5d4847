"""CORS as API Gateway answers it, out of an API's document."""

from typing import Any

import pytest

from local.api_gateway.cors import Cors, cors_of
from local.errors import TemplateError

SITE = "https://crm.example.com"
PREFLIGHT = {"origin": SITE, "access-control-request-method": "GET"}


def cors(**changes: Any) -> Cors:
    """Return the CORS of a document that lets one site in."""
    settings = {
        "allowOrigins": [SITE],
        "allowMethods": ["GET"],
        "allowHeaders": ["authorization"],
        "exposeHeaders": ["retry-after"],
        "maxAge": 3600,
    }
    return cors_of({"x-amazon-apigateway-cors": settings | changes})


def test_a_preflight_is_told_what_is_allowed() -> None:
    """The origin itself, not a list and not a wildcard."""
    assert cors().is_preflight("OPTIONS", PREFLIGHT)
    assert dict(cors().preflight_headers(PREFLIGHT)) == {
        "access-control-allow-origin": SITE,
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "3600",
    }


@pytest.mark.parametrize("origin", ["https://evil.example", "https://crm.example.com.evil", "null"])
def test_another_origin_is_told_nothing(origin: str) -> None:
    """A browser then refuses by itself."""
    assert cors().preflight_headers(PREFLIGHT | {"origin": origin}) == []
    assert cors().replaced_in([], asked={"origin": origin}) == []


def test_an_answer_names_the_origin_that_asked() -> None:
    """Whatever the function says of CORS is left out, as API Gateway does."""
    answered = [("content-type", "text/plain"), ("access-control-allow-origin", "*")]

    assert cors().replaced_in(answered, asked={"origin": SITE}) == [
        ("content-type", "text/plain"),
        ("access-control-allow-origin", SITE),
        ("access-control-expose-headers", "retry-after"),
    ]
    assert cors().replaced_in(answered, asked={}) == [("content-type", "text/plain")]


def test_without_cors_nothing_is_special() -> None:
    """OPTIONS is a method like any, and headers stay as they are."""
    answered = [("access-control-allow-origin", "https://own.example")]

    assert not cors_of({}).is_preflight("OPTIONS", PREFLIGHT)
    assert cors_of({}).replaced_in(answered, asked={"origin": SITE}) == answered


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", PREFLIGHT), ("OPTIONS", {}), ("OPTIONS", {"origin": SITE})],
)
def test_what_is_no_preflight_is_routed(method: str, headers: dict[str, str]) -> None:
    """A preflight has the method, an origin, and says what it wants."""
    assert not cors().is_preflight(method, headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"allowOrigins": ["*"]},
        {"allowOrigins": ["https://*.example.com"]},
        {"allowOrigins": []},
        {"allowCredentials": True},
    ],
)
def test_what_the_gateway_does_not_know_is_an_error(changes: dict[str, Any]) -> None:
    """Wildcards and credentials are not for this API, so they fail loudly."""
    with pytest.raises(TemplateError, match="cors"):
        cors(**changes)
