"""What the secret has to hold."""

import json

import pytest

from ringvault.core.errors import ConfigurationError
from ringvault.core.ringcentral.credentials import Credentials, parse_credentials

WHOLE = {"client_id": "id", "client_secret": "hush-1", "jwt": "hush-2"}


def test_a_whole_secret_gives_credentials() -> None:
    """Three texts, and they come out unchanged."""
    assert parse_credentials(json.dumps(WHOLE)) == Credentials("id", "hush-1", {"1": "hush-2"})


def test_every_fault_is_named_at_once() -> None:
    """Whoever repairs the secret does it once."""
    with pytest.raises(ConfigurationError) as caught:
        parse_credentials(json.dumps({"client_id": "", "client_secret": 7}))

    told = str(caught.value)
    assert "client_id is missing" in told
    assert "client_secret in the RingCentral secret is not plain text" in told
    assert "jwt is missing" in told


@pytest.mark.parametrize("secret", ["", "hush-1", "[]", '"hush-1"', '{"jwt": "hush-1 "}'])
def test_a_fault_never_quotes_the_secret(secret: str) -> None:
    """The message names fields, not values."""
    with pytest.raises(ConfigurationError) as caught:
        parse_credentials(secret)

    assert "hush" not in str(caught.value)
    assert "put {" in str(caught.value)


def test_credentials_do_not_show_themselves() -> None:
    """Neither repr nor str holds a value."""
    assert "hush" not in f"{Credentials('hush-0', 'hush-1', {'1': 'hush-2'})!r}"


def test_a_secret_may_name_several_service_users() -> None:
    """Each has its own JWT under a name of its own, and so a quota of its own."""
    secret = {**WHOLE, "jwt": "", "service_users": {"archive-1": "hush-3", "archive-2": "hush-4"}}

    assert parse_credentials(json.dumps(secret)).jwts == {
        "archive-1": "hush-3",
        "archive-2": "hush-4",
    }


@pytest.mark.parametrize(
    ("service_users", "told"),
    [
        (["hush-3"], "service_users in the RingCentral secret is not an object"),
        ({"not a name": "hush-3"}, "service_users in the RingCentral secret is not an object"),
        ({"1": ""}, "the jwt of service user 1 is missing"),
        ({"1": "ok", "2": "hush-3 "}, "the jwt of service user 2 in the RingCentral secret is not"),
    ],
)
def test_malformed_service_users_are_named(service_users: object, told: str) -> None:
    """The fault says which user's JWT is wrong, and shows none."""
    with pytest.raises(ConfigurationError) as caught:
        parse_credentials(json.dumps({**WHOLE, "service_users": service_users}))

    assert told in str(caught.value)
    assert "hush" not in str(caught.value)
