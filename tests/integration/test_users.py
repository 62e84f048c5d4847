"""Several service users in one secret: each with its own window and token."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from ringvault.adapters.aws.session import patient_session
from ringvault.adapters.ringcentral.connect import RingCentral, connect
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.core.errors import ThrottledError
from ringvault.core.spans import Span
from ringvault.settings import RingCentralSettings
from tests.support.cloud import Cloud

JWTS = ("jwt-of-one", "jwt-of-two", "jwt-of-three")
LIMIT = 3
# Long enough that no turn of the first window comes back while a test runs.
QUOTAS = quotas_with(heavy=Quota(LIMIT, 60, 60))


@pytest.fixture(autouse=True)
def _environ(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)


def party(cloud: Cloud, simulator: Simulator, jwts: dict[str, str]) -> RingCentral:
    """Return RingCentral as a function with these service users sees it."""
    secret: Any = {
        "client_id": simulator.options.client_id,
        "client_secret": simulator.options.client_secret,
        "service_users": jwts,
    }
    settings = RingCentralSettings(
        server_url=simulator.base_url,
        media_url=simulator.base_url,
        secret_arn=cloud.make_secret(secret),
        access_token_key_arn=cloud.key_arn,
        state_table=cloud.make_table("StateTable"),
    )
    return connect(settings, patient_session(), cloud.dynamodb)


def list_once(outside: RingCentral) -> None:
    """Send one request with the next turn, which has to come at once."""
    now = datetime.now(UTC)
    span = Span(now - timedelta(days=1), now)
    turn = outside.gates[RequestKind.CALL_LOG].reserve(latest=now + timedelta(seconds=20))
    outside.client.first_page(span, turn)


def test_requests_spread_over_all_users(cloud: Cloud) -> None:
    """Three users send three times the limit of one, without one 429."""
    with Simulator(Options(recordings=2, days=2, jwts=JWTS, quotas=QUOTAS)) as simulator:
        outside = party(cloud, simulator, dict(zip("abc", JWTS, strict=True)))
        # The first answer teaches each user's limit; the default of ten would be too much.
        for _ in range(LIMIT * len(JWTS)):
            list_once(outside)
        books: Any = simulator.books(sha256=False)

    assert books["throttled"] == 0
    assert books["requests"]["heavy"] == LIMIT * len(JWTS)
    assert books["tokensMinted"] == len(JWTS)
    assert outside.client.take_alarms() == []


def test_a_revoked_jwt_takes_its_user_out_and_no_other(cloud: Cloud) -> None:
    """Its requests go through the others, and a person is told once."""
    with Simulator(Options(recordings=2, days=2, jwts=JWTS[:2], quotas=QUOTAS)) as simulator:
        outside = party(cloud, simulator, {"a": JWTS[0], "revoked": "jwt-of-nobody"})
        for _ in range(LIMIT):
            list_once(outside)
        # Chance chooses whom: with the other's window used up, the refused one was tried for sure.
        with pytest.raises(ThrottledError):
            list_once(outside)
        books: Any = simulator.books(sha256=False)

    assert books["requests"]["heavy"] == LIMIT
    assert outside.client.take_alarms() == ["CredentialsRefused"]
