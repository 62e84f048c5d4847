"""What a fault makes of a request and of its answer."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from local.simulator.answers import Answer, Request, error_answer
from local.simulator.faults import Fault, RetryAfter
from local.simulator.wire import Wire

_CODES = {401: "OAU-213", 403: "CMN-408", 404: "CMN-102", 429: "CMN-301", 503: "CMN-201"}
_OTHER_CODE = "CMN-203"


def asked_instead(request: Request, fault: Fault) -> Request:
    """Return the request that is served in place of the one that came."""
    if fault.ask_range is None:
        return request
    others = {name: value for name, value in request.headers.items() if name != "range"}
    ranged = {"range": fault.ask_range} if fault.ask_range else {}
    return replace(request, headers=others | ranged)


def replacement(fault: Fault) -> Answer | None:
    """Return what a fault answers instead of serving the request, None where it is served."""
    if fault.unanswered:
        return Answer(200, (), 0)  # nobody will see it
    if fault.status is None:
        return None
    if fault.body is not None:
        body = fault.body.encode()
        return Answer(fault.status, (body,), len(body))
    code = fault.code or _CODES.get(fault.status, _OTHER_CODE)
    return error_answer(fault.status, code, "Fault on demand", **fault.details)


def damaged(answer: Answer, fault: Fault, *, places: Mapping[str, str], now: datetime) -> Answer:
    """Return an answer as it leaves, with the fault's headers and its way; `places` as in Fault."""
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
    # A date has whole seconds: the next one, so that it never lies before the time is over.
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
    )
