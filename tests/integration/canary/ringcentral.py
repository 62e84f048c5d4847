"""A RingCentral that knows every canary, and repeats them wherever an answer has room."""

import io
import json
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from tests.integration.canary.canaries import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    JWT,
    KINDS,
    NAME,
    NUMBER,
    SIGNATURE,
)
from tests.support.tiny_server import Reply, Seen

ACCOUNT = "37000001"
# A quota that nobody waits for.
QUOTA = {
    "X-Rate-Limit-Group": "heavy",
    "X-Rate-Limit-Limit": "6000",
    "X-Rate-Limit-Window": "60",
}
JSON = {"Content-Type": "application/json"}
ALL = " ".join(value for values in KINDS.values() for value in values)
SIGNED = f"?X-Amz-Signature={SIGNATURE}&access_token={ACCESS_TOKEN}"
Answer = Callable[[Seen], Reply]


def json_reply(body: Any, *, status: int = 200, headers: Mapping[str, str] = JSON) -> Reply:
    """Return a JSON answer."""
    return Reply(status, headers, json.dumps(body).encode())


def error_of(words: Sequence[str], *, status: int) -> Reply:
    """Return an error in RingCentral's own form, whose members and headers are the words."""
    names = (
        "errorCode",
        "permissionName",
        "error",
        "message",
        "error_description",
        "parameterName",
    )
    error = dict(zip(names, cycle(words), strict=False))
    named = ("Retry-After", "Content-Range", "ETag", "RCRequestId", "Via")
    headers = dict(zip(named, cycle(words), strict=False)) | {"X-Rate-Limit-Group": ALL[:60]}
    return json_reply(
        {**error, "errors": [error]}, status=status, headers={**JSON, **QUOTA, **headers}
    )


def echo_of(seen: Seen, *, status: int) -> Reply:
    """Return an error that repeats the request, its credentials and its body, and all canaries."""
    body = f"{seen.method} {seen.target} {dict(seen.headers)} {seen.body.decode()} {ALL}"
    return Reply(status, {"Content-Type": "text/plain", "X-Seen": seen.target}, body.encode())


def audio() -> Reply:
    """Return a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as silence:
        silence.setnchannels(1)
        silence.setsampwidth(1)
        silence.setframerate(8000)
        silence.writeframes(bytes(8000))
    return Reply(200, {"Content-Type": "audio/wav", **QUOTA}, file.getvalue())


@dataclass(slots=True)
class CanaryRingCentral:
    """Answers as RingCentral does, until a test replaces one of its three answers."""

    url: str = ""
    sign_in: Answer = field(default=lambda _: _token())
    content: Answer = field(default=lambda _: audio())
    call_log: Answer | None = None

    def __call__(self, seen: Seen) -> Reply:
        """Return the answer to a request."""
        path = seen.target.partition("?")[0]
        if path.endswith("/oauth/token"):
            return self.sign_in(seen)
        if path.endswith("/call-recording"):
            return json_reply({}, headers={**JSON, **QUOTA})
        if path.endswith("/call-log"):
            return (self.call_log or self._listed)(seen)
        return self.content(seen)

    def heal(self) -> None:
        """Answer as RingCentral does again."""
        whole = CanaryRingCentral(self.url)
        self.sign_in, self.content, self.call_log = whole.sign_in, whole.content, None

    def content_uri(self, recording_id: str) -> str:
        """Return where a recording's content is."""
        return f"{self._account}/recording/{recording_id}/content"

    def record(self, recording_id: str, **changes: Any) -> dict[str, Any]:
        """Return a call-log record of an hour ago, full of names and numbers."""
        started_at = datetime.now(UTC) - timedelta(hours=1)
        people = {"name": NAME, "phoneNumber": NUMBER, "location": f"{NAME}'s place"}
        part = {
            "startTime": started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "duration": 61,
            "direction": "Inbound",
            "from": people,
            "to": people,
            "message": {"id": NUMBER},
            "extension": {"id": 101, "name": NAME},
            "telephonySessionId": "s-1",
            "recording": {"id": recording_id, "contentUri": self.content_uri(recording_id)},
        }
        whole = {"id": f"call-{recording_id}", "uri": f"{self._account}/call-log/1", **part}
        return {**whole, "legs": [part], **changes}

    def page(self, *records: Any, next_uri: str | None = None) -> Reply:
        """Return a page of the call log."""
        navigation = {"nextPage": {"uri": next_uri}} if next_uri else {}
        return json_reply({"records": records, "navigation": navigation}, headers={**JSON, **QUOTA})

    def _listed(self, seen: Seen) -> Reply:
        del seen
        return self.page(self.record("1"), self.record("2"))

    @property
    def _account(self) -> str:
        return f"{self.url}/restapi/v1.0/account/{ACCOUNT}"


def _token() -> Reply:
    return json_reply(
        {"access_token": ACCESS_TOKEN, "expires_in": 3600, "owner_id": NAME, "scope": CLIENT_SECRET}
    )


CREDENTIALS = {"client_id": "canary-app", "client_secret": CLIENT_SECRET, "jwt": JWT}
