"""The call log: filter, order, page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from local.ringcentral.account.account import Account
from local.ringcentral.account.call_records import Writer, instant_text
from local.ringcentral.account.calls import Call
from local.ringcentral.account.rewriting import CallLogHistory, Logged
from local.ringcentral.call_log.call_log_query import CallLogQuery, parse_query
from local.ringcentral.http.answers import Json, Request

# A start is moved to the day before: so far is the call's first start from the queried one.
_MAX_MOVE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the call log, and its recordings."""

    document: Json
    recording_ids: frozenset[str]


def read_call_log(
    history: CallLogHistory, account: Account, request: Request, *, media_url: str, now: datetime
) -> Page:
    """Return the requested page, newest call first, as the log is at `now`.

    Content is on `media_url`.

    Raises:
        RefusalError: a parameter is invalid.
    """
    query = parse_query(request, now=now)
    matching = _matching(history, account, query=query, now=now)
    found = sorted(matching, key=lambda it: (it.call.started_at, it.call.id), reverse=True)
    start = (query.page - 1) * query.per_page
    page = found[start : start + query.per_page]
    writer = Writer(request.base_url, media_url, account.id, query.detailed)
    document: Json = {
        "uri": _page_uri(request, query, page=query.page),
        "records": [_record(logged, writer, now=now) for logged in page],
        "paging": _paging(query, start=start, count=len(page)),
        "navigation": _navigation(request, query, more=len(found) > start + len(page)),
    }
    return Page(document, _named(page, detailed=query.detailed, now=now))


def _record(logged: Logged, writer: Writer, *, now: datetime) -> Json:
    record = writer.record(logged.call, visibility=logged.visibility, now=now)
    if logged.rewritten_at and writer.detailed:
        modified = max(logged.rewritten_at, logged.visibility.last_change_before(now))
        record["lastModifiedTime"] = instant_text(modified)
    return logged.damage.change(record) if logged.damage else record


def _matching(
    history: CallLogHistory, account: Account, *, query: CallLogQuery, now: datetime
) -> Iterator[Logged]:
    for call in account.calls:
        if not query.started_from <= call.started_at <= query.started_to + _MAX_MOVE:
            continue
        logged = history.logged(call, now=now)
        if not query.started_from <= logged.call.started_at <= query.started_to:
            continue
        recorded = logged.visibility.recorded_at <= now
        if (
            logged.visibility.listed_at <= now
            and _has(logged.call, query)
            and _recorded_as(logged.call, query, recorded)
        ):
            yield logged


def _has(call: Call, query: CallLogQuery) -> bool:
    extension_number = call.extension.number if call.extension else None
    numbers = {call.outside_number, call.extension.phone_number if call.extension else None}
    return (
        "Voice" in query.types
        and call.direction in query.directions
        and query.session_id in (None, call.session_id)
        and query.telephony_session_id in (None, call.telephony_session_id)
        and query.extension_number in (None, extension_number)
        and (query.phone_number is None or f"+{query.phone_number}" in numbers)
    )


def _recorded_as(call: Call, query: CallLogQuery, recorded: bool) -> bool:  # noqa: FBT001 - a fact
    if query.recording_type is None:
        return True
    types = {recording.type for recording in call.recordings()}
    return recorded and bool(
        types if query.recording_type == "All" else types & {query.recording_type}
    )


def _named(page: list[Logged], *, detailed: bool, now: datetime) -> frozenset[str]:
    return frozenset(
        recording.id
        for logged in page
        if logged.visibility.recorded_at <= now and not logged.is_hidden
        for recording in logged.call.recordings()
        if detailed or recording is logged.call.recording
    )


def _paging(query: CallLogQuery, *, start: int, count: int) -> Json:
    paging: Json = {"page": query.page, "perPage": query.per_page}
    if count:
        paging |= {"pageStart": start, "pageEnd": start + count - 1}
    return paging


def _navigation(request: Request, query: CallLogQuery, *, more: bool) -> Json:
    pages = {"firstPage": 1}
    if more:
        pages["nextPage"] = query.page + 1
    if query.page > 1:
        pages["previousPage"] = query.page - 1
    return {name: {"uri": _page_uri(request, query, page=page)} for name, page in pages.items()}


def _page_uri(request: Request, query: CallLogQuery, *, page: int) -> str:
    """Return the request's own URI with another page: an open `dateTo` stays open."""
    asked = {**request.query, "page": [str(page)], "perPage": [str(query.per_page)]}
    return f"{request.base_url}{request.path}?{urlencode(asked, doseq=True)}"
