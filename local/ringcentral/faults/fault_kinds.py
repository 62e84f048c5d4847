"""Every kind of fault by name, as data: its effect, and which requests it can strike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from local.ringcentral.faults.faults import Fault, RetryAfter
from local.ringcentral.faults.page_damage import PAGE_DAMAGES
from local.ringcentral.faults.record_damage import RECORD_DAMAGES
from local.ringcentral.faults.wire import Framing
from local.ringcentral.media.audio_disguises import DISGUISES


class Place(StrEnum):
    """What a request is for."""

    CONTENT = "content"
    CALL_LOG = "call-log"
    TOKEN = "token"  # noqa: S105 - a place


class Victim(StrEnum):
    """What chaos draws a kind for: each request, or permanently a recording or a record."""

    REQUEST = "request"
    RECORDING = "recording"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault, and the places that it can strike.

    Chaos keeps a `young_only` kind from recordings whose call ended long ago.
    """

    fault: Fault
    places: frozenset[Place]
    victim: Victim = Victim.REQUEST
    young_only: bool = False


# Less than the smallest recording has, so that a part is always missing.
_MIDDLE_BYTES = 10_000
_HTML = "<!doctype html><title>Sign in</title><p>Please sign in."
_HTML_TYPE = {"Content-Type": "text/html; charset=utf-8"}
_MANY_S = 30  # more than a patient client waits
_MAINTENANCE_S = 1_800
_PART_BYTES = 65_536
_TEN_YEARS_S = 10 * 365 * 86_400

_ANYWHERE = frozenset(Place)
_READING = frozenset({Place.CONTENT, Place.CALL_LOG})
_CONTENT = frozenset({Place.CONTENT})
_CALL_LOG = frozenset({Place.CALL_LOG})

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
    "maintenance": Fault(status=503, closes_for_s=_MAINTENANCE_S),
    "retry-after-absurd": Fault(status=503, headers={"Retry-After": str(_TEN_YEARS_S)}),
    "drip-head": Fault(drip_head_s=_MANY_S),
    "drip-body": Fault(drip_body_s=_MANY_S),
}
# Valid, but not in the API's documentation.
_UNFORESEEN = {
    "unforeseen-204": Fault(status=204, body=""),
    "unforeseen-205": Fault(status=205, body=""),
    "unforeseen-299": Fault(status=299, body=""),
    "unforeseen-304": Fault(status=304, body=""),
    "unforeseen-418": Fault(status=418),
    "continue-first": Fault(informational=100),
    "early-hints-first": Fault(informational=103),
}
_QUOTA_HEADERS = {
    "quota-absurd": Fault(
        headers={
            "X-Rate-Limit-Limit": "5000000",
            "X-Rate-Limit-Remaining": "0",
            "X-Rate-Limit-Window": str(_TEN_YEARS_S),
        }
    ),
    "quota-garbage": Fault(
        headers={
            "X-Rate-Limit-Limit": "ten",
            "X-Rate-Limit-Remaining": "-1",
            "X-Rate-Limit-Window": "NaN",
        }
    ),
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
_NOT_FOUND = Fault(status=404, code="CMN-102", details={"parameterName": "recordingId"})
_FORBIDDEN = Fault(status=403, code="CMN-408", details={"permissionName": "ReadCallRecordings"})
_OF_CONTENT = {
    "not-found-late": _NOT_FOUND,
    "not-found-page": Fault(status=404, body=_HTML, headers=_HTML_TYPE),
    "forbidden-recording": _FORBIDDEN,
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
    "type-binary-octet-stream": _redirect("{foreign}/binary/{recording}"),
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

_PAGES = {name: Fault(spoils=name) for name in PAGE_DAMAGES}
_RECORDS = {name: Fault(spoils=name) for name in RECORD_DAMAGES}
_OF_RECORDINGS = {
    "forbidden-forever": _FORBIDDEN,
    "parts": Fault(part_bytes=_PART_BYTES),
    **{name: Fault(disguise=name) for name in DISGUISES},
}


def _kinds(
    faults: Mapping[str, Fault],
    places: frozenset[Place],
    *,
    victim: Victim = Victim.REQUEST,
    young_only: bool = False,
) -> dict[str, FaultKind]:
    return {
        name: FaultKind(replace(fault, kind=name), places, victim, young_only)
        for name, fault in faults.items()
    }


KINDS: Mapping[str, FaultKind] = {
    **_kinds(_THROTTLED, _ANYWHERE),
    **_kinds(_FAILED, _ANYWHERE),
    **_kinds(_UNFORESEEN, _ANYWHERE),
    **_kinds(_QUOTA_HEADERS, _READING),
    **_kinds(_REFUSED, _READING),
    **_kinds(_BROKEN, _READING),
    **_kinds({"not-found": _NOT_FOUND}, _CONTENT, young_only=True),
    **_kinds(_OF_CONTENT, _CONTENT),
    **_kinds(_REDIRECTED, _CONTENT),
    **_kinds(_PAGES, _CALL_LOG),
    **_kinds(_OF_RECORDINGS, _CONTENT, victim=Victim.RECORDING),
    **_kinds(_RECORDS, _CALL_LOG, victim=Victim.RECORD),
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
