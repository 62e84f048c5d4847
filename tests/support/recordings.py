"""Recordings for tests: plain values, each like what the call log lists."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ringvault.core.catalogue.item import ArchivedObject
from ringvault.core.catalogue.recording import Recording
from ringvault.core.vault.layout import audio_key

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STARTED_AT = NOW - timedelta(days=1)


def recording_of(recording_id: str, **changes: Any) -> Recording:
    """Return a recording, with some of its fields changed."""
    account = "https://platform.ringcentral.com/restapi/v1.0/account/37000001"
    fields: dict[str, Any] = {
        "recording_id": recording_id,
        "account_id": "37000001",
        "content_uri": f"{account}/recording/{recording_id}/content",
        "started_at": STARTED_AT,
        "duration_s": 61,
        "extension_id": "101",
        "call_record": {"id": f"call-{recording_id}", "direction": "Inbound", "cost": 0.25},
    }
    return Recording(**{**fields, **changes})


def archived_of(recording: Recording, **changes: Any) -> ArchivedObject:
    """Return what lies in the vault for a recording, with some of its fields changed."""
    fields: dict[str, Any] = {
        "object_key": audio_key(recording, "mp3"),
        "content_type": "audio/mpeg",
        "size_bytes": 61_000,
        "sha256_hex": "ab" * 32,
        "crc32": "AAAAAA==",
        "audio_duration_s": 61.25,
        "archived_at": NOW,
        "waveform": bytes(range(256)),
    }
    return ArchivedObject(**{**fields, **changes})
