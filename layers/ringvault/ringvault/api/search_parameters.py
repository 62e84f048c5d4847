"""The parameters of a search in a request, and the cursor of its next page."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ringvault.api.requests import NOT_A_CURSOR, bytes_in_url, refuse_unknown, text_for_url
from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.phone_number import ReadNumber, normalised_number, read_north_american
from ringvault.core.catalogue.recording import is_recording_id
from ringvault.core.errors import InvalidParameterError
from ringvault.core.instants import format_instant, parse_instant
from ringvault.core.playback.search import Search

DEFAULT_LIMIT = 50
MAX_A_PAGE = 100
# Each month of a search may be a query of its own, so both spans limit the cost of a request.
DEFAULT_SPAN = timedelta(days=366)
MAX_SPAN = timedelta(days=3660)
DIRECTIONS = ("Inbound", "Outbound")

_NAMES = ("from", "to", "extension", "phoneNumber", "direction", "state", "limit", "cursor")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NOT_AN_INSTANT = (
    "must be a date, 2026-10-01, or an instant with its zone, 2026-10-01T12:00:00Z"
    " (a plus sign is written %2B in a URL)"
)
_NOT_A_NUMBER = (
    "must be a phone number with + and country code, +16505550100 (a plus sign is written %2B in a"
    " URL), one of the stack's own country, or an extension number"
)

Parameters = Mapping[str, str]


def read_search(
    parameters: Parameters, *, now: datetime, read: ReadNumber = read_north_american
) -> Search:
    """Return the search that the parameters describe.

    A date means the whole UTC day, in `from` as in `to`. An instant in `from` is included, in `to`
    it is not. Without `to` the search ends now; without `from` it begins 366 days before its end.

    Raises:
        InvalidParameterError: a parameter is malformed, or not one of these.
    """
    refuse_unknown(parameters, _NAMES)
    after = _position(parameters.get("cursor"))
    before_at = _instant(parameters, "to", whole_day=True) or _whole_ms(now)
    from_at = _instant(parameters, "from", whole_day=False) or _default_from(before_at, after)
    _refuse_span(from_at, before_at, after)
    state = _one_of(parameters, "state", tuple(State))
    return Search(
        from_at=from_at,
        before_at=before_at,
        limit=_limit(parameters.get("limit")),
        after=after,
        number=_number(parameters.get("phoneNumber"), read),
        extension_id=_extension_id(parameters.get("extension")),
        direction=_one_of(parameters, "direction", DIRECTIONS),
        state=State(state) if state else None,
    )


def format_cursor(position: Position) -> str:
    """Return the text of `cursor` for continuing after `position`; opaque to listeners."""
    fields = [format_instant(position.started_at), position.recording_id]
    return text_for_url(json.dumps(fields).encode())


def _refuse_span(from_at: datetime, before_at: datetime, after: Position | None) -> None:
    if from_at >= before_at:
        raise InvalidParameterError("from", 'must be before "to", or before now without "to"')
    if before_at - from_at > MAX_SPAN:
        raise InvalidParameterError("from", f'must be within {MAX_SPAN.days} days before "to"')
    if after and not from_at <= after.started_at < before_at:
        raise InvalidParameterError("cursor", "must come from a search with the same from and to")


def _instant(parameters: Parameters, name: str, *, whole_day: bool) -> datetime | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            day_at = datetime.fromisoformat(text).replace(tzinfo=UTC)
            return day_at + timedelta(days=1) if whole_day else day_at
        return _whole_ms(parse_instant(text))
    except (ValueError, OverflowError) as error:
        raise InvalidParameterError(name, _NOT_AN_INSTANT) from error


def _whole_ms(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _default_from(before_at: datetime, after: Position | None) -> datetime:
    try:
        from_at = before_at - DEFAULT_SPAN
    except OverflowError as error:
        raise InvalidParameterError("to", "is before the year 1") from error
    # Now moves on between pages: the span must still contain the cursor.
    return min(from_at, after.started_at) if after else from_at


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or not 1 <= int(text) <= MAX_A_PAGE:
        raise InvalidParameterError("limit", f"must be a whole number from 1 to {MAX_A_PAGE}")
    return int(text)


def _number(text: str | None, read: ReadNumber) -> str | None:
    if text is None:
        return None
    number = normalised_number(text, read)
    if number is None:
        raise InvalidParameterError("phoneNumber", _NOT_A_NUMBER)
    return number


def _extension_id(text: str | None) -> str | None:
    # RingCentral's ids of extensions and of recordings have the same characters.
    if text is not None and not is_recording_id(text):
        raise InvalidParameterError("extension", "must be RingCentral's id of an extension")
    return text


def _one_of(parameters: Parameters, name: str, values: tuple[str, ...]) -> str | None:
    text = parameters.get(name)
    if text is not None and text not in values:
        raise InvalidParameterError(name, f"must be one of {', '.join(values)}")
    return text


def _position(cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        started_at, recording_id = json.loads(bytes_in_url(cursor))
        position = Position(_whole_ms(parse_instant(started_at)), recording_id)
        if is_recording_id(recording_id):
            return position
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidParameterError("cursor", NOT_A_CURSOR) from error
    raise InvalidParameterError("cursor", NOT_A_CURSOR)
