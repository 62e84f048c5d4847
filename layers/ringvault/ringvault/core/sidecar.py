"""The JSON beside a recording: enough to rebuild its catalogue item, flat enough for Athena."""

from base64 import b64encode
from typing import Any

from ringvault.core.catalogue import ArchivedObject, CatalogueItem
from ringvault.core.instants import format_instant

SCHEMA_VERSION = 1


def sidecar_of(item: CatalogueItem, archived: ArchivedObject) -> dict[str, Any]:
    """Return what the sidecar holds; `call_record` is RingCentral's record, unchanged.

    `waveform` is base64 of its peaks, null where they are not known.
    """
    recording, waveform = item.recording, archived.waveform
    return {
        "schema_version": SCHEMA_VERSION,
        "recording_id": recording.recording_id,
        "account_id": recording.account_id,
        "extension_id": recording.extension_id,
        "content_uri": recording.content_uri,
        "started_at": format_instant(recording.started_at),
        "duration_s": recording.duration_s,
        "listed_at": format_instant(item.listed_at),
        "archived_at": format_instant(archived.archived_at),
        "object_key": archived.object_key,
        "content_type": archived.content_type,
        "size_bytes": archived.size_bytes,
        "sha256_hex": archived.sha256_hex,
        "crc32": archived.crc32,
        "audio_duration_s": archived.audio_duration_s,
        "waveform": None if waveform is None else b64encode(waveform).decode(),
        "call_record": dict(recording.call_record),
    }
