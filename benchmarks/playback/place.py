"""The measured stack: made of template.yaml, with one archived recording."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.child import free_port
from local.cloudformation.provision.site import Function
from local.cloudformation.provision.stack import provision
from local.cloudformation.transform import transform
from local.lambda_.function_process import environment_of
from local.moto.clients import Aws, forget_real_aws, running_aws
from local.places import ROOT, TEMPLATE
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.core.catalogue.item import ArchivedObject
from ringvault.core.catalogue.recording import Recording

EVENT: dict[str, Any] = json.loads(
    (ROOT / "events" / "playback_api_playback_url.json").read_text(encoding="utf-8")
)
_RECORDING_ID: str = EVENT["pathParameters"]["recordingId"]
# The issuer is never used: the event is as the authorizer passes it on.
_PARAMETERS = {
    "JwtIssuer": "https://issuer.example",
    "JwtAudience": "ringvault",
    "SignInAuthorizationEndpoint": "https://issuer.example/authorize",
    "SignInTokenEndpoint": "https://issuer.example/token",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The playback function, the environment that it runs in, and a folder for its output."""

    function: Function
    environment: dict[str, str]
    folder: Path


@contextmanager
def running_place() -> Iterator[Place]:
    """Run a stack on this machine for as long as the context lasts."""
    forget_real_aws()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_aws(free_port(), log_path=folder / "aws.log") as aws:
            yield _provisioned(aws, folder)


def _provisioned(aws: Aws, folder: Path) -> Place:
    stack = provision(transform(TEMPLATE), parameters=_PARAMETERS, aws=aws, code_root=ROOT)
    [function] = [
        function
        for name, function in stack.runtime.functions.items()
        if name.endswith("-PlaybackApiFunction")
    ]
    environment = environment_of(function, aws=aws)
    _archive(CatalogueTable(environment["CATALOGUE_TABLE"], aws.client("dynamodb")))
    return Place(function, environment, folder)


def _archive(catalogue: CatalogueTable) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    party = {"phoneNumber": "+15555550100", "name": "Somebody"}
    recording = Recording(
        recording_id=_RECORDING_ID,
        account_id="1",
        content_uri="https://media.example/1",
        started_at=at - timedelta(hours=1),
        duration_s=600,
        extension_id="9",
        call_record={"direction": "Inbound", "telephonySessionId": "s-1", "from": party},
    )
    archived = ArchivedObject(
        object_key=f"recordings/account=1/year=2026/month=11/day=22/{_RECORDING_ID}.mp3",
        content_type="audio/mpeg",
        size_bytes=4_800_000,
        sha256_hex="00" * 32,
        crc32="AAAAAA==",
        audio_duration_s=600.0,
        archived_at=at,
        waveform=bytes(800),
    )
    catalogue.add_new([recording], listed_at=at)
    catalogue.set_archived(_RECORDING_ID, archived)
