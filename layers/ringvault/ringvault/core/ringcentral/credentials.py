"""RingCentral's credentials, as the secret holds them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringvault.core.errors import ConfigurationError

# The name of the service user of a single jwt.
ONLY_SERVICE_USER = "1"
# Names of service users are used in names of items and in metrics' dimensions.
_NAME = re.compile(r"[0-9A-Za-z_-]{1,32}")
_ADVICE = (
    'put {"client_id": "…", "client_secret": "…", "jwt": "…"} into the RingCentral secret; for'
    ' several service users "service_users": {"<name>": "<jwt>", …} in place of "jwt"'
)
_HINT = "give what it names: ringvault configure"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of app and service users; no part of them is ever shown.

    `jwts` has the JWT credential of each service user by its name, of at least one.
    """

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    jwts: Mapping[str, str] = field(repr=False)


def parse_credentials(secret: str) -> Credentials:
    """Return the credentials in the secret's JSON.

    Raises:
        ConfigurationError: names every field that is missing or malformed, and no value.
    """
    try:
        fields: Any = json.loads(secret)
    except (ValueError, RecursionError):
        fault = f"the RingCentral secret is not JSON; {_ADVICE}"
        raise ConfigurationError([fault], hint=_HINT) from None
    if not isinstance(fields, dict):
        fault = f"the RingCentral secret is not a JSON object; {_ADVICE}"
        raise ConfigurationError([fault], hint=_HINT)
    if faults := list(_faults(fields)):
        raise ConfigurationError([*faults, _ADVICE], hint=_HINT)
    jwts = fields.get("service_users") or {ONLY_SERVICE_USER: fields["jwt"]}
    return Credentials(fields["client_id"], fields["client_secret"], jwts)


def as_secret(credentials: Credentials) -> str:
    """Return the credentials as the secret's JSON."""
    jwts = dict(credentials.jwts)
    is_nameless = jwts.keys() == {ONLY_SERVICE_USER}
    users = {"jwt": jwts[ONLY_SERVICE_USER]} if is_nameless else {"service_users": jwts}
    app = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    return json.dumps(app | users)


def _faults(fields: Mapping[str, Any]) -> Iterator[str]:
    for name in ("client_id", "client_secret"):
        yield from _faults_of(name, fields.get(name))
    service_users = fields.get("service_users")
    if not service_users:
        yield from _faults_of("jwt", fields.get("jwt"))
    elif not isinstance(service_users, dict) or not all(map(_NAME.fullmatch, service_users)):
        yield "service_users in the RingCentral secret is not an object of names and JWTs"
    else:
        for name, jwt in service_users.items():
            yield from _faults_of(f"the jwt of service user {name}", jwt)


def _faults_of(name: str, value: object) -> Iterator[str]:
    if value is None or value == "":
        yield f"{name} is missing from the RingCentral secret"
    elif not isinstance(value, str) or value != value.strip() or not value.isprintable():
        yield f"{name} in the RingCentral secret is not plain text without spaces around it"
