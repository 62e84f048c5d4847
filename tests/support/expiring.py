"""An archive whose recordings expire, in which time passes: whatever was written becomes older."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from local.cloudformation.provision.stack import provision
from local.moto.clients import Aws
from local.places import ROOT
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.lifecycle import CatalogueExpiry
from ringvault.adapters.s3.versions import VaultExpiry
from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.lifecycle.expire_recordings import ExpireRecordings, Sweep
from ringvault.core.lifecycle.hold_recordings import HoldOutcome, hold_recordings
from tests.support.cloud import Cloud
from tests.support.kept_recordings import HOLD, KeptArchive, in_turn
from tests.support.lifecycle import apply_lifecycle, grow_older

DAY = timedelta(days=1)
AFTER = 30 * DAY
_INSTANTS = ("archived_at", "expiring_at", "retry_at")
Versions = dict[tuple[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Expiring:
    """An archive where time passes: whatever was written becomes older."""

    kept: KeptArchive

    def archive(self, recording_id: str, *, days_ago: int = 40) -> Recording:
        """Archive a recording so many days ago, of a call long before."""
        recording = self.kept.archive(
            recording_id,
            archived_at=now() - days_ago * DAY,
            started_at=now().replace(microsecond=0) - 100 * DAY,
        )
        self._grow_older_in_vault(recording, days_ago * DAY)
        return recording

    def state(self, recording_id: str) -> State:
        """Return what the catalogue says."""
        return self.kept.item(recording_id).state

    def use_case(self, **others: Any) -> ExpireRecordings:
        """Return the use case, with some of its parts replaced."""
        parts: Any = {
            "catalogue": CatalogueExpiry(self.kept.catalogue_table, self.kept.cloud.dynamodb),
            "vault": VaultExpiry(self.kept.bucket, self.kept.s3),
            "pointers": self.kept.pointers,
            "clock": now,
        }
        return ExpireRecordings(after=AFTER, **(parts | others))

    def sweep(self, **others: Any) -> Sweep:
        """Run the use case to its end."""
        return self.use_case(**others)(latest=now() + DAY, at_once=in_turn)

    def hold(self, recording_id: str, **others: Any) -> HoldOutcome:
        """Hold a recording now."""
        parts: Any = {"catalogue": self.kept.holds, "vault": self.kept.vault_holds}
        hold = replace(HOLD, since=now())
        chosen = self.kept.chosen(recording_id)
        [[outcome]] = hold_recordings(chosen, hold, at_once=in_turn, **(parts | others))
        return outcome

    def pass_days(self, days: int, sweep: Callable[[], object] | None = None) -> None:
        """Let S3 do its round and somebody the sweep, day after day."""
        for _ in range(days):
            apply_lifecycle(self.kept.s3, self.kept.bucket, at=now())
            (sweep or self.sweep)()
            self.pass_time(DAY)

    def pass_time(self, by: timedelta) -> None:
        """Let everything be so much older."""
        grow_older(self.kept.bucket, by)
        dynamodb, table = self.kept.cloud.dynamodb, self.kept.catalogue_table
        for item in dynamodb.scan(TableName=table)["Items"]:
            older: Any = {
                name: {"S": format_instant(parse_instant(item[name]["S"]) - by)}
                for name in _INSTANTS
                if name in item
            }
            dynamodb.put_item(TableName=table, Item={**item, **older})

    def versions(self, recording: Recording) -> Versions:
        """Return every version of audio and sidecar with its content."""
        get, bucket = self.kept.s3.get_object, self.kept.bucket
        return {
            (key, version): get(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
            for key, version in self.named(recording)
        }

    def named(self, recording: Recording) -> list[tuple[str, str]]:
        """Return key and version id of the same."""
        listed: Any = self.kept.s3.list_object_versions(Bucket=self.kept.bucket)
        name = f"/{recording.recording_id}."
        found = listed.get("Versions", ())
        return [(it["Key"], it["VersionId"]) for it in found if name in it["Key"]]

    def tags(self, recording: Recording) -> list[Any]:
        """Return the tags of every version."""
        get, bucket = self.kept.s3.get_object_tagging, self.kept.bucket
        return [
            get(Bucket=bucket, Key=key, VersionId=version)["TagSet"]
            for key, version in self.named(recording)
        ]

    def tag(self, recording: Recording, *tags: Any) -> None:
        """Tag every version, as anybody with the right can."""
        for key, version in self.named(recording):
            self.kept.s3.put_object_tagging(
                Bucket=self.kept.bucket, Key=key, VersionId=version, Tagging={"TagSet": tags}
            )

    def _grow_older_in_vault(self, recording: Recording, by: timedelta) -> None:
        grow_older(self.kept.bucket, by, only=f"/{recording.recording_id}.")


def bucket_of_template(cloud: Cloud, **parameters: str) -> str:
    """Return the vault as the local stack provisions it, under a name of its own."""
    name = f"Vault{uuid4().hex[:12]}"
    alone = {
        **cloud.template,
        "Resources": {name: cloud.template["Resources"]["VaultBucket"]},
        "Outputs": {"VaultBucketName": {"Value": {"Ref": name}}},
    }
    given = {
        "JwtIssuer": "https://issuer",
        "JwtAudience": "ringvault",
        "SignInAuthorizationEndpoint": "https://issuer/authorize",
        "SignInTokenEndpoint": "https://issuer/token",
        "ExpireAfterDays": str(AFTER // DAY),
    }
    stack = provision(alone, parameters=given | parameters, aws=Aws(cloud.url), code_root=ROOT)
    return stack.outputs["VaultBucketName"]


def deployed(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, **parameters: str) -> Expiring:
    """Return an archive that the handler reaches."""
    bucket = bucket_of_template(cloud, **parameters)
    kept = KeptArchive.new(cloud, s3=cloud.s3, bucket=bucket)
    environ = {
        **cloud.environ,
        "POWERTOOLS_SERVICE_NAME": "ringvault",
        "CATALOGUE_TABLE": kept.catalogue_table,
        "NUMBER_INDEX_TABLE": kept.number_index_table,
        "VAULT_BUCKET": bucket,
        "EXPIRE_AFTER_DAYS": str(AFTER // DAY),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return Expiring(kept)
