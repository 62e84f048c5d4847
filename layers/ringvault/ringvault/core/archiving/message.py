"""The message of the recording queue: `{"recording_id": "…"}` and nothing else."""

import json
from typing import Any

from ringvault.core.catalogue.recording import is_recording_id
from ringvault.core.errors import InvalidMessageError


def recording_id_of(body: str) -> str:
    """Return the id in the message; InvalidMessageError says what is wrong with the message."""
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidMessageError("the message is not JSON") from None
    if not isinstance(message, dict) or set(message) != {"recording_id"}:
        raise InvalidMessageError('the message is not {"recording_id": "…"}')
    recording_id = message["recording_id"]
    if not isinstance(recording_id, str) or not is_recording_id(recording_id):
        raise InvalidMessageError("recording_id is not the id of a recording")
    return recording_id
