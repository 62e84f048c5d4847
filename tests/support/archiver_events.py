"""What the archiver is invoked with, and what it has to archive."""

import copy
import json
from typing import Any

from local.ringcentral.account.calls import RecordingFile
from local.ringcentral.http.server import Simulator
from ringvault.core.catalogue.recording import Recording
from tests.support.deployed import (
    event,
)
from tests.support.recordings import recording_of

NONE_FAILED: dict[str, Any] = {"batchItemFailures": []}


def batch(*bodies: str) -> dict[str, Any]:
    """Return the sample event with these messages instead of its own."""
    sample = event("archive_recording")
    (record,) = sample["Records"]
    sample["Records"] = [
        {**copy.deepcopy(record), "messageId": f"message-{place}", "body": body}
        for place, body in enumerate(bodies)
    ]
    return sample


def message(recording_id: str) -> str:
    """Return the body of a message that names a recording."""
    return json.dumps({"recording_id": recording_id})


def content_of(recording: RecordingFile) -> bytes:
    """Return a recording's audio as the simulator serves it."""
    return b"".join(recording.audio.whole())


def listed(simulator: Simulator, recording_id: str) -> Recording:
    """Return a simulated recording as the lister puts it into the catalogue."""
    call = simulator.account.call_of[recording_id]
    account_uri = f"{simulator.base_url}/restapi/v1.0/account/{simulator.account.id}"
    return recording_of(
        recording_id,
        account_id=simulator.account.id,
        content_uri=f"{account_uri}/recording/{recording_id}/content",
        started_at=call.started_at,
        duration_s=call.duration_s,
        call_record={"from": {"name": call.outside_name, "phoneNumber": call.outside_number}},
    )
