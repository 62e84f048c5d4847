"""ID tokens of the ready-made users, and the key that signs them."""

from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest

from local.oidc.tokens import CLIENT_ID, issue_token, public_keys, signing_key
from local.oidc.users import LISTENERS_ALL
from local.ringcentral.account.account import make_account
from local.ringcentral.account.options import Options

ISSUER = "http://localhost:8081"


def test_key_is_its_owners_only_and_stays(tmp_path: Path) -> None:
    """The key is made once, readable by nobody else, and nothing else is left beside it."""
    first, second = signing_key(tmp_path), signing_key(tmp_path)

    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert first.private_numbers() == second.private_numbers()


@pytest.mark.parametrize(
    ("user", "groups", "extension"),
    [("listener", [LISTENERS_ALL], None), ("agent", None, "600000108"), ("visitor", None, None)],
)
def test_token_says_who_and_how_long(
    user: str, groups: list[str] | None, extension: str | None
) -> None:
    """A token names user, rights, issuer and client, is good for four hours, and names its key."""
    token = issue_token(user=user, issuer=ISSUER)

    [published] = jwt.PyJWKSet.from_dict(public_keys()).keys
    claims = jwt.decode(token, published, ["RS256"], audience=CLIENT_ID, issuer=ISSUER)
    assert claims["sub"] == user
    assert (claims.get("cognito:groups"), claims.get("custom:extension_id")) == (groups, extension)
    assert claims["exp"] - claims["iat"] == 4 * 3600
    assert jwt.get_unverified_header(token)["kid"] == published.key_id


def test_only_the_public_half_is_published() -> None:
    """The key set holds modulus and exponent, and nothing that signs."""
    [key] = public_keys()["keys"]

    assert key.keys() == {"kty", "key_ops", "n", "e", "kid", "use", "alg"}


@pytest.mark.parametrize("recordings", [6, 8, 40])
def test_agents_extension_occurs(recordings: int) -> None:
    """The agent has something to hear in the account that the local stack simulates."""
    account = make_account(Options(recordings=recordings, days=30), now=datetime.now(UTC))

    extensions = {str(call.extension.id) for call in account.calls if call.extension}
    assert "600000108" in extensions
