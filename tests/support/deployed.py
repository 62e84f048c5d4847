"""The functions as deployed: their variables, what these lead to, and a simulated account."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from local.places import ROOT
from local.ringcentral.http.server import Simulator
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.s3.vault import Vault
from ringvault.core.catalogue.item import CatalogueItem
from ringvault.core.catalogue.recording import Recording
from tests.support.cloud import Cloud

CHILD_ENDS_WITHIN_S = 60
CREDENTIALS = {
    "client_id": "simulated-client-id",
    "client_secret": "simulated-client-secret",
    "jwt": "simulated-jwt",
}


class Context(LambdaContext):
    """An invocation that has ten minutes left."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return what is left."""
        return 600_000


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment with nothing in it."""

    cloud: Cloud
    environ: Mapping[str, str]
    catalogue: CatalogueTable
    vault: Vault

    def __getitem__(self, name: str) -> str:
        """Return the value of one of its variables."""
        return self.environ[name]

    def list_recording(self, recording: Recording) -> None:
        """Put a recording into the catalogue."""
        self.catalogue.add_new([recording], listed_at=now())

    def item(self, recording_id: str) -> CatalogueItem:
        """Return the catalogue's item of a recording that is there."""
        item = self.catalogue.find(recording_id)
        assert item is not None
        return item

    def object_keys(self) -> list[str]:
        """Return the keys of everything in the vault."""
        return self.cloud.keys_in(self["VAULT_BUCKET"])

    def queued(self) -> list[dict[str, Any]]:
        """Take up to ten messages from the queue."""
        return self.cloud.messages_in(self["RECORDING_QUEUE_URL"])

    def dead_letters(self) -> dict[str, str]:
        """Take the dead letters; return the reason of each body."""
        return {
            letter["Body"]: letter["MessageAttributes"]["reason"]["StringValue"]
            for letter in self.cloud.messages_in(self["DEAD_LETTER_QUEUE_URL"])
        }


def deploy(
    cloud: Cloud,
    ringcentral_url: str,
    *,
    credentials: Mapping[str, str] = CREDENTIALS,
) -> Deployed:
    """Make what the functions need."""
    environ = {
        **cloud.environ,
        "POWERTOOLS_SERVICE_NAME": "ringvault",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "CATALOGUE_TABLE": cloud.make_table("CatalogueTable"),
        "NUMBER_INDEX_TABLE": cloud.make_table("NumberIndexTable"),
        "STATE_TABLE": cloud.make_table("StateTable"),
        "VAULT_BUCKET": cloud.make_bucket(),
        "RECORDING_QUEUE_URL": cloud.make_queue(),
        "DEAD_LETTER_QUEUE_URL": cloud.make_queue(),
        "RINGCENTRAL_SECRET_ARN": cloud.make_secret(credentials),
        "RINGCENTRAL_SERVER_URL": ringcentral_url,
        "RINGCENTRAL_MEDIA_URL": ringcentral_url,
        "ACCESS_TOKEN_KEY_ARN": cloud.key_arn,
        "RECONCILE_DAYS": "10",
        "FIRST_RUN_REACH_DAYS": "10",
        "SHORT_LOOK_BACK_MINUTES": "60",
        "DEEP_LOOK_BACK_HOURS": "26",
        "WIDE_LOOK_BACK_DAYS": "7",
    }
    return Deployed(
        cloud,
        environ,
        CatalogueTable(environ["CATALOGUE_TABLE"], cloud.dynamodb),
        Vault(environ["VAULT_BUCKET"], cloud.s3),
    )


def event(name: str) -> dict[str, Any]:
    """Return a sample event."""
    text = (ROOT / "events" / f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def in_child(function: str, event: Any, *, environ: Mapping[str, str]) -> tuple[Any, str]:
    """Invoke a function in a process of its own; return its answer, and all that it wrote."""
    child = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.support.invoke", function],
        cwd=ROOT,
        env=dict(environ),
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=CHILD_ENDS_WITHIN_S,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    *lines, answer = child.stdout.splitlines()
    return json.loads(answer), "\n".join([*lines, child.stderr])


def secrets_of(simulator: Simulator) -> set[str]:
    """Return what no log may hold: credentials, tokens, names and phone numbers."""
    calls = simulator.account.calls
    extensions = [call.extension for call in calls if call.extension]
    told = {
        *CREDENTIALS.values(),
        *simulator._api._tokens.minted,
        *(call.outside_name for call in calls),
        *(call.outside_number for call in calls if call.outside_number),
        *(extension.name for extension in extensions),
        *(extension.phone_number for extension in extensions),
    }
    return told - {""}


Handler = Callable[[dict[str, Any], LambdaContext], Any]
