"""The ready-made users at the real gateway: what a token says is what its bearer may do."""

import pytest

from tests.integration.contract.conftest import RunningApi


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("listener", "/recordings/1", 200),
        ("listener", "/recordings/1/plays", 200),
        ("agent", "/recordings/3", 200),
        ("agent", "/recordings/3/playback-url", 200),
        ("agent", "/recordings/1", 404),
        ("agent", "/recordings/1/playback-url", 404),
        ("agent", "/recordings/3/plays", 403),
        ("visitor", "/recordings", 403),
        (None, "/recordings", 401),
        (None, "/openapi.yaml", 200),
    ],
)
def test_each_user_does_what_they_may(
    api: RunningApi, user: str | None, path: str, status: int
) -> None:
    """Issuer, authorizer and function agree on what the claims are called."""
    assert api.get(path, user=user).status_code == status


def test_a_play_names_who_asked_and_from_where(api: RunningApi) -> None:
    """The gateway's own view of the connection is what the audit keeps."""
    assert api.get("/recordings/3/playback-url", user="agent").status_code == 200

    newest = api.get("/recordings/3/plays").json()["plays"][0]

    assert (newest["user"], newest["sourceIp"]) == ("agent", "127.0.0.1")
    assert newest["userAgent"].startswith("python-requests/")
