"""The query of a call-log request: its parameters, or which of them is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from local.ringcentral.http.answers import Request, invalid_parameter

_Value = TypeVar("_Value")

_DEFAULT_SPAN = timedelta(hours=24)
_MAX_PAGE = 1_000  # the maximum of the schema's paging.page
_DEFAULT_PER_PAGE = 100
_MAX_SIMPLE = 1_000
_MAX_DETAILED = 250


@dataclass(frozen=True, slots=True)
class CallLogQuery:
    """A valid query, with RingCentral's defaults for missing parameters.

    `recording_type` is None for calls with and without recordings.
    """

    detailed: bool
    started_from: datetime
    started_to: datetime
    recording_type: str | None
    directions: frozenset[str]
    types: frozenset[str]
    phone_number: str | None
    extension_number: str | None
    session_id: str | None
    telephony_session_id: str | None
    page: int
    per_page: int


def parse_query(request: Request, *, now: datetime) -> CallLogQuery:
    """Return the query of a request; unknown parameters are ignored.

    Raises:
        RefusalError: 400 CMN-101 that names the parameter.
    """
    detailed = _parsed(request, "view", _one_of("Simple", "Detailed"), "Simple") == "Detailed"
    started_to = _parsed(request, "dateTo", _instant, now)
    return CallLogQuery(
        detailed=detailed,
        started_from=_parsed(request, "dateFrom", _instant, started_to - _DEFAULT_SPAN),
        started_to=started_to,
        recording_type=_recording_type(request),
        directions=_several(request, "direction", "Inbound", "Outbound"),
        types=_several(request, "type", "Voice", "Fax"),
        phone_number=request.first("phoneNumber"),
        extension_number=request.first("extensionNumber"),
        session_id=request.first("sessionId"),
        telephony_session_id=request.first("telephonySessionId"),
        page=_parsed(request, "page", _page, 1),
        per_page=_per_page(request, max_per_page=_MAX_DETAILED if detailed else _MAX_SIMPLE),
    )


def _parsed(request: Request, name: str, parse: Callable[[str], _Value], default: _Value) -> _Value:
    text = request.first(name)
    if text is None:
        return default
    try:
        return parse(text)
    except ValueError as error:
        raise invalid_parameter(name, text) from error


def _several(request: Request, name: str, *allowed: str) -> frozenset[str]:
    values = request.query.get(name, allowed)
    for value in values:
        if value not in allowed:
            raise invalid_parameter(name, value)
    return frozenset(values)


def _recording_type(request: Request) -> str | None:
    with_recording = _parsed(request, "withRecording", _one_of("true", "false"), "false")
    default = "All" if with_recording == "true" else ""
    kinds = _one_of("Automatic", "OnDemand", "All")
    return _parsed(request, "recordingType", kinds, default) or None


def _per_page(request: Request, *, max_per_page: int) -> int:
    return min(max_per_page, _parsed(request, "perPage", _positive_or_max, _DEFAULT_PER_PAGE))


def _positive_or_max(text: str) -> int:
    return _MAX_SIMPLE if text == "max" else _positive(text)


def _page(text: str) -> int:
    page = _positive(text)
    if page > _MAX_PAGE:
        raise ValueError(text)
    return page


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError(text)
    return int(text)


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return parse


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant.astimezone(UTC)
