"""RingCentral rewrites call-log records: legs, recordings and durations follow when known."""

from dataclasses import replace

from ringvault.core.catalogue.call_record import instant_or_none
from ringvault.core.catalogue.recording import CallLogRecord, Recording


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
    before = instant_or_none(known.get("lastModifiedTime"))
    after = instant_or_none(listed.get("lastModifiedTime"))
    if before is None or after is None:
        return True  # it does not say when: what RingCentral answers now is what counts
    return after >= before
