"""`ringvault configure` over sockets: nothing is written that RingCentral does not accept."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.ringcentral.account.options import Options
from tests.integration.ringvault_cli.account import (
    CLIENT_ID,
    CLIENT_SECRET,
    JWT,
    Account,
    running_account,
)
from tests.support.cloud import Cloud

EMPTY = {"client_id": "", "client_secret": "", "jwt": ""}
SECOND, WRONG = "second-secret-jwt", "secret-jwt-of-nobody"
DOWNLOADED = {
    "clientId": CLIENT_ID,
    "clientSecret": CLIENT_SECRET,
    "server": "https://platform.ringcentral.com",
    "jwt": {"Somebody's own label": JWT},
}
# What must never be seen again.
SECRETS = (CLIENT_SECRET, JWT, SECOND, WRONG)


@pytest.fixture
def account(cloud: Cloud) -> Iterator[Account]:
    """Run an account with two service users beside a secret without credentials."""
    options = Options(recordings=2, days=2, jwts=(JWT, SECOND))
    with running_account(cloud, options, secret=EMPTY) as running:
        yield running


def file_with(folder: Path, fields: Any) -> str:
    """Return the path of a file that holds the JSON."""
    path = folder / "rc-credentials.json"
    path.write_text(json.dumps(fields))
    return str(path)


def assert_keeps_secrets(output: str) -> None:
    """Fail where a secret is shown."""
    assert [secret for secret in SECRETS if secret in output] == []


def test_the_downloaded_file_is_taken(account: Account, tmp_path: Path) -> None:
    """RingCentral's file fills the secret, and a label of its own becomes no name."""
    result = account.ringvault("configure", "--file", file_with(tmp_path, DOWNLOADED), "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"service_users": ["1"], "signed_in": ["1"]}
    assert account.secret == {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "jwt": JWT,
    }
    assert_keeps_secrets(result.output)


def test_the_functions_share_the_token_of_the_check(account: Account, tmp_path: Path) -> None:
    """One sign-in; the same credentials again need none."""
    file = file_with(tmp_path, DOWNLOADED)
    account.ringvault("configure", "--file", file)
    again = account.ringvault("configure", "--file", file, "--json")

    assert json.loads(again.stdout)["signed_in"] == []
    assert account.books["tokensMinted"] == 1


def test_a_refused_user_changes_nothing(account: Account, tmp_path: Path) -> None:
    """One of two is refused: neither is written, and no secret is shown."""
    fields = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "service_users": {"good": JWT, "wrong": WRONG},
    }
    result = account.ringvault("configure", "--file", file_with(tmp_path, fields))

    assert result.exit_code == 1
    assert "service user wrong" in result.stderr
    assert account.secret == EMPTY
    assert_keeps_secrets(result.output)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({**DOWNLOADED, "clientSecret": ""}, "client_secret is missing"),
        ({**DOWNLOADED, "clientSecret": " spaced"}, "client_secret in the RingCentral secret"),
        ({**DOWNLOADED, "jwt": None}, "jwt is missing from the file"),
        ({**DOWNLOADED, "jwt": {"one of": JWT, "two names": SECOND}}, "service_users"),
        ([JWT], "not a JSON object"),
    ],
)
def test_a_malformed_file_names_the_field_only(
    account: Account,
    tmp_path: Path,
    fields: Any,
    told: str,
) -> None:
    """Nothing is sent, nothing is written, and the message has no value."""
    result = account.ringvault("configure", "--file", file_with(tmp_path, fields))

    assert result.exit_code == 3
    assert told in " ".join(result.stderr.split())
    assert account.secret == EMPTY
    assert_keeps_secrets(result.output)
    assert account.books["tokensMinted"] == 0


def test_users_are_merged_and_removed(account: Account, tmp_path: Path) -> None:
    """A second user joins the first, whose token stays; the last one can't go."""
    account.ringvault("configure", "--file", file_with(tmp_path, DOWNLOADED), "--user", "first")
    joined = account.ringvault(
        "configure", "--file", file_with(tmp_path, {"jwt": SECOND}), "--user", "second", "--json"
    )
    assert json.loads(joined.stdout) == {
        "service_users": ["first", "second"],
        "signed_in": ["second"],
    }
    assert account.secret["service_users"] == {"first": JWT, "second": SECOND}

    assert account.ringvault("configure", "--remove", "first").exit_code == 0
    assert account.secret["service_users"] == {"second": SECOND}
    last = account.ringvault("configure", "--remove", "second")
    assert (last.exit_code, "the last service user" in last.stderr) == (2, True)
    assert account.secret["service_users"] == {"second": SECOND}


def test_one_user_under_two_names_is_refused(account: Account, tmp_path: Path) -> None:
    """The same JWT twice would count one quota as two."""
    file = file_with(tmp_path, DOWNLOADED)
    account.ringvault("configure", "--file", file)
    result = account.ringvault("configure", "--file", file, "--user", "again")

    assert (result.exit_code, "1 and again have the same JWT" in result.stderr) == (2, True)
    assert account.secret["jwt"] == JWT
    assert_keeps_secrets(result.output)


def test_without_a_terminal_a_file_is_asked_for(account: Account) -> None:
    """Nobody is prompted where nobody could answer."""
    result = account.ringvault("configure")

    assert (result.exit_code, "give --file" in result.stderr) == (2, True)


def test_what_is_typed_is_not_echoed(account: Account) -> None:
    """At a real terminal the prompts show no answer, and the secret gets all three."""
    started = "from ringvault_cli.command import app; app()"
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", started, "configure", *account.place],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": "layers/ringvault:."},
    ) as command:
        os.close(theirs)
        seen = "".join(
            _until(ours, prompt, answer)
            for prompt, answer in (
                ("Client ID (not shown): ", CLIENT_ID),
                ("Client secret (not shown): ", CLIENT_SECRET),
                ("JWT (not shown): ", JWT),
            )
        )
        seen += _rest(ours)
        assert command.wait(timeout=10) == 0, seen
    os.close(ours)

    assert account.secret["jwt"] == JWT
    assert "signed in: 1" in seen
    assert_keeps_secrets(seen)


def _until(terminal: int, prompt: str, answer: str) -> str:
    """Return what is shown until the prompt, and answer it."""
    seen = ""
    while prompt not in seen:
        seen += os.read(terminal, 1024).decode()
    os.write(terminal, f"{answer}\n".encode())
    return seen


def _rest(terminal: int) -> str:
    """Return what is shown until the command ends, which Linux tells as an error."""
    seen = ""
    try:
        while more := os.read(terminal, 1024):
            seen += more.decode()
    except OSError:
        pass
    return seen
