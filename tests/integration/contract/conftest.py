"""template.yaml's API on this machine, with a small catalogue behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import requests

from local.child import free_port
from local.cloudformation.provision.stack import Stack, provision
from local.lambda_.host import Host
from local.moto.clients import Aws, running_aws
from local.oidc.server import issuing
from local.oidc.tokens import CLIENT_ID, issue_token
from local.oidc.users import AGENT_EXTENSION_ID
from local.places import ROOT
from local.up.run import _serving
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.core.catalogue.item import ArchivedObject, State
from ringvault.core.catalogue.recording import Recording
from tests.support.template import transformed

EMBEDDING_ORIGIN = "https://crm.example.com"
ANSWERED_WITHIN_S = 20
AUDIO = b"ID3" + bytes(range(256))


@dataclass(frozen=True, slots=True)
class RunningApi:
    """Where the API answers, and who issues tokens for it."""

    url: str
    issuer: str

    def authorization(self, user: str = "listener") -> str:
        """Return the header's value for one of the ready-made users."""
        return f"Bearer {issue_token(user=user, issuer=self.issuer)}"

    def get(
        self, path: str, *, user: str | None = "listener", origin: str = ""
    ) -> requests.Response:
        """Ask for something, as a user unless that is None, from a page of an origin if given."""
        headers = {"Authorization": self.authorization(user)} if user else {}
        if origin:
            headers["Origin"] = origin
        return requests.get(f"{self.url}{path}", headers=headers, timeout=ANSWERED_WITHIN_S)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """Run moto, the issuer and the gateway, each on a free port."""
    logs, port = tmp_path_factory.mktemp("logs"), free_port()
    with (
        running_aws(free_port(), log_path=logs / "aws.log") as aws,
        issuing(port=0, redirect_uri=f"http://localhost:{port}/") as issuer,
    ):
        stack = _stack(aws, issuer=issuer)
        _fill(stack, aws)
        with _serving(stack, host=Host(aws, logs), port=port):
            yield RunningApi(f"http://localhost:{port}", issuer)


def _stack(aws: Aws, *, issuer: str) -> Stack:
    parameters = {
        "JwtIssuer": issuer,
        "JwtAudience": CLIENT_ID,
        "SignInAuthorizationEndpoint": f"{issuer}/authorize",
        "SignInTokenEndpoint": f"{issuer}/token",
        "EmbeddingOrigins": f"{EMBEDDING_ORIGIN},https://desk.example.com",
    }
    return provision(transformed(), parameters=parameters, aws=aws, code_root=ROOT)


def _fill(stack: Stack, aws: Aws) -> None:
    """List a recording of each state; the third belongs to the agent."""
    environment = stack.runtime.functions["ringvault-local-PlaybackApiFunction"].environment
    dynamodb = aws.client("dynamodb")
    recordings = [_recording(number) for number in range(1, 6)]
    NumberIndex(environment["NUMBER_INDEX_TABLE"], dynamodb).add(recordings)
    catalogue = CatalogueTable(environment["CATALOGUE_TABLE"], dynamodb)
    catalogue.add_new(recordings, listed_at=now())
    for recording_id in ("1", "3"):
        catalogue.set_archived(recording_id, _archived(recording_id))
    for recording_id, state in (("4", State.ABSENT), ("5", State.FAILED)):
        item = catalogue.find(recording_id)
        assert item is not None
        catalogue.end(item, state=state, reason="as the test says", attempts=1)
    for recording_id in ("1", "3"):
        key = _archived(recording_id).object_key
        aws.client("s3").put_object(Bucket=environment["VAULT_BUCKET"], Key=key, Body=AUDIO)


def _recording(number: int) -> Recording:
    return Recording(
        recording_id=str(number),
        account_id="1",
        content_uri=f"https://media.example/{number}",
        started_at=now() - timedelta(days=number),
        duration_s=61,
        extension_id=AGENT_EXTENSION_ID if number == 3 else "600000101",
        call_record={
            "direction": "Inbound",
            "from": {"phoneNumber": "+15555550100"},
            "to": {"extensionNumber": "101"},
            "telephonySessionId": "s-1",
        },
    )


def _archived(recording_id: str) -> ArchivedObject:
    return ArchivedObject(
        object_key=f"recordings/account=1/year=2026/month=11/day=20/{recording_id}.mp3",
        content_type="audio/mpeg",
        size_bytes=len(AUDIO),
        sha256_hex="00" * 32,
        crc32="AAAAAA==",
        audio_duration_s=60.0,
        archived_at=now(),
    )
