"""The RingCentral that the stack uses: the simulator, or a real account."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from local.child import answers, await_ready, end_child, free_port, start_child
from local.errors import LocalError, SetupError
from local.places import ROOT
from local.ringcentral.account.options import Options, numbered_jwts
from local.ringcentral.control import BOOKS_PATH

_VARIABLES = {
    "client_id": "RINGCENTRAL_CLIENT_ID",
    "client_secret": "RINGCENTRAL_CLIENT_SECRET",
    "jwt": "RINGCENTRAL_JWT",
}
_REAL_HOST = "platform.ringcentral.com"
_REAL_MEDIA_URL = "https://media.ringcentral.com"
_BOOKS_WITHIN_S = 300


@dataclass(frozen=True, slots=True)
class Account:
    """The address of RingCentral, and its secret; `books_url` only for our simulator."""

    server_url: str
    media_url: str
    secret: str
    books_url: str | None = None

    def books(self) -> dict[str, Any] | None:
        """Return the simulator's books, with digests; None for any other account.

        Raises:
            LocalError: the simulator no longer answers.
        """
        if self.books_url is None:
            return None
        try:
            answer = requests.get(
                self.books_url, params={"sha256": "true"}, timeout=_BOOKS_WITHIN_S
            )
            answer.raise_for_status()
        except requests.RequestException as error:
            raise LocalError(
                "the simulator doesn't answer; see simulator.log in .local/logs"
            ) from error
        books: dict[str, Any] = answer.json()
        return books


def given_account(url: str, *, environ: Mapping[str, str], env_file: Path) -> Account:
    """Return the account at a URL, its credentials from the environment or else from a file.

    Raises:
        SetupError: the URL is invalid, or credentials are missing; names every one of them.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise SetupError(
            f"--ringcentral {url!r}: give scheme and host only, for example https://{_REAL_HOST}"
        )
    server_url = f"{parts.scheme}://{parts.netloc}"
    known = read_env_file(env_file) | {name: value for name, value in environ.items() if value}
    missing = [variable for variable in _VARIABLES.values() if not known.get(variable)]
    if missing:
        raise SetupError(f"set {', '.join(missing)} in the environment or in {env_file.name}")
    media_url = _REAL_MEDIA_URL if parts.hostname == _REAL_HOST else server_url
    secret = {key: known[variable] for key, variable in _VARIABLES.items()}
    return Account(server_url, media_url, json.dumps(secret))


@contextmanager
def simulated_account(*arguments: str, users: int, log_path: Path) -> Iterator[Account]:
    """Run the simulator with so many service users for as long as the context lasts.

    `arguments` are further options of its command.
    """
    port = free_port()
    with log_path.open("wb") as log:
        child = start_child(
            *("local", "simulator", "--port", str(port), "--users", str(users), *arguments),
            environment={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
            output=log,
        )
    try:
        await_ready(child, is_ready=lambda: answers(port), name=f"simulator ({log_path})")
        yield _simulated(f"http://127.0.0.1:{port}", users=users)
    finally:
        end_child(child)


def read_env_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of a file, without quotes and `export`; none if absent."""
    if not path.is_file():
        return {}
    line = re.compile(r"""\s*(?:export\s+)?(\w+)\s*=\s*(["']?)(.*?)\2\s*""")
    matches = map(line.fullmatch, path.read_text(encoding="utf-8").splitlines())
    return {match[1]: match[3] for match in matches if match}


def _simulated(url: str, *, users: int) -> Account:
    options = Options()
    jwts = {f"service-user-{number}": jwt for number, jwt in enumerate(numbered_jwts(users), 1)}
    secret = {
        "client_id": options.client_id,
        "client_secret": options.client_secret,
        "service_users": jwts,
    }
    return Account(url, url, json.dumps(secret), books_url=url + BOOKS_PATH)
