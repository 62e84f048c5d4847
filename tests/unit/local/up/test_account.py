"""Where RingCentral is and with which credentials."""

import json
from pathlib import Path

import pytest

from local.errors import SetupError
from local.ringcentral.account.options import numbered_jwts
from local.up.account import _simulated, given_account, read_env_file
from ringvault.core.ringcentral.credentials import parse_credentials

ENVIRON = {
    "RINGCENTRAL_CLIENT_ID": "id",
    "RINGCENTRAL_CLIENT_SECRET": "pst",
    "RINGCENTRAL_JWT": "jwt",
}


@pytest.mark.parametrize(
    ("url", "media_url"),
    [
        ("https://platform.ringcentral.com", "https://media.ringcentral.com"),
        ("http://localhost:9999/", "http://localhost:9999"),
    ],
)
def test_media_has_a_host_of_its_own_only_at_ringcentral(
    url: str, media_url: str, tmp_path: Path
) -> None:
    """A real account's media are elsewhere, another simulator's at the same address."""
    account = given_account(url, environ=ENVIRON, env_file=tmp_path / ".env")

    assert account.server_url == url.rstrip("/")
    assert account.media_url == media_url
    assert json.loads(account.secret) == {"client_id": "id", "client_secret": "pst", "jwt": "jwt"}


def test_a_simulated_account_has_a_jwt_for_each_user() -> None:
    """The secret names as many service users as the simulator knows, by the simulator's JWTs."""
    account = _simulated("http://127.0.0.1:9", users=3)

    credentials = parse_credentials(account.secret)
    assert tuple(credentials.jwts.values()) == numbered_jwts(3)
    assert len(set(credentials.jwts)) == 3


def test_every_missing_credential_is_named_at_once(tmp_path: Path) -> None:
    """One message names all that is missing, and shows none of what is there."""
    environ = {"RINGCENTRAL_CLIENT_SECRET": "pst"}

    with pytest.raises(SetupError) as caught:
        given_account("https://x", environ=environ, env_file=tmp_path / ".env")

    assert "RINGCENTRAL_CLIENT_ID, RINGCENTRAL_JWT" in str(caught.value)
    assert "pst" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["platform.ringcentral.com", "ftp://x", "https://x/restapi", "https://"]
)
def test_anything_but_scheme_and_host_is_refused(url: str, tmp_path: Path) -> None:
    """A URL that the template would refuse later is refused now."""
    with pytest.raises(SetupError, match="--ringcentral"):
        given_account(url, environ=ENVIRON, env_file=tmp_path / ".env")


def test_environment_goes_before_the_file(tmp_path: Path) -> None:
    """The file fills in what the environment leaves out."""
    env_file = tmp_path / ".env"
    env_file.write_text("RINGCENTRAL_JWT=file\nRINGCENTRAL_CLIENT_ID=file\n", encoding="utf-8")
    environ = ENVIRON | {"RINGCENTRAL_JWT": ""}

    secret = json.loads(given_account("https://x", environ=environ, env_file=env_file).secret)

    assert (secret["jwt"], secret["client_id"]) == ("file", "id")


def test_env_file_forms(tmp_path: Path) -> None:
    """Quotes, spaces, `export`, comments and equals signs are read as shells read them."""
    env_file = tmp_path / ".env"
    lines = ["# comment", "A=1", "export B = 'two words'", 'C="3=3"', "", "nonsense", "D="]
    env_file.write_text("\n".join(lines), encoding="utf-8")

    assert read_env_file(env_file) == {"A": "1", "B": "two words", "C": "3=3", "D": ""}


def test_absent_env_file_is_empty(tmp_path: Path) -> None:
    """No file is no fault."""
    assert read_env_file(tmp_path / ".env") == {}
