"""Call-log records as RingCentral writes them."""

from typing import Any

MEDIA = "https://media.ringcentral.com/restapi/v1.0/account/37439510"

BASE = "https://platform.ringcentral.com/restapi/v1.0/account/37439510"


def recording(recording_id: str) -> dict[str, str]:
    """Return what a call-log record says of a recording."""
    return {
        "id": recording_id,
        "uri": f"{BASE}/recording/{recording_id}",
        "type": "Automatic",
        "contentUri": f"{MEDIA}/recording/{recording_id}/content",
    }


def record(**fields: Any) -> dict[str, Any]:
    """Return a call-log record with one recording, changed by `fields`."""
    return {
        "id": "VgLcd1KWffJVzUA",
        "uri": f"{BASE}/call-log/VgLcd1KWffJVzUA?view=Detailed",
        "sessionId": "1039811321016",
        "startTime": "2026-10-01T14:58:47.594+02:00",
        "duration": 194,
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "extension": {"id": 664573005, "uri": f"{BASE}/extension/664573005"},
        "from": {"phoneNumber": "+15550100001", "name": "Somebody"},
        "recording": recording("1662272004"),
        **fields,
    }
