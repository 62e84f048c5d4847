"""One deployment behind a proxy, a simulated account before it, and what it comes to."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from boto3.session import Session
from botocore.config import Config
from botocore.session import get_session

from functions.archive_recording import handler
from local.ringcentral.http.server import Simulator
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.ringcentral.connect import connect
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.adapters.s3.vault import Vault
from ringvault.core.archiving.absence import AccountEvidence
from ringvault.core.archiving.archive_recording import ArchiveRecording
from ringvault.core.archiving.retry_policy import RetryPolicy
from ringvault.core.catalogue.item import State
from ringvault.core.instants import format_instant
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.vault.layout import sidecar_key
from ringvault.settings import ArchiveRecordingSettings
from tests.integration.faults.aws_proxy import AwsProxy
from tests.support.archiver_events import batch, content_of, message
from tests.support.deployed import Context, Deployed

# One attempt more, and no waiting for an AWS that stays silent: as the functions', but short.
_SHORT = Config(
    connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2}
)
PAST = timedelta(seconds=1)


@cache
def _session() -> Session:
    """Return a session that reads what boto3 knows of the services once for all tests."""
    core = get_session()
    core.set_default_client_config(_SHORT)
    return Session(botocore_session=core)


@dataclass(frozen=True, slots=True)
class Site:
    """What a test of faults works on; `small` fits into one request of S3's, `large` does not."""

    simulator: Simulator
    deployed: Deployed
    proxy: AwsProxy
    log: list[dict[str, Any]]
    small: str
    large: str

    @property
    def environ(self) -> dict[str, str]:
        """The function's variables, AWS behind the proxy."""
        return {**self.deployed.environ, "AWS_ENDPOINT_URL": self.proxy.url}

    def deliver(self, recording_id: str) -> str:
        """Deliver a message to the function in this process; return the outcome that it logs."""
        self.log.clear()
        handler.lambda_handler(batch(message(recording_id)), Context())
        return self.outcome()

    def outcome(self) -> str:
        """Return the outcome of the one message that was delivered."""
        (line,) = (line for line in self.log if line.get("message") == "archive_recording")
        return str(line["outcome"])

    def deliver_again(self, recording_id: str) -> str:
        """Deliver as the queue does when a claim is over and nothing goes wrong any more."""
        self.proxy.heal()
        self.end_claim(recording_id)
        return self.deliver(recording_id)

    def archiver(self, *, clock: Callable[[], datetime] = now) -> ArchiveRecording:
        """Return an archiver wired as the function's, whose AWS clients soon give up."""
        settings = ArchiveRecordingSettings.from_environ(self.environ)
        session = _session()
        dynamodb = session.client("dynamodb")
        outside = connect(settings.ringcentral, session, dynamodb)
        return ArchiveRecording(
            source=outside.client,
            quota=outside.gates[RequestKind.MEDIA],
            catalogue=CatalogueTable(settings.catalogue_table, dynamodb),
            vault=Vault(settings.vault_bucket, session.client("s3")),
            account=AccountEvidence(
                outside.client, outside.gates[RequestKind.CALL_LOG], lambda: Retention().period
            ),
            clock=clock,
            jitter=lambda: 0.5,
            deadline=now() + timedelta(minutes=10),
            policy=RetryPolicy(),
        )

    def end_claim(self, recording_id: str) -> None:
        """Let the claim on a recording be over, as time would."""
        if self.deployed.item(recording_id).claimed_until is not None:
            self.change(recording_id, "SET claimed_until = :it", format_instant(now() - PAST))

    def change(self, recording_id: str, update: str, it: str) -> None:
        """Change an item as somebody else would; `it` is the value of `:it`."""
        self.deployed.cloud.dynamodb.update_item(
            TableName=self.deployed["CATALOGUE_TABLE"],
            Key={"recording_id": {"S": recording_id}},
            UpdateExpression=update,
            ExpressionAttributeNames={"#state": "state"} if "#state" in update else {},
            ExpressionAttributeValues={":it": {"S": it}},
        )

    def downloads(self) -> int:
        """Return how many requests for content the simulator has seen."""
        books: Any = self.simulator.books(sha256=False)
        return int(books["requests"]["heavy"])

    def open_uploads(self) -> list[str]:
        """Return the keys of the uploads that are open."""
        return self.deployed.cloud.open_uploads_in(self.deployed["VAULT_BUCKET"])

    def assert_archived(self, recording_id: str) -> None:
        """Check that one object holds what the simulator's books say, and all agrees with it."""
        books: Any = self.simulator.books()
        (told,) = (it for it in books["recordings"] if it["id"] == recording_id)
        item, bucket = self.deployed.item(recording_id), self.deployed["VAULT_BUCKET"]
        archived = item.archived
        assert archived is not None
        assert (item.state, item.claimed_until, item.retry_at, item.reason) == (
            State.ARCHIVED,
            None,
            None,
            None,
        )
        assert (archived.size_bytes, archived.sha256_hex) == (told["size"], told["sha256"])
        assert archived.content_type == told["contentType"]
        stored = self.deployed.cloud.read(bucket, archived.object_key)
        assert stored == content_of(self.simulator.account.recordings[recording_id])
        sidecar = json.loads(self.deployed.cloud.read(bucket, sidecar_key(item.recording)))
        assert sidecar["sha256_hex"] == archived.sha256_hex
        assert self._audio_versions(recording_id) == [archived.object_key]
        assert self.open_uploads() == []

    def _audio_versions(self, recording_id: str) -> list[str]:
        versions = self.deployed.cloud.s3.list_object_versions(
            Bucket=self.deployed["VAULT_BUCKET"], Prefix="recordings/"
        ).get("Versions", ())
        return [it["Key"] for it in versions if f"/{recording_id}." in it["Key"]]
