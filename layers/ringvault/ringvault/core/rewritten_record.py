"""RingCentral rewrites call-log records: legs, recordings and durations follow when known."""

from dataclasses import replace

from ringvault.core.instants import parse_instant
from ringvault.core.recording import CallLogRecord, Recording


def followed(known: Recording, listed: Recording) -> Recording | None:
    """Return `known` with what a newer form of its record says, None where there is nothing new.

    Account and start stay: the audio's place in the vault depends on them. Another record that
    names the same recording, and an older form of the same, are nothing new.
    """
    if listed.call_record == known.call_record or not _is_newer_form(
        known.call_record, listed.call_record
    ):
        return None
    return replace(
        known,
        content_uri=listed.content_uri,
        duration_s=listed.duration_s,
        extension_id=listed.extension_id,
        call_record=listed.call_record,
    )


def _is_newer_form(known: CallLogRecord, listed: CallLogRecord) -> bool:
    if known.get("id") != listed.get("id"):
        return False
    try:
        modified_before = parse_instant(str(known.get("lastModifiedTime")))
        return parse_instant(str(listed.get("lastModifiedTime"))) >= modified_before
    except ValueError:
        return True  # it does not say when: what RingCentral answers now is what counts
