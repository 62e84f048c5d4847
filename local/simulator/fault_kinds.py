"""Every kind of fault by name, as data: what it is, and which requests can meet it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from local.simulator.faults import Fault, RetryAfter
from local.simulator.wire import Framing


class Place(StrEnum):
    """What a request is for."""

    CONTENT = "content"
    CALL_LOG = "call-log"
    TOKEN = "token"  # noqa: S105 - a place


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that strikes anything, and the places that can meet it."""

    fault: Fault
    places: frozenset[Place]


# Less than the smallest recording has, so that something is always missing.
_MIDDLE_BYTES = 10_000
_HTML = "<!doctype html><title>Sign in</title><p>Please sign in."
_HTML_TYPE = {"Content-Type": "text/html; charset=utf-8"}
_MANY_S = 30  # more than a patient client waits

_ANYWHERE = frozenset(Place)
_READING = frozenset({Place.CONTENT, Place.CALL_LOG})
_CONTENT = frozenset({Place.CONTENT})

_THROTTLED = {
    "throttled": Fault(status=429, penalises=True),
    "throttled-date": Fault(status=429, penalises=True, retry_after=RetryAfter.DATE),
    "throttled-absent": Fault(status=429, penalises=True, retry_after=RetryAfter.ABSENT),
    "throttled-elsewhere": Fault(status=429),
}
_FAILED = {
    "internal-error": Fault(status=500),
    "internal-error-later": Fault(status=500, retry_after_s=5),
    "bad-gateway": Fault(status=502),
    "bad-gateway-later": Fault(status=502, retry_after_s=5),
    "unavailable": Fault(status=503),
    "unavailable-later": Fault(status=503, retry_after_s=5),
    "silent": Fault(silent_s=_MANY_S),
    "unanswered": Fault(unanswered=True),
    "unanswered-reset": Fault(unanswered=True, resets=True),
}
_REFUSED = {
    "token-unknown": Fault(status=401, code="OAU-213", drops_token=True),
    "scope-missing": Fault(
        status=403, code="CMN-401", details={"permissionName": "ReadCallRecording"}
    ),
    "role-missing": Fault(
        status=403, code="CMN-408", details={"permissionName": "ReadCompanyCallLog"}
    ),
}
_BROKEN = {
    "cut": Fault(cut_after_bytes=_MIDDLE_BYTES),
    "reset": Fault(cut_after_bytes=_MIDDLE_BYTES, resets=True),
    "stalled": Fault(stall_after_bytes=_MIDDLE_BYTES, stall_s=_MANY_S),
    "length-too-large": Fault(extra_bytes=1_000),
    "length-missing": Fault(framing=Framing.CLOSE),
    "length-missing-cut": Fault(framing=Framing.CLOSE, cut_after_bytes=_MIDDLE_BYTES),
    "chunked": Fault(framing=Framing.CHUNKED),
    "chunked-cut": Fault(framing=Framing.CHUNKED, cut_after_bytes=_MIDDLE_BYTES),
    "html": Fault(status=200, body=_HTML, headers=_HTML_TYPE),
    "json-error": Fault(status=200, code="CMN-203"),
}
_OF_CONTENT = {
    "not-found": Fault(status=404, code="CMN-102", details={"parameterName": "recordingId"}),
    "part-unasked": Fault(ranged=False, ask_range=f"bytes=0-{_MIDDLE_BYTES - 1}"),
    "range-ignored": Fault(ranged=True, ask_range=""),
    "range-refused": Fault(ranged=True, status=416, code="CMN-107"),
    "type-wrong": Fault(headers=_HTML_TYPE),
    "type-missing": Fault(headers={"Content-Type": None}),
    "type-octet-stream": Fault(headers={"Content-Type": "application/octet-stream"}),
}


def _redirect(location: str, *, status: int = 302) -> Fault:
    return Fault(status=status, body="", location=location)


_REDIRECTED = {
    "redirect": _redirect("{foreign}/recording/{recording}"),
    "redirect-307": _redirect("{foreign}/recording/{recording}", status=307),
    "redirect-three": _redirect("{foreign}/hops/2/{recording}"),
    "redirect-four": _redirect("{foreign}/hops/3/{recording}"),
    "redirect-html": _redirect("{foreign}/page"),
    "redirect-self": _redirect("{url}"),
    "redirect-loop": _redirect("{foreign}/loop/0"),
    "redirect-link-local": _redirect("http://169.254.169.254/latest/meta-data/"),
    "redirect-private": _redirect("http://10.0.0.1/{recording}"),
}

KINDS: Mapping[str, FaultKind] = {
    name: FaultKind(replace(fault, kind=name), places)
    for kinds, places in (
        (_THROTTLED, _ANYWHERE),
        (_FAILED, _ANYWHERE),
        (_REFUSED, _READING),
        (_BROKEN, _READING),
        (_OF_CONTENT, _CONTENT),
        (_REDIRECTED, _CONTENT),
    )
    for name, fault in kinds.items()
}


def fault_of_kind(kind: str, **changes: Any) -> Fault:  # noqa: ANN401 - any field of Fault
    """Return the fault of that kind, with fields of `Fault` changed.

    Raises:
        ValueError: no kind has that name.
        TypeError: `Fault` has no such field.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind of fault is named {kind!r}; there are {', '.join(KINDS)}")
    return replace(KINDS[kind].fault, **changes)


def parse_faults(documents: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Return faults from JSON objects with the fields of `Fault`; `kind` presets the others.

    Raises:
        TypeError: a field is unknown, or `path` is missing.
        ValueError: a kind, a framing or a form of `Retry-After` is unknown.
    """
    return tuple(_parsed(**document) for document in documents)


def _parsed(*, path: str, kind: str = "", **fields: Any) -> Fault:  # noqa: ANN401 - see Fault
    fault = replace(fault_of_kind(kind) if kind else Fault(), path=path, **fields)
    return replace(fault, framing=Framing(fault.framing), retry_after=RetryAfter(fault.retry_after))
