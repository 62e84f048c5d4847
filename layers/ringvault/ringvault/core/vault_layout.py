"""Where things lie in the vault: no name and no phone number in any key."""

from ringvault.core.recording import Recording


def audio_prefix(recording: Recording) -> str:
    """Return the object key of the audio up to and with the dot before its file type."""
    return f"recordings/{_day_folder(recording)}/{recording.recording_id}."


def audio_key(recording: Recording, file_type: str) -> str:
    """Return the object key of the audio; `file_type` is `mp3` or `wav`."""
    return audio_prefix(recording) + file_type


def sidecar_key(recording: Recording) -> str:
    """Return the object key of the JSON sidecar, beside the audio tree so that Athena reads it."""
    return f"metadata/{_day_folder(recording)}/{recording.recording_id}.json"


def _day_folder(recording: Recording) -> str:
    return f"account={recording.account_id}/{recording.started_at:year=%Y/month=%m/day=%d}"
