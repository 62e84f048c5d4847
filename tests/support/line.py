"""A RingCentral client on a clock that tests move, wired as the functions wire theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic as monotonic_clock
from typing import TYPE_CHECKING

from ringvault.adapters.dynamodb.quota_store import DynamoDBQuotaStore
from ringvault.adapters.dynamodb.token_store import DynamoDBTokenStore
from ringvault.adapters.ringcentral.client import RingCentralClient
from ringvault.adapters.ringcentral.rate_limit_groups import RateLimitGroups, RequestKind
from ringvault.adapters.ringcentral.sign_in import RingCentralSignIn
from ringvault.adapters.ringcentral.transport import RingCentralTransport
from ringvault.core.quota.gate import QuotaGate, Turn
from ringvault.core.quota.window import AUTH_LIMIT, Quota
from ringvault.core.ringcentral.access_token import AccessToken, SharedAccessToken
from ringvault.core.ringcentral.credentials import Credentials
from tests.support.cloud import Cloud
from tests.support.moving_time import MovingTime

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LONG = timedelta(hours=1)
TOKEN = "canary-access-token"
RIGHT = Credentials("simulated-client-id", "simulated-client-secret", {"1": "simulated-jwt"})


@dataclass(frozen=True, slots=True)
class Line:
    """The way to a RingCentral."""

    server_url: str
    client: RingCentralClient
    gates: Mapping[RequestKind, QuotaGate]
    auth_gate: QuotaGate
    sign_in: RingCentralSignIn
    time: MovingTime

    @property
    def gate(self) -> QuotaGate:
        """Return the call log's gate: the media's too, unless RingCentral parts them."""
        return self.gates[RequestKind.CALL_LOG]

    def turn(self, kind: RequestKind = RequestKind.CALL_LOG) -> Turn:
        """Reserve the next turn, however late it comes."""
        return self.gates[kind].reserve(latest=self.time() + LONG)


def line_to(
    server_url: str,
    *,
    cloud: Cloud,
    time: MovingTime,
    media_url: str = "",
    credentials: Credentials | None = RIGHT,
    monotonic: Callable[[], float] = monotonic_clock,
) -> Line:
    """Return a line with an empty quota and no token yet.

    Without `credentials` nobody signs in: every request carries TOKEN.
    """
    table = cloud.make_table("StateTable")
    transport = RingCentralTransport(
        allowed_urls=(server_url, media_url or server_url), clock=monotonic
    )
    groups = RateLimitGroups(table, cloud.dynamodb, clock=time)
    gates = {
        kind: _gate(table, cloud.dynamodb, time, group=partial(groups.of, kind), default=Quota())
        for kind in RequestKind
    }
    auth_gate = _gate(
        table, cloud.dynamodb, time, group=lambda: "auth", default=Quota(limit=AUTH_LIMIT)
    )
    sign_in = RingCentralSignIn(
        server_url=server_url,
        service_user="1",
        credentials=lambda: credentials or RIGHT,
        transport=transport,
        gate=auth_gate,
        clock=time,
    )

    def pretended() -> AccessToken:
        return AccessToken.minted(TOKEN, at=time(), lives=LONG)

    store = DynamoDBTokenStore(
        table, cloud.dynamodb, kms=cloud.kms, key_arn=cloud.key_arn, service_user="1"
    )
    client = RingCentralClient(
        server_url=server_url,
        transport=transport,
        gates=gates,
        groups=groups,
        access_tokens={
            "1": SharedAccessToken(
                store, sign_in=sign_in if credentials else pretended, clock=time, sleep=time.sleep
            )
        },
        clock=time,
    )
    return Line(server_url, client, gates, auth_gate, sign_in, time)


def _gate(
    table: str,
    dynamodb: "DynamoDBClient",
    time: MovingTime,
    *,
    group: Callable[[], str],
    default: Quota,
) -> QuotaGate:
    store = DynamoDBQuotaStore(table, dynamodb, service_user="1", group=group, default=default)
    return QuotaGate({"1": store}, clock=time, sleep=time.sleep, jitter=lambda: 0.0)
