"""The playback function with a catalogue, a vault and an audit that hold what a test puts there."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.playback_api import handler
from local.places import ROOT
from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.core.catalogue.item import ArchivedObject, State
from ringvault.core.catalogue.recording import Recording
from tests.support.cloud import Cloud

AUDIO = b"ID3" + bytes(range(256)) * 8
LISTED_AT = datetime.now(UTC).replace(microsecond=0)
# Whoever asks, as the claims of their token reach the function.
HEARS_ALL = {"sub": "listener-1", "cognito:groups": "[ringvault-listeners-all]"}
AGENT = {"sub": "agent-9", "custom:extension_id": "9"}
OTHER_AGENT = {"sub": "agent-8", "custom:extension_id": "8", "cognito:groups": "[staff]"}
VISITOR = {"sub": "visitor-1", "cognito:groups": "[staff]"}

Answer = dict[str, Any]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """What the function is deployed beside."""

    cloud: Cloud
    catalogue: CatalogueTable
    numbers: NumberIndex
    bucket: str
    play_table: str

    def list_recording(self, recording_id: str, **changes: Any) -> Recording:
        """Put a recording of extension 9 into the catalogue, as the lister does."""
        days_ago = changes.pop("days_ago", 1)
        values: dict[str, Any] = {
            "recording_id": recording_id,
            "account_id": "1",
            "content_uri": f"https://media.example/{recording_id}",
            "started_at": LISTED_AT - timedelta(days=days_ago),
            "duration_s": 61,
            "extension_id": "9",
            "call_record": {
                "direction": "Inbound",
                "from": {"name": "Ann", "phoneNumber": "+15555550100"},
                "to": {"name": "Bob"},
                "telephonySessionId": "s-1",
            },
        }
        recording = Recording(**{**values, **changes})
        self.numbers.add([recording])
        self.catalogue.add_new([recording], listed_at=LISTED_AT)
        return recording

    def archive(
        self, recording_id: str, *, archived_at: datetime = LISTED_AT, **stored: Any
    ) -> str:
        """List a recording and put its audio into the vault; return the object key.

        `stored` goes to PutObject.
        """
        self.list_recording(recording_id)
        object_key = f"recordings/account=1/year=2026/month=11/day=20/{recording_id}.mp3"
        self.cloud.s3.put_object(Bucket=self.bucket, Key=object_key, Body=AUDIO, **stored)
        archived = ArchivedObject(
            object_key=object_key,
            content_type="audio/mpeg",
            size_bytes=len(AUDIO),
            sha256_hex="00" * 32,
            crc32="AAAAAA==",
            audio_duration_s=60.0,
            archived_at=archived_at,
        )
        self.catalogue.set_archived(recording_id, archived)
        return object_key

    def end(self, recording_id: str, state: State, reason: str) -> None:
        """Put a recording into the catalogue that will never be archived."""
        self.list_recording(recording_id)
        item = self.catalogue.find(recording_id)
        assert item is not None
        self.catalogue.end(item, state=state, reason=reason, attempts=1)

    def audit(self) -> list[dict[str, str]]:
        """Return what the audit holds, as plain text."""
        items: Any = self.cloud.dynamodb.scan(TableName=self.play_table)["Items"]
        return [{name: value["S"] for name, value in item.items()} for item in items]


def event(name: str, **changes: Any) -> Event:
    """Return a sample event, with some of its members changed."""
    text = (ROOT / "events" / f"playback_api_{name}.json").read_text(encoding="utf-8")
    return {**json.loads(text), **changes}


def event_for(recording_id: str, name: str, **changes: Any) -> Event:
    """Return a sample event that asks for a recording of the test's own."""
    sample = event(name, pathParameters={"recordingId": recording_id}, **changes)
    sample["rawPath"] = sample["rawPath"].replace("1662272004", recording_id)
    return sample


def call_event(telephony_session_id: str) -> Event:
    """Return a sample event that asks for a call of the test's own."""
    parameters = {"telephonySessionId": telephony_session_id}
    return event("call", pathParameters=parameters, rawPath=f"/calls/{telephony_session_id}")


def asked_by(claims: dict[str, str], sample: Event) -> Event:
    """Return an event as it is when somebody else asks."""
    sample["requestContext"]["authorizer"]["jwt"]["claims"] = dict(claims)
    return sample


def answered(to: Event) -> Answer:
    """Return the answer to an event, with its body read where that is JSON."""
    answer = handler.lambda_handler(to, LambdaContext())
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    is_json = "json" in headers["content-type"]
    body = json.loads(answer["body"]) if is_json else answer["body"]
    return {"status": answer["statusCode"], "headers": headers, "body": body}
