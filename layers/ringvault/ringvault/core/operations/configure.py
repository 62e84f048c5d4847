"""Changes the credentials in the secret, once RingCentral has accepted the new ones."""

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Protocol

from ringvault.core.errors import ConfigurationError, InvalidRequestError
from ringvault.core.ringcentral.access_token import AccessToken
from ringvault.core.ringcentral.credentials import ONLY_SERVICE_USER, Credentials, parse_credentials

_ONE_JWT = "--user names one service user, and the file has several JWTs"
_DOWNLOAD = "download the file again from RingCentral's developer console"
# RingCentral's own names in the file that its developer console offers for download.
_DOWNLOADED = {"clientId": "client_id", "clientSecret": "client_secret"}


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the credentials; no part of it is ever shown.

    None leaves the app's credentials as they are. `jwts` are added, or replace those of the same
    name; the service user `removed` goes.
    """

    client_id: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)
    jwts: Mapping[str, str] = field(default_factory=dict, repr=False)
    removed: str | None = None


class Secret(Protocol):
    """Where the credentials are stored."""

    def text(self) -> str:
        """Return the content of the secret, complete or not."""

    def write(self, credentials: Credentials) -> None:
        """Replace the content of the secret."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The names of all service users, and of those whose sign-in was tested."""

    service_users: tuple[str, ...]
    signed_in: tuple[str, ...]


def configure(
    change: Change,
    *,
    secret: Secret,
    sign_in: Callable[[str, Credentials], AccessToken],
    keep: Callable[[str, AccessToken], None],
) -> Configured:
    """Sign in every service user that the change concerns, then write the secret.

    The new tokens are saved for the functions, so that no token of an old app stays in use.

    Raises:
        ConfigurationError: something is missing or malformed; names the fields.
        CredentialsError: RingCentral refuses one of them. Nothing was changed, as with any error.
    """
    stored = _fields(secret.text())
    credentials = changed(stored, change)
    concerned = _concerned(stored, credentials)
    tokens = {name: sign_in(name, credentials) for name in sorted(concerned)}
    secret.write(credentials)
    for name, token in tokens.items():
        keep(name, token)
    return Configured(tuple(sorted(credentials.jwts)), tuple(tokens))


def lacks_app(text: str) -> bool:
    """Whether the app's own credentials are missing from the secret."""
    stored = _fields(text)
    return not (stored.get("client_id") and stored.get("client_secret"))


def changed(stored: Mapping[str, Any], change: Change) -> Credentials:
    """Return the credentials after the change.

    Raises:
        ConfigurationError: they are not complete; names the fields.
        InvalidRequestError: the user to remove is unknown, or the last one.
    """
    jwts = {**_jwts(stored), **change.jwts}
    if change.removed is not None:
        _require_removable(change.removed, jwts)
        del jwts[change.removed]
    _require_different(jwts)
    fields = {
        "client_id": change.client_id or stored.get("client_id"),
        "client_secret": change.client_secret or stored.get("client_secret"),
        "service_users": jwts,
    }
    return parse_credentials(json.dumps(fields))


def read_change(text: str, *, user: str | None) -> Change:
    """Return the change in a file: one downloaded from RingCentral, or one like the secret.

    `user` names the service user of a file's only JWT.

    Raises:
        ConfigurationError: the file is not such a JSON object; repeats nothing of it.
        InvalidRequestError: `user` names one where the file has several.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(["the file is not JSON"], hint=_DOWNLOAD) from None
    if not isinstance(fields, dict):
        raise ConfigurationError(["the file is not a JSON object"], hint=_DOWNLOAD)
    fields = {_DOWNLOADED.get(name, name): value for name, value in fields.items()}
    return Change(
        client_id=fields.get("client_id"),
        client_secret=fields.get("client_secret"),
        jwts=_named(fields, user),
    )


def _named(fields: Mapping[str, Any], user: str | None) -> Mapping[str, str]:
    """Return the JWTs of a file by service user; the label of a single JWT is no user's name."""
    jwts = fields.get("service_users") or fields.get("jwt")
    if not jwts:
        raise ConfigurationError(["jwt is missing from the file"], hint=_DOWNLOAD)
    if not isinstance(jwts, dict):
        return {user or ONLY_SERVICE_USER: jwts}
    if len(jwts) > 1 and user is not None:
        raise InvalidRequestError(_ONE_JWT, hint="leave --user out")
    if len(jwts) == 1 and "service_users" not in fields:
        return {user or ONLY_SERVICE_USER: next(iter(jwts.values()))}
    return {user or name: jwt for name, jwt in jwts.items()}


def _require_different(jwts: Mapping[str, str]) -> None:
    names: dict[str, str] = {}
    for name, jwt in jwts.items():
        if (other := names.setdefault(str(jwt), name)) != name:
            raise InvalidRequestError(
                f"{other} and {name} have the same JWT: they are one service user with one quota",
                hint="create a JWT for each service user in RingCentral's developer console",
            )


def _concerned(stored: Mapping[str, Any], credentials: Credentials) -> AbstractSet[str]:
    """Return the service users whose sign-in changes."""
    same_app = (stored.get("client_id"), stored.get("client_secret")) == (
        credentials.client_id,
        credentials.client_secret,
    )
    before = _jwts(stored) if same_app else {}
    return {name for name, jwt in credentials.jwts.items() if before.get(name) != jwt}


def _jwts(stored: Mapping[str, Any]) -> Mapping[str, str]:
    users = stored.get("service_users")
    if isinstance(users, dict) and users:
        return users
    return {ONLY_SERVICE_USER: stored["jwt"]} if stored.get("jwt") else {}


def _fields(text: str) -> Mapping[str, Any]:
    """Return the fields of the secret, none if it is malformed."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _require_removable(name: str, jwts: Mapping[str, str]) -> None:
    if name not in jwts:
        known = ", ".join(sorted(jwts)) or "none"
        raise InvalidRequestError(
            f"--remove: the secret has no service user of that name; it has {known}",
            hint="give one of those names",
        )
    if len(jwts) == 1:
        raise InvalidRequestError(
            "--remove: this is the last service user",
            hint="add another one first: ringvault configure --user NAME",
        )
