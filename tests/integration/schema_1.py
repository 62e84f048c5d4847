"""Catalogue items as the first release wrote them, attribute by attribute."""

from typing import Any

ACCOUNT = "https://platform.ringcentral.com/restapi/v1.0/account/37000001"
CALL_RECORD = (
    '{"id":"AbC","telephonySessionId":"s-1","direction":"Inbound",'
    '"from":{"phoneNumber":"+15550100001"},"to":{"phoneNumber":"+15550100002"}}'
)


def item_1(recording_id: str, **changes: Any) -> dict[str, Any]:
    """Return an archived item of schema 1, with some attributes changed."""
    return {
        "recording_id": {"S": recording_id},
        "state": {"S": "ARCHIVED"},
        "account_id": {"S": "37000001"},
        "content_uri": {"S": f"{ACCOUNT}/recording/{recording_id}/content"},
        "started_at": {"S": "2026-11-21T12:00:00.000Z"},
        "started_month": {"S": "2026-11"},
        "call_record": {"S": CALL_RECORD},
        "listed_at": {"S": "2026-11-21T12:05:00.000Z"},
        "attempts": {"N": "1"},
        "duration_s": {"N": "61"},
        "extension_id": {"S": "101"},
        "object_key": {
            "S": "recordings/account=37000001/year=2026/month=11/day=21/" + recording_id + ".mp3"
        },
        "content_type": {"S": "audio/mpeg"},
        "size_bytes": {"N": "61000"},
        "sha256_hex": {"S": "ab" * 32},
        "crc32": {"S": "AAAAAA=="},
        "archived_at": {"S": "2026-11-21T12:06:00.000Z"},
        "audio_duration_s": {"N": "61.250"},
        **changes,
    }
