"""An HTTP API's CORS: preflights answered by the gateway, headers for allowed origins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.errors import TemplateError

_KEY = "x-amazon-apigateway-cors"
_KNOWN = {"allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "maxAge"}
_PREFIX = "access-control-"

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Cors:
    """The other origins whose pages may use an API; none if `origins` is empty."""

    origins: frozenset[str] = frozenset()
    methods: str = ""
    headers: str = ""
    exposed: str = ""
    max_age_s: int = 0

    def is_preflight(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether the gateway answers itself; without CORS, OPTIONS is an ordinary method."""
        asks = "origin" in headers and "access-control-request-method" in headers
        return bool(self.origins) and method == "OPTIONS" and asks

    def preflight_headers(self, headers: Mapping[str, str]) -> Headers:
        """Return the headers of a preflight's answer; none if its origin is not allowed."""
        if headers["origin"] not in self.origins:
            return []
        return [
            (f"{_PREFIX}allow-origin", headers["origin"]),
            (f"{_PREFIX}allow-methods", self.methods),
            (f"{_PREFIX}allow-headers", self.headers),
            (f"{_PREFIX}max-age", str(self.max_age_s)),
        ]

    def replaced_in(self, answered: Headers, *, asked: Mapping[str, str]) -> Headers:
        """Return an answer's headers with the API's CORS headers in place of the function's own."""
        if not self.origins:
            return answered
        kept = [(name, value) for name, value in answered if not name.startswith(_PREFIX)]
        if asked.get("origin") not in self.origins:
            return kept
        ours = [(f"{_PREFIX}allow-origin", asked["origin"])]
        if self.exposed:
            ours.append((f"{_PREFIX}expose-headers", self.exposed))
        return kept + ours


def cors_of(body: Mapping[str, Any]) -> Cors:
    """Return the CORS of an API's OpenAPI document.

    Raises:
        TemplateError: it has something that the local gateway doesn't know, such as a wildcard.
    """
    settings = body.get(_KEY)
    if settings is None:
        return Cors()
    for key in settings.keys() - _KNOWN:
        raise TemplateError(f"HTTP API: {_KEY}: {key} is not known to the local gateway")
    origins = frozenset(settings["allowOrigins"])
    if not origins or "*" in "".join(origins):
        raise TemplateError(f"HTTP API: {_KEY}: only exact origins are known to the local gateway")
    return Cors(
        origins=origins,
        methods=",".join(settings.get("allowMethods", ())),
        headers=",".join(settings.get("allowHeaders", ())),
        exposed=",".join(settings.get("exposeHeaders", ())),
        max_age_s=int(settings.get("maxAge", 0)),
    )
