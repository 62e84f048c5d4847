"""All five functions beside a RingCentral and an AWS that leak, and all that comes out of them."""

import importlib
import io
import json
import traceback
import zlib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ringvault.adapters.clock import now
from ringvault.core.catalogue.recording import read_record
from ringvault.core.instants import format_instant
from tests.integration.canary.canaries import KINDS, PEOPLE, is_in, kinds_in
from tests.integration.canary.ringcentral import CanaryRingCentral
from tests.integration.faults.aws_proxy import AwsProxy
from tests.support.cloud import Cloud
from tests.support.deployed import Context, Deployed, Handler, event

FUNCTIONS = (
    "list_recordings",
    "archive_recording",
    "reconcile_archive",
    "expire_recordings",
    "playback_api",
)
# What a container makes once.
_MADE_ONCE = {"_container", "_archiver", "_expire_recordings", "_api", "_settings", "_queues"}
_TABLES = {
    "CATALOGUE_TABLE": "CatalogueTable",
    "NUMBER_INDEX_TABLE": "NumberIndexTable",
    "STATE_TABLE": "StateTable",
    "PLAY_TABLE": "PlayTable",
}
# Long ago enough to expire.
AGED = timedelta(days=40)
# Who may hold names and numbers, and the one answer that carries a URL which plays.
PERMITTED = {
    "catalogue": PEOPLE,
    # A message that is not ours stays as it came.
    "dead letter": frozenset(KINDS),
    "sidecar": PEOPLE,
    "API": PEOPLE,
    "playback URL": frozenset({"presigned URL"}),
}
Outlet = tuple[str, str]  # where something came out, and what


@dataclass
class Stage:
    """One deployment; whatever leaves a function is looked through by `leaks`."""

    cloud: Cloud
    deployed: Deployed
    ringcentral: CanaryRingCentral
    proxy: AwsProxy
    log: list[dict[str, Any]] = field(default_factory=list)
    said: list[Outlet] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)  # object versions, which never change

    def run(self, function: str, to: Any = None) -> Any:
        """Invoke a function of the stack; return its answer, None where it raised."""
        module = importlib.import_module(f"functions.{function}.handler")
        return self.invoke(module.lambda_handler, to)

    def invoke(self, handler: Handler, to: Any = None) -> Any:
        """Invoke a handler as Lambda does, and keep all that it brings to light.

        Of what it raises Lambda logs the text, and returns it to whoever invoked.
        """
        out, err = io.StringIO(), io.StringIO()
        answer = None
        with redirect_stdout(out), redirect_stderr(err):
            try:
                answer = handler({} if to is None else to, Context())
            except Exception as error:  # noqa: BLE001 - as Lambda's runtime does
                self.said.append(("exception", "".join(traceback.format_exception(error))))
        self.said += [("stdout", out.getvalue()), ("stderr", err.getvalue())]
        self.said.append((self._named(to, answer), json.dumps(answer)))
        return answer

    def archive(self, recording_id: str = "1") -> str:
        """Deliver a message to the archiver; return the outcome that it logs."""
        sample = event("archive_recording")
        sample["Records"][0]["body"] = json.dumps({"recording_id": recording_id})
        self.run("archive_recording", sample)
        lines = [line for line in self.log if line.get("message") == "archive_recording"]
        return str(lines[-1]["outcome"])

    def start_cold(self) -> None:
        """Let each container begin anew."""
        for function in FUNCTIONS:
            module = importlib.import_module(f"functions.{function}.handler")
            for name in _MADE_ONCE & vars(module).keys():
                getattr(module, name).cache_clear()

    def empty(self) -> None:
        """Heal everything, and keep nothing of what was there but the warm containers."""
        self.proxy.heal()
        self.ringcentral.heal()
        for table in _TABLES:
            self.cloud.empty_table(self.deployed[table])
        for key in self.cloud.keys_in(self.deployed["VAULT_BUCKET"]):
            self.cloud.s3.delete_object(Bucket=self.deployed["VAULT_BUCKET"], Key=key)

    def forget_state(self) -> None:
        """Let nobody have signed in, and the quota be new."""
        self.cloud.empty_table(self.deployed["STATE_TABLE"])

    def put_back(self, recording_id: str) -> None:
        """Let a recording wait as if nobody had tried it."""
        self.forget_state()
        self.change(recording_id, "state", "PENDING")

    def everything(self) -> str:
        """Return all that tables and bucket hold."""
        return "".join(what for _, what in self._stored())

    def leaks(self) -> set[tuple[str, str]]:
        """Return where something came out that may not, and of what kind; look at it no more.

        Tables and bucket are looked at as they are now.
        """
        return self._leaks_in([*self._stored(), *self._told()])

    def passing_leaks(self) -> set[tuple[str, str]]:
        """Return the same of what will not be there in the end; takes a fifth of the time."""
        kept = [*self._table("STATE_TABLE"), *self._table("CATALOGUE_TABLE")]
        return self._leaks_in([*kept, *self._told()])

    def _leaks_in(self, outlets: list[Outlet]) -> set[tuple[str, str]]:
        return {
            (where, kind)
            for where, what in outlets
            for kind in self._kinds_in(what) - PERMITTED.get(where, frozenset())
        }

    def _told(self) -> list[Outlet]:
        """Take what was told since the last time."""
        told = [*self.said, *(("log", json.dumps(line, default=repr)) for line in self.log)]
        self.said.clear()
        self.log.clear()
        return told

    def _kinds_in(self, text: str) -> set[str]:
        signed = any(is_in(text, signature) for signature in self.signatures)
        return kinds_in(text) | ({"presigned URL"} if signed else set())

    def _named(self, to: Any, answer: Any) -> str:
        """Return the outlet of an answer; the signature of a URL in it is one to look for."""
        route = to.get("routeKey") if isinstance(to, dict) else None
        if route is None or answer is None:
            return "answer"
        body = json.loads(answer["body"]) if "json" in str(answer["headers"]) else {}
        if "url" in body:
            query = parse_qs(urlsplit(body["url"]).query)
            self.signatures += query["X-Amz-Signature"]
            return "playback URL"
        return "API"

    def _stored(self) -> Iterator[Outlet]:
        yield from self._queued()
        yield from self._tables()
        yield from self._objects()

    def _queued(self) -> Iterator[Outlet]:
        for message in self._taken_from("RECORDING_QUEUE_URL"):
            yield "message", json.dumps(message)
        for message in self._taken_from("DEAD_LETTER_QUEUE_URL"):
            yield "message attributes", json.dumps(message["MessageAttributes"])
            yield "dead letter", message["Body"]

    def _taken_from(self, queue: str) -> Iterator[Any]:
        while messages := self.cloud.messages_in(self.deployed[queue]):
            yield from messages

    def _tables(self) -> Iterator[Outlet]:
        for name in _TABLES:
            yield from self._table(name)

    def _table(self, name: str) -> Iterator[Outlet]:
        properties = self.cloud.template["Resources"][_TABLES[name]]["Properties"]
        keys = {it["AttributeName"] for it in properties["AttributeDefinitions"]}
        where = "catalogue" if name == "CATALOGUE_TABLE" else "table"
        for item in self.cloud.dynamodb.scan(TableName=self.deployed[name])["Items"]:
            yield "key", json.dumps({it: item[it] for it in keys & item.keys()})
            yield where, json.dumps(item, default=_unpacked)
            yield "reason", json.dumps(item.get("reason", ""))

    def _objects(self) -> Iterator[Outlet]:
        s3: Any = self.cloud.s3
        bucket = {"Bucket": self.deployed["VAULT_BUCKET"]}
        for version in s3.list_object_versions(**bucket).get("Versions", ()):
            named = {"Key": version["Key"], "VersionId": version["VersionId"]}
            if version["VersionId"] in self.looked_at:
                continue
            self.looked_at.add(version["VersionId"])
            found = s3.get_object(**bucket, **named)
            yield "object key", version["Key"]
            yield "tags", json.dumps(s3.get_object_tagging(**bucket, **named)["TagSet"])
            yield "metadata", json.dumps([found["Metadata"], found["ContentType"]])
            where = "sidecar" if version["Key"].startswith("metadata/") else "object"
            yield where, found["Body"].read().decode(errors="replace")

    def list_recording(self, recording_id: str) -> None:
        """Put a recording into the catalogue without a run of the lister."""
        record = self.ringcentral.record(recording_id)
        self.deployed.list_recording(*read_record(record).recordings)

    def age(self) -> None:
        """Let what is archived be old enough to expire."""
        for item in self.cloud.dynamodb.scan(TableName=self.deployed["CATALOGUE_TABLE"])["Items"]:
            if "object_key" in item:
                self.change(item["recording_id"]["S"], "archived_at", format_instant(now() - AGED))
                self.change(item["recording_id"]["S"], "state", "ARCHIVED")

    def change(self, recording_id: str, attribute: str, value: str) -> None:
        """Change an attribute of a catalogue item behind everybody's back."""
        self.cloud.dynamodb.update_item(
            TableName=self.deployed["CATALOGUE_TABLE"],
            Key={"recording_id": {"S": recording_id}},
            UpdateExpression="SET #it = :it",
            ExpressionAttributeNames={"#it": attribute},
            ExpressionAttributeValues={":it": {"S": value}},
        )


def _unpacked(content: bytes) -> str:
    """Return what a binary attribute holds, and what it holds compressed."""
    try:
        return repr(zlib.decompress(content))
    except zlib.error:
        return repr(content)
