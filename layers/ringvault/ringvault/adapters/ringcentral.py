"""RingCentral as a function sees it: the client, and the gate before it."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ringvault.adapters.clock import now
from ringvault.adapters.credentials_secret import CredentialsSecret
from ringvault.adapters.quota_store import QuotaStore
from ringvault.adapters.rate_limit_groups import RateLimitGroups, RequestKind
from ringvault.adapters.ringcentral_client import RingCentralClient
from ringvault.adapters.ringcentral_sign_in import RingCentralSignIn
from ringvault.adapters.ringcentral_transport import RingCentralTransport
from ringvault.adapters.token_store import TokenStore
from ringvault.core.access_token import SharedAccessToken
from ringvault.core.quota import AUTH_LIMIT, Quota
from ringvault.core.quota_gate import QuotaGate
from ringvault.settings import RingCentralSettings

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class RingCentral:
    """RingCentral behind its quota; each kind of request has a gate."""

    client: RingCentralClient
    gates: Mapping[RequestKind, QuotaGate]
    transport: RingCentralTransport


def ringcentral(
    settings: RingCentralSettings, session: "Session", dynamodb: "DynamoDBClient"
) -> RingCentral:
    """Return the client and the gates that its requests share with every other container.

    Raises:
        ConfigurationError: the secret is not whole.
    """
    transport = RingCentralTransport(allowed_urls=(settings.server_url, settings.media_url))
    secret = CredentialsSecret(settings.secret_arn, session.client("secretsmanager"))
    kms = session.client("kms")

    def gate(
        service_users: Iterable[str], *, group: Callable[[], str], default: Quota
    ) -> QuotaGate:
        stores = {
            name: QuotaStore(
                settings.state_table, dynamodb, service_user=name, group=group, default=default
            )
            for name in service_users
        }
        return QuotaGate(stores, clock=now, sleep=time.sleep, jitter=random.random)

    def access_token(service_user: str) -> SharedAccessToken:
        sign_in = RingCentralSignIn(
            server_url=settings.server_url,
            service_user=service_user,
            credentials=secret.read,
            transport=transport,
            gate=gate([service_user], group=lambda: "auth", default=Quota(limit=AUTH_LIMIT)),
            clock=now,
        )
        store = TokenStore(
            settings.state_table,
            dynamodb,
            kms=kms,
            key_arn=settings.access_token_key_arn,
            service_user=service_user,
        )
        return SharedAccessToken(store, sign_in=sign_in, clock=now, sleep=time.sleep)

    service_users = secret.read().jwts.keys()
    groups = RateLimitGroups(settings.state_table, dynamodb, clock=now)
    gates = {
        kind: gate(service_users, group=partial(groups.of, kind), default=Quota())
        for kind in RequestKind
    }
    client = RingCentralClient(
        server_url=settings.server_url,
        transport=transport,
        gates=gates,
        groups=groups,
        access_tokens={name: access_token(name) for name in service_users},
        clock=now,
    )
    return RingCentral(client, gates, transport)
