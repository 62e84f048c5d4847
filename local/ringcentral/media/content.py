"""A recording's audio: whole, or the requested range."""

from urllib.parse import quote

from local.ringcentral.account.calls import RecordingFile
from local.ringcentral.faults.wire import Wire
from local.ringcentral.http.answers import Answer, RefusalError, Request, invalid_parameter, refusal
from local.ringcentral.media.ranges import UnsatisfiableRangeError, asked_range


def content_answer(
    recording: RecordingFile, request: Request, *, bytes_per_second: int | None
) -> Answer:
    """Return 200 with all of a recording, or 206 with a range of it.

    Raises:
        RefusalError: 416 for a range beyond the end, 400 for an unknown disposition.
    """
    audio = recording.audio
    etag = f'"{recording.id}-{audio.size_bytes}"'
    headers = {
        "Content-Type": audio.content_type,
        "Accept-Ranges": "bytes",
        "ETag": etag,
        **_disposition(request),
    }
    part = _part(request, etag=etag, size_bytes=audio.size_bytes)
    start, stop = part or (0, audio.size_bytes)
    if part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{audio.size_bytes}"
    return Answer(
        status=206 if part else 200,
        body=audio.slice(start, stop),
        size_bytes=stop - start,
        headers=headers,
        recording_id=recording.id,
        wire=Wire(bytes_per_second=bytes_per_second),
    )


def _part(request: Request, *, etag: str, size_bytes: int) -> tuple[int, int] | None:
    if request.headers.get("if-range", etag) != etag:
        return None
    try:
        return asked_range(request.headers.get("range"), size_bytes=size_bytes)
    except UnsatisfiableRangeError as error:
        refused = refusal(416, "CMN-107", "Requested range is not satisfiable")
        headers = {"Content-Range": f"bytes */{size_bytes}"}
        raise RefusalError(refused.answer.with_headers(headers)) from error


def _disposition(request: Request) -> dict[str, str]:
    kind = request.first("contentDisposition")
    if kind is None:
        return {}
    if kind not in ("Inline", "Attachment"):
        raise invalid_parameter("contentDisposition", kind)
    name = request.first("contentDispositionFilename")
    file_name = f"; filename*=UTF-8''{quote(name, safe='')}" if name else ""
    return {"Content-Disposition": kind.lower() + file_name}
