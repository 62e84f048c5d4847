"""Where things lie in the vault: no name and no phone number in any key."""

from datetime import date

from ringvault.core.recording import Recording

AUDIO = "recordings/"
SIDECARS = "metadata/"


def audio_prefix(recording: Recording) -> str:
    """Return the object key of the audio up to and with the dot before its file type."""
    return f"{AUDIO}{_day_folder(recording)}/{recording.recording_id}."


def audio_key(recording: Recording, file_type: str) -> str:
    """Return the object key of the audio; `file_type` is `mp3` or `wav`."""
    return audio_prefix(recording) + file_type


def sidecar_key(recording: Recording) -> str:
    """Return the object key of the JSON sidecar, beside the audio tree so that Athena reads it."""
    return f"{SIDECARS}{_day_folder(recording)}/{recording.recording_id}.json"


def day_prefixes(account_id: str, on: date) -> tuple[str, str]:
    """Return where the audio and the sidecars of a UTC day lie."""
    folder = _folder(account_id, on)
    return f"{AUDIO}{folder}/", f"{SIDECARS}{folder}/"


def _day_folder(recording: Recording) -> str:
    return _folder(recording.account_id, recording.started_at)


def _folder(account_id: str, on: date) -> str:
    return f"account={account_id}/{on:year=%Y/month=%m/day=%d}"
