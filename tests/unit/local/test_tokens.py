"""Local tokens and the key that signs them."""

from pathlib import Path

import jwt

from local.tokens import AUDIENCE, ISSUER, issue_token, signing_key


def test_key_is_its_owners_only_and_stays(tmp_path: Path) -> None:
    """The key is made once, readable by nobody else, and nothing else is left beside it."""
    first, second = signing_key(tmp_path), signing_key(tmp_path)

    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert first.private_numbers() == second.private_numbers()


def test_token_says_who_and_how_long() -> None:
    """A token holds user, group, issuer and audience, for twelve hours."""
    token = issue_token(user="ada", group="listeners")

    claims = jwt.decode(
        token, signing_key().public_key(), algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER
    )
    assert (claims["sub"], claims["cognito:groups"]) == ("ada", ["listeners"])
    assert claims["exp"] - claims["iat"] == 12 * 3600
