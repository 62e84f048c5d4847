"""The object keys of the vault: no name and no phone number in any key."""

import re
from datetime import date

from ringvault.core.catalogue.recording import Recording, is_recording_id

AUDIO = "recordings/"
SIDECARS = "metadata/"
PROOFS = "erasures/"
_DAY = re.compile(r"account=([0-9A-Za-z_-]+)/year=(\d{4})/month=(\d{2})/day=(\d{2})/")


def audio_prefix(recording: Recording) -> str:
    """Return the audio's object key up to the dot before its file type, included."""
    return f"{AUDIO}{_day_folder(recording)}/{recording.recording_id}."


def audio_key(recording: Recording, file_type: str) -> str:
    """Return the object key of the audio; `file_type` is `mp3`, `wav` or `bin`."""
    return audio_prefix(recording) + file_type


def sidecar_key(recording: Recording) -> str:
    """Return the object key of the JSON sidecar, in a tree of its own so that Athena reads it."""
    return f"{SIDECARS}{_day_folder(recording)}/{recording.recording_id}.json"


def proof_key(recording: Recording) -> str:
    """Return the object key of the proof that the recording was erased."""
    return f"{PROOFS}{_day_folder(recording)}/{recording.recording_id}.json"


def day_prefixes(account_id: str, on: date) -> tuple[str, str]:
    """Return the prefixes of the audio and the sidecars of a UTC day."""
    folder = _folder(account_id, on)
    return f"{AUDIO}{folder}/", f"{SIDECARS}{folder}/"


def day_in(folder: str) -> tuple[str, date] | None:
    """Return account and day of a folder of one of the trees, None if it is not a day's."""
    match = _DAY.fullmatch(folder.removeprefix(AUDIO).removeprefix(SIDECARS))
    if match is None:
        return None
    try:
        return match[1], date(int(match[2]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def _day_folder(recording: Recording) -> str:
    return _folder(recording.account_id, recording.started_at)


def _folder(account_id: str, on: date) -> str:
    return f"account={account_id}/{on:year=%Y/month=%m/day=%d}"


FILE_TYPES = frozenset({".mp3", ".wav", ".bin"})

# Tree, account, year, month, day and the object's own name.
KEY_PARTS = 6


def recording_id_in(object_key: str) -> str | None:
    """Return the recording in the name of an audio or sidecar object, None if there is none."""
    stem, dot, suffix = object_key.rpartition("/")[2].rpartition(".")
    suffixes = FILE_TYPES if object_key.startswith(AUDIO) else {".json"}
    is_ours = object_key.count("/") == KEY_PARTS - 1 and dot + suffix in suffixes
    return stem if is_ours and is_recording_id(stem) else None
