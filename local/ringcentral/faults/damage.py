"""The effect of a fault on a request and its answer."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from local.ringcentral.faults.faults import Fault, RetryAfter
from local.ringcentral.faults.page_damage import PAGE_DAMAGES
from local.ringcentral.faults.record_damage import RECORD_DAMAGES, RecordDamage
from local.ringcentral.faults.wire import Wire
from local.ringcentral.http.answers import (
    JSON_TYPE,
    Answer,
    Json,
    Request,
    error_answer,
    json_answer,
)

_CODES = {401: "OAU-213", 403: "CMN-408", 404: "CMN-102", 429: "CMN-301", 503: "CMN-201"}
_FROM_START = re.compile(r"bytes=(\d+)-(\d*)")
_OTHER_CODE = "CMN-203"


def asked_instead(request: Request, fault: Fault) -> Request:
    """Return the request that is served in place of the original."""
    if fault.disguise is not None:
        request = replace(request, disguise=fault.disguise)
    if fault.part_bytes is not None:
        return _in_parts(request, fault.part_bytes)
    if fault.ask_range is None:
        return request
    return _ranged(request, fault.ask_range)


def _in_parts(request: Request, part_bytes: int) -> Request:
    match = _FROM_START.match(request.headers.get("range", "bytes=0-"))
    if match is None:  # the end of a file only: not a part
        return request
    start = int(match[1])
    stop = min(int(match[2] or start + part_bytes - 1), start + part_bytes - 1)
    return _ranged(request, f"bytes={start}-{stop}")


def _ranged(request: Request, asked: str) -> Request:
    others = {name: value for name, value in request.headers.items() if name != "range"}
    return replace(request, headers=others | ({"range": asked} if asked else {}))


def replacement(fault: Fault) -> Answer | None:
    """Return the answer of a fault that replaces the request's, None if it is served."""
    if fault.unanswered:
        return Answer(200, (), 0)  # it is never sent
    if fault.status is None:
        return None
    if fault.body is not None:
        body = fault.body.encode()
        return Answer(fault.status, (body,), len(body))
    code = fault.code or _CODES.get(fault.status, _OTHER_CODE)
    return error_answer(fault.status, code, "Fault on demand", **fault.details)


def spoiled(answer: Answer, fault: Fault) -> Answer:
    """Return a page of the call log damaged by `fault.spoils`, any other answer unchanged."""
    if fault.spoils is None or answer.headers.get("Content-Type") != JSON_TYPE:
        return answer
    page: Json = json.loads(b"".join(answer.body))
    if "records" not in page:
        return json_answer(answer.status, page).with_headers(answer.headers)
    if fault.spoils in PAGE_DAMAGES:
        page = PAGE_DAMAGES[fault.spoils](page)
    else:
        page = _first_spoiled(page, RECORD_DAMAGES[fault.spoils])
    spoilt = json_answer(answer.status, page)
    return replace(answer, body=spoilt.body, size_bytes=spoilt.size_bytes)


def _first_spoiled(page: Any, damage: RecordDamage) -> Json:  # noqa: ANN401 - JSON
    records = list(page["records"])
    recorded = (place for place, record in enumerate(records) if _is_recorded(record))
    place = next(recorded, None)
    if place is not None:
        records[place] = damage.change(records[place])
    return {**page, "records": records}


def _is_recorded(record: Any) -> bool:  # noqa: ANN401 - JSON
    return any("recording" in part for part in (record, *record.get("legs", ())))


def damaged(answer: Answer, fault: Fault, *, places: Mapping[str, str], now: datetime) -> Answer:
    """Return an answer as it is sent, with the fault's headers and wire; `places` as in Fault."""
    changes = {**_retry_after(answer, fault, now), **_location(fault, places), **fault.headers}
    return replace(answer, headers=_changed(answer.headers, changes), wire=_wire(answer, fault))


def _retry_after(answer: Answer, fault: Fault, now: datetime) -> dict[str, str | None]:
    told = answer.headers.get("Retry-After")  # by the quota
    seconds = fault.retry_after_s if fault.retry_after_s is not None or not told else int(told)
    if fault.retry_after is RetryAfter.ABSENT:
        return {"Retry-After": None}
    if seconds is None:
        return {}
    if fault.retry_after is RetryAfter.SECONDS:
        return {"Retry-After": str(seconds)}
    # A date has whole seconds: the next one, so that it is never before the end of the wait.
    at_s = math.ceil((now + timedelta(seconds=seconds)).timestamp())
    return {"Retry-After": format_datetime(datetime.fromtimestamp(at_s, tz=UTC), usegmt=True)}


def _location(fault: Fault, places: Mapping[str, str]) -> dict[str, str | None]:
    if fault.location is None:
        return {}
    location = fault.location
    for name, place in places.items():
        location = location.replace(f"{{{name}}}", place)
    return {"Location": location}


def _changed(headers: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    replaced = {name.lower() for name in changes}
    kept = {name: value for name, value in headers.items() if name.lower() not in replaced}
    return kept | {name: value for name, value in changes.items() if value is not None}


def _wire(answer: Answer, fault: Fault) -> Wire:
    return Wire(
        silent_s=fault.silent_s,
        unanswered=fault.unanswered,
        resets=fault.resets,
        framing=fault.framing,
        extra_bytes=fault.extra_bytes,
        cut_after_bytes=fault.cut_after_bytes,
        stall_after_bytes=fault.stall_after_bytes,
        stall_s=fault.stall_s,
        bytes_per_second=fault.bytes_per_second or answer.wire.bytes_per_second,
        informational=fault.informational,
        drip_head_s=fault.drip_head_s,
        drip_body_s=fault.drip_body_s,
    )
