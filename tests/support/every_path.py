"""Every path of every function, run once on a deployed stack with the roles' own credentials."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import requests

from local.cloudformation.provision.site import Function
from local.lambda_.event_source import polling
from local.lambda_.function_process import Outcome
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.progress import LISTING_NAME, RECONCILIATION_NAME
from ringvault.core.instants import format_instant
from tests.support.deployed import event
from tests.support.deployed_stack import FUNCTIONS, DeployedStack

WITHIN_S = 30
POLL_S = 0.05
OF_ARCHIVED = ("object_key", "content_type", "size_bytes", "sha256_hex", "crc32", "archived_at")


class EveryPath:
    """Lists, archives, reconciles, plays and expires; whatever fails raises AssertionError."""

    def __init__(self, deployed: DeployedStack, simulator: Simulator) -> None:
        self.deployed = deployed
        self._simulator = simulator
        self._outcomes: list[Outcome] = []
        self._bucket = deployed.output("VaultBucketName")
        self._s3 = deployed.client("s3")

    def run(self) -> None:
        """Run all of it, one after the other."""
        with ExitStack() as archiving:
            self._start_archiver(archiving)
            self.refuse_messages()
            self.list_calls()
            self.archive_all()
            self.finish_what_dead_archivers_left()
        self.list_with_a_token_of_others()
        self.reconcile_and_repair()
        self.play()
        self.expire()
        self.stand_in_for_lambda()

    def refuse_messages(self) -> None:
        """A message that is none goes to the dead letters, one without credentials comes again."""
        self._send("not an id")
        self._send(json.dumps({"recording_id": "1"}))
        self._wait(lambda: len(self._outcomes) == 2)
        queue = {"QueueUrl": self.deployed.output("DeadLetterQueueUrl")}
        assert self.deployed.client("sqs").receive_message(**queue)["Messages"]
        self.deployed.put_secret()

    def list_calls(self) -> None:
        """The first run signs in, lists all calls and feeds the queue."""
        answer = self.deployed.invoke("ListRecordings", event("list_recordings"))
        assert answer["outcome"] == "listed", answer
        assert answer["fed"] == answer["listed"] == len(self._simulator.account.recordings)

    def archive_all(self) -> None:
        """One PutObject or an upload in parts for each, with the token that is there."""
        self._wait(self._is_all_archived)

    def finish_what_dead_archivers_left(self) -> None:
        """One died before the state was written, the other in the middle of an upload."""
        self._simulator.inject(Fault(path="*/content", status=401, times=1))
        stored, half = list(self.deployed.items().values())[:2]
        key = {"Bucket": self._bucket, "Key": half["object_key"]["S"]}
        self._s3.delete_object(**key)
        self._s3.create_multipart_upload(**key)
        for item in (stored, half):
            self._forget_archived(item)
            self._send(json.dumps({"recording_id": item["recording_id"]["S"]}))
        self._wait(self._is_all_archived)
        assert "Uploads" not in self._s3.list_multipart_uploads(Bucket=self._bucket)

    def list_with_a_token_of_others(self) -> None:
        """A fresh process takes the token that is there, and reads again what was forgotten."""
        self._delete("StateTableName", {"name": {"S": LISTING_NAME}})
        self.deployed.end("ListRecordings")
        answer = self.deployed.invoke("ListRecordings", event("list_recordings"))
        assert answer["outcome"] == "listed", answer

    def reconcile_and_repair(self) -> None:
        """A lost object, sidecar and item are put right; a lost state is read from the reports."""
        self._simulator.inject(Fault(path="*/call-log", status=401, times=1))
        items = list(self.deployed.items().values())
        unfetched, sideless, unlisted = items[:3]
        self._s3.delete_object(Bucket=self._bucket, Key=unfetched["object_key"]["S"])
        self._s3.delete_object(Bucket=self._bucket, Key=_sidecar_key(sideless))
        self._delete("CatalogueTableName", {"recording_id": unlisted["recording_id"]})
        totals = self._reconcile()["totals"]
        assert totals["missing"] == 3, totals
        again = self.deployed.items()
        assert again[unfetched["recording_id"]["S"]]["state"] == {"S": "PENDING"}
        assert again[unlisted["recording_id"]["S"]]["state"] == {"S": "ARCHIVED"}
        self._s3.head_object(Bucket=self._bucket, Key=_sidecar_key(sideless))
        self._delete("StateTableName", {"name": {"S": RECONCILIATION_NAME}})
        assert self._reconcile()["report"].endswith("000002.json")

    def play(self) -> None:
        """A search by every index, one recording, its URL, what is behind it, and who heard it."""
        item = next(it for it in self.deployed.items().values() if "object_key" in it)
        recording_id, key = item["recording_id"]["S"], item["object_key"]["S"]
        filters: list[dict[str, str]] = [
            {},
            {"state": "ARCHIVED"},
            {"extension": "600000101"},
            {"phoneNumber": "+15555550100"},
        ]
        for filter_ in filters:
            self._ask("recordings", "/recordings", query=filter_)
        self._ask("call", "/calls/s-1", path={"telephonySessionId": "s-1"}, status=404)
        at = f"/recordings/{recording_id}"
        path = {"recordingId": recording_id}
        self._ask("recording", at, path=path)
        url = self._ask("playback_url", f"{at}/playback-url", path=path)["url"]
        fetched = requests.get(url, timeout=WITHIN_S)
        stored = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        assert (fetched.status_code, fetched.content) == (200, stored)
        assert len(self._ask("plays", f"{at}/plays", path=path)["plays"]) == 1

    def expire(self) -> None:
        """What is old is tagged; when S3 has deleted it, a tombstone takes its place."""
        archived = [it for it in self.deployed.items().values() if "object_key" in it]
        item = min(archived, key=lambda it: str(it["started_at"]["S"]))
        old = {"S": format_instant(now() - timedelta(days=3))}
        # Its start stays: the sidecar's key is made of it.
        self.deployed.put_item(item | {"archived_at": old})
        tagged = self.deployed.invoke("ExpireRecordings", event("expire_recordings"))
        assert (tagged["outcome"], tagged["tagged"]) == ("through", 1), tagged
        for key in (item["object_key"]["S"], _sidecar_key(item)):
            self._delete_versions(key)
        expiring = self.deployed.items()[item["recording_id"]["S"]]
        self.deployed.put_item(expiring | {"retry_at": old})
        expired = self.deployed.invoke("ExpireRecordings", event("expire_recordings"))
        assert (expired["outcome"], expired["expired"]) == ("through", 1), expired
        # Between a listing and a look S3 may delete: whoever may list learns that it is gone.
        gone = {"Bucket": self._bucket, "Key": item["object_key"]["S"], "VersionId": "gone"}
        s3 = self.deployed.client("s3", of="ExpireRecordings")
        assert _status(lambda: s3.get_object_tagging(**gone)) == 404

    def stand_in_for_lambda(self) -> None:
        """Lambda itself uses the role of a function to write its log and to look at its queue."""
        for stem in FUNCTIONS:
            logs = self.deployed.client("logs", of=stem)
            group = self.deployed.function(stem).log_group
            stream = {"logGroupName": group, "logStreamName": "2026/11/22/[$LATEST]1"}
            logs.create_log_stream(**stream)
            line = {"timestamp": int(time.time() * 1000), "message": "line"}
            logs.put_log_events(**stream, logEvents=[line])
        sqs = self.deployed.client("sqs", of="ArchiveRecording")
        sqs.get_queue_attributes(QueueUrl=self.deployed.output("RecordingQueueUrl"))

    def _start_archiver(self, archiving: ExitStack) -> None:
        [source] = self.deployed.stack.runtime.event_sources
        archiving.enter_context(
            polling(
                replace(source, concurrency=1),
                function=self.deployed.function("ArchiveRecording"),
                host=self.deployed.host,
                on_outcome=self._note,
            )
        )

    def _note(self, _: Function, outcome: Outcome) -> None:
        self._outcomes.append(outcome)

    def _send(self, body: str) -> None:
        url = self.deployed.output("RecordingQueueUrl")
        self.deployed.client("sqs").send_message(QueueUrl=url, MessageBody=body)

    def _wait(self, is_so: Callable[[], bool]) -> None:
        until_s = time.monotonic() + WITHIN_S
        while not is_so():
            assert time.monotonic() < until_s, self._outcomes
            time.sleep(POLL_S)

    def _is_all_archived(self) -> bool:
        return {it["state"]["S"] for it in self.deployed.items().values()} == {"ARCHIVED"}

    def _forget_archived(self, item: Any) -> None:
        left = {name: it for name, it in item.items() if name not in OF_ARCHIVED}
        died_at = {"S": format_instant(now() - timedelta(hours=1))}
        died = {"state": {"S": "PENDING"}, "claimed_until": died_at, "claimed_by": {"S": "dead"}}
        self.deployed.put_item(left | died)

    def _reconcile(self) -> Any:
        days = {"from": str((now() - timedelta(days=9)).date()), "to": str(now().date())}
        answer: Any = {"outcome": "going_on"}
        while answer["outcome"] == "going_on":
            answer = self.deployed.invoke("ReconcileArchive", days)
        assert answer["outcome"] == "complete", answer
        return answer

    def _ask(
        self,
        name: str,
        raw_path: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Any:
        sample, query = event(f"playback_api_{name}"), query or {}
        given = {"queryStringParameters": query, "rawQueryString": urlencode(query)}
        asked = sample | given | {"rawPath": raw_path, "pathParameters": path or {}}
        answer = self.deployed.invoke("PlaybackApi", asked)
        assert answer["statusCode"] == status, answer
        return json.loads(answer["body"])

    def _delete(self, table: str, key: Any) -> None:
        self.deployed.client("dynamodb").delete_item(TableName=self.deployed.output(table), Key=key)

    def _delete_versions(self, key: str) -> None:
        found = self._s3.list_object_versions(Bucket=self._bucket, Prefix=key)
        for entry in [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]:
            self._s3.delete_object(
                Bucket=self._bucket,
                Key=key,
                VersionId=entry["VersionId"],
                BypassGovernanceRetention=True,
            )


def _sidecar_key(item: Any) -> str:
    audio: str = item["object_key"]["S"]
    return audio.replace("recordings/", "metadata/", 1).rpartition(".")[0] + ".json"


def _status(ask: Callable[[], Any]) -> int:
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - boto3 makes the class of each error
        found: int = getattr(error, "response")["ResponseMetadata"]["HTTPStatusCode"]  # noqa: B009
        return found
    return 200
