"""The JSON beside a recording: enough to rebuild its catalogue item, flat enough for Athena."""

from base64 import b64decode, b64encode
from typing import Any

from ringvault.core.catalogue import ArchivedObject, CatalogueItem, State
from ringvault.core.errors import InvalidRecordError
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.recording import Recording, is_recording_id

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


def item_of_sidecar(document: Any) -> CatalogueItem:  # noqa: ANN401 - whatever lies in the bucket
    """Return the ARCHIVED item that a sidecar tells of: the inverse of `sidecar_of`.

    Raises:
        InvalidRecordError: it is none that ringvault wrote.
    """
    try:
        return CatalogueItem(
            recording=_recording(document),
            state=State.ARCHIVED,
            listed_at=parse_instant(document["listed_at"]),
            archived=_archived(document),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRecordError("a sidecar is not of ringvault's writing") from error


def _recording(document: Any) -> Recording:  # noqa: ANN401 - as above
    if document["schema_version"] != SCHEMA_VERSION or not is_recording_id(
        document["recording_id"]
    ):
        raise ValueError("another schema, or no recording")
    return Recording(
        recording_id=document["recording_id"],
        account_id=document["account_id"],
        content_uri=document["content_uri"],
        started_at=parse_instant(document["started_at"]),
        duration_s=document["duration_s"],
        extension_id=document["extension_id"],
        call_record=document["call_record"],
    )


def _archived(document: Any) -> ArchivedObject:  # noqa: ANN401 - as above
    return ArchivedObject(
        object_key=document["object_key"],
        content_type=document["content_type"],
        size_bytes=int(document["size_bytes"]),
        sha256_hex=document["sha256_hex"],
        crc32=document["crc32"],
        audio_duration_s=document["audio_duration_s"],
        archived_at=parse_instant(document["archived_at"]),
        waveform=_waveform(document.get("waveform")),
    )


def _waveform(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text, validate=True)
