"""RingCentral as a function sees it: the client, and the gate before it."""

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringvault.adapters.clock import now
from ringvault.adapters.credentials_secret import CredentialsSecret
from ringvault.adapters.quota_store import QuotaStore
from ringvault.adapters.ringcentral_client import RingCentralClient
from ringvault.adapters.ringcentral_sign_in import RingCentralSignIn
from ringvault.adapters.ringcentral_transport import RingCentralTransport
from ringvault.adapters.token_store import TokenStore
from ringvault.core.access_token import SharedAccessToken
from ringvault.core.credentials import ONLY_SERVICE_USER
from ringvault.core.quota import AUTH_LIMIT, Quota
from ringvault.core.quota_gate import QuotaGate
from ringvault.settings import RingCentralSettings

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class RingCentral:
    """RingCentral behind its quota."""

    client: RingCentralClient
    gate: QuotaGate
    transport: RingCentralTransport


def ringcentral(
    settings: RingCentralSettings, session: "Session", dynamodb: "DynamoDBClient"
) -> RingCentral:
    """Return the client and the gate that its requests share with every other container."""
    transport = RingCentralTransport(allowed_urls=(settings.server_url, settings.media_url))
    gate = _gate(settings, dynamodb, group="heavy", default=Quota())
    sign_in = RingCentralSignIn(
        server_url=settings.server_url,
        credentials=CredentialsSecret(settings.secret_arn, session.client("secretsmanager")).read,
        transport=transport,
        gate=_gate(settings, dynamodb, group="auth", default=Quota(limit=AUTH_LIMIT)),
        clock=now,
    )
    store = TokenStore(
        settings.state_table,
        dynamodb,
        kms=session.client("kms"),
        key_arn=settings.access_token_key_arn,
        service_user=ONLY_SERVICE_USER,
    )
    client = RingCentralClient(
        server_url=settings.server_url,
        transport=transport,
        gate=gate,
        access_token=SharedAccessToken(store, sign_in=sign_in, clock=now, sleep=time.sleep),
        clock=now,
    )
    return RingCentral(client, gate, transport)


def _gate(
    settings: RingCentralSettings, dynamodb: "DynamoDBClient", *, group: str, default: Quota
) -> QuotaGate:
    store = QuotaStore(
        settings.state_table,
        dynamodb,
        service_user=ONLY_SERVICE_USER,
        group=group,
        default=default,
    )
    return QuotaGate(store, clock=now, sleep=time.sleep, jitter=random.random)
