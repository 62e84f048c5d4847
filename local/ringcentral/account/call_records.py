"""Calls in the form of RingCentral's call log."""

from dataclasses import dataclass
from datetime import UTC, datetime

from local.ringcentral.account.calls import Call, Extension, Leg, RecordingFile
from local.ringcentral.account.visibility import Visibility
from local.ringcentral.http.answers import Json


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the records of one account, with URIs on `base_url`, content on `media_url`."""

    base_url: str
    media_url: str
    account_id: str
    detailed: bool

    def record(self, call: Call, *, visibility: Visibility, now: datetime) -> Json:
        """Return the record of a listed call, as it is at `now`."""
        finished = visibility.finished_at <= now
        recorded = visibility.recorded_at <= now
        view = "Detailed" if self.detailed else "Simple"
        record = {
            "uri": f"{self.account_uri}/call-log/{call.id}?view={view}",
            "id": call.id,
            "sessionId": call.session_id,
            "telephonySessionId": call.telephony_session_id,
            "internalType": "LongDistance",
            "finished": finished,
            **self._parties(call),
            **self._part(call, call, recorded=recorded),
        }
        if not finished:
            record |= {"result": "In Progress", "duration": 0, "durationMs": 0}
        if self.detailed:
            record |= self._details(call, recorded=recorded)
            record["lastModifiedTime"] = instant_text(visibility.last_change_before(now))
        return record

    @property
    def account_uri(self) -> str:
        """The account's URI, without a slash at its end."""
        return f"{self.base_url}/restapi/v1.0/account/{self.account_id}"

    def content_uri(self, recording_id: str) -> str:
        """Return the URI of a recording's audio."""
        account_uri = f"{self.media_url}/restapi/v1.0/account/{self.account_id}"
        return f"{account_uri}/recording/{recording_id}/content"

    def _part(self, call: Call, part: Call | Leg, *, recorded: bool) -> Json:
        """Return the fields that a record and a leg share."""
        written: Json = {
            "startTime": instant_text(part.started_at),
            "duration": part.duration_s,
            "durationMs": part.duration_s * 1_000,
            "type": "Voice",
            "direction": call.direction,
            "action": "Phone Call" if call.direction == "Inbound" else "VoIP Call",
            "result": call.result,
            "transport": "PSTN",
        }
        if part.extension:
            written["extension"] = self._extension(part.extension)
        if part.recording and recorded:
            written["recording"] = self._recording(part.recording)
        return written

    def _details(self, call: Call, *, recorded: bool) -> Json:
        return {
            "legs": [
                {
                    **self._part(call, leg, recorded=recorded),
                    "legType": leg.type,
                    "master": leg is call.legs[0],
                    "telephonySessionId": call.telephony_session_id,
                }
                for leg in call.legs
            ],
            "billing": {"costIncluded": 0.0, "costPurchased": 0.0},
        }

    def _parties(self, call: Call) -> Json:
        outside: Json = {"name": call.outside_name}
        if call.outside_number:
            outside["phoneNumber"] = call.outside_number
        inside = _inside(call.extension) if call.extension else {"name": "Front Desk"}
        inbound = call.direction == "Inbound"
        parties: Json = {
            "from": outside if inbound else inside,
            "to": inside if inbound else outside,
        }
        if call.short_recording:
            parties["shortRecording"] = True
        return parties

    def _extension(self, extension: Extension) -> Json:
        return {"id": extension.id, "uri": f"{self.account_uri}/extension/{extension.id}"}

    def _recording(self, recording: RecordingFile) -> Json:
        return {
            "uri": f"{self.account_uri}/recording/{recording.id}",
            "id": recording.id,
            "type": recording.type,
            "contentUri": self.content_uri(recording.id),
        }


def instant_text(instant: datetime) -> str:
    """Return an instant as RingCentral writes it: UTC, milliseconds, Z."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _inside(extension: Extension) -> Json:
    return {
        "phoneNumber": extension.phone_number,
        "extensionNumber": extension.number,
        "extensionId": str(extension.id),
        "name": extension.name,
    }
