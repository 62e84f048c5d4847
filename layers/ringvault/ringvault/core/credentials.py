"""RingCentral's credentials, as the secret holds them."""

import json
from dataclasses import dataclass, field
from typing import Any

from ringvault.core.errors import ConfigurationError

# The service user is named by its place until the secret can hold several.
ONLY_SERVICE_USER = "1"
_FIELDS = ("client_id", "client_secret", "jwt")
_ADVICE = 'put {"client_id": "…", "client_secret": "…", "jwt": "…"} into the RingCentral secret'


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs a service user in; no part of it is ever shown."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    jwt: str = field(repr=False)


def parse_credentials(secret: str) -> Credentials:
    """Return the credentials that the secret's JSON holds.

    Raises:
        ConfigurationError: names every field that is missing or malformed, and no value.
    """
    try:
        fields: Any = json.loads(secret)
    except ValueError:
        raise ConfigurationError([f"the RingCentral secret is not JSON; {_ADVICE}"]) from None
    if not isinstance(fields, dict):
        raise ConfigurationError([f"the RingCentral secret is not a JSON object; {_ADVICE}"])
    faults = [fault for name in _FIELDS if (fault := _fault(name, fields.get(name)))]
    if faults:
        raise ConfigurationError([*faults, _ADVICE])
    return Credentials(**{name: fields[name] for name in _FIELDS})


def _fault(name: str, value: object) -> str | None:
    if value is None or value == "":
        return f"{name} is missing from the RingCentral secret"
    if not isinstance(value, str) or value != value.strip() or not value.isprintable():
        return f"{name} in the RingCentral secret is not plain text without spaces around it"
    return None
