"""Connects a function or a command to RingCentral: the client and its quota gates."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ringvault.adapters.aws.secret import CredentialsSecret
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.quota_store import DynamoDBQuotaStore
from ringvault.adapters.dynamodb.token_store import DynamoDBTokenStore
from ringvault.adapters.ringcentral.client import RingCentralClient
from ringvault.adapters.ringcentral.rate_limit_groups import RateLimitGroups, RequestKind
from ringvault.adapters.ringcentral.sign_in import RingCentralSignIn
from ringvault.adapters.ringcentral.transport import RingCentralTransport
from ringvault.core.quota.gate import QuotaGate
from ringvault.core.quota.window import AUTH_LIMIT, Quota
from ringvault.core.ringcentral.access_token import SharedAccessToken
from ringvault.core.ringcentral.credentials import Credentials
from ringvault.settings import RingCentralSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


@dataclass(frozen=True, slots=True)
class RingCentral:
    """RingCentral behind its quota; each kind of request has a gate."""

    client: RingCentralClient
    gates: Mapping[RequestKind, QuotaGate]
    transport: RingCentralTransport
    access_tokens: Mapping[str, SharedAccessToken]


class Clients(Protocol):
    """Creates AWS clients: boto3's session, or the stack of a command."""

    def client(self, service: Any, /) -> Any:  # noqa: ANN401 - one function for all services
        """Return a client of the service."""


def connect(
    settings: RingCentralSettings,
    clients: Clients,
    dynamodb: "DynamoDBClient",
    *,
    only: str | None = None,
) -> RingCentral:
    """Return the client and the gates that its requests share with every other container.

    `only` names the one service user to send with; None sends with the earliest turn of all.

    Raises:
        ConfigurationError: the secret is incomplete.
    """
    transport = transport_to(settings)
    secret = CredentialsSecret(settings.secret_arn, clients.client("secretsmanager"))
    kms = clients.client("kms")

    def access_token(service_user: str) -> SharedAccessToken:
        sign_in = sign_in_of(
            service_user,
            settings=settings,
            dynamodb=dynamodb,
            credentials=secret.read,
            transport=transport,
        )
        store = token_store(service_user, settings=settings, dynamodb=dynamodb, kms=kms)
        return SharedAccessToken(store, sign_in=sign_in, clock=now, sleep=time.sleep)

    service_users = secret.read().jwts.keys() if only is None else [only]
    groups = RateLimitGroups(settings.state_table, dynamodb, clock=now)
    gates = {
        kind: _gate(
            service_users,
            settings=settings,
            dynamodb=dynamodb,
            group=partial(groups.of, kind),
            default=Quota(),
        )
        for kind in RequestKind
    }
    access_tokens = {name: access_token(name) for name in service_users}
    client = RingCentralClient(
        server_url=settings.server_url,
        transport=transport,
        gates=gates,
        groups=groups,
        access_tokens=access_tokens,
        clock=now,
    )
    return RingCentral(client, gates, transport, access_tokens)


def transport_to(settings: RingCentralSettings) -> RingCentralTransport:
    """Return the transport to the configured hosts."""
    return RingCentralTransport(allowed_urls=(settings.server_url, settings.media_url))


def sign_in_of(
    service_user: str,
    *,
    settings: RingCentralSettings,
    dynamodb: "DynamoDBClient",
    credentials: Callable[[], Credentials],
    transport: RingCentralTransport,
) -> RingCentralSignIn:
    """Return the sign-in of a service user, with the quota gate of the group Auth."""
    gate = _gate(
        [service_user],
        settings=settings,
        dynamodb=dynamodb,
        group=lambda: "auth",
        default=Quota(limit=AUTH_LIMIT),
    )
    return RingCentralSignIn(
        server_url=settings.server_url,
        service_user=service_user,
        credentials=credentials,
        transport=transport,
        gate=gate,
        clock=now,
    )


def token_store(
    service_user: str,
    *,
    settings: RingCentralSettings,
    dynamodb: "DynamoDBClient",
    kms: "KMSClient",
) -> DynamoDBTokenStore:
    """Return the store in which all containers share a service user's token."""
    return DynamoDBTokenStore(
        settings.state_table,
        dynamodb,
        kms=kms,
        key_arn=settings.access_token_key_arn,
        service_user=service_user,
    )


def _gate(
    service_users: Iterable[str],
    *,
    settings: RingCentralSettings,
    dynamodb: "DynamoDBClient",
    group: Callable[[], str],
    default: Quota,
) -> QuotaGate:
    stores = {
        name: DynamoDBQuotaStore(
            settings.state_table, dynamodb, service_user=name, group=group, default=default
        )
        for name in service_users
    }
    return QuotaGate(stores, clock=now, sleep=time.sleep, jitter=random.random)
