"""The call log: filter, order, page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from local.simulator.account import Account
from local.simulator.answers import Json, Request
from local.simulator.call_log_query import CallLogQuery, parse_query
from local.simulator.call_records import Writer
from local.simulator.calls import Call
from local.simulator.options import Options
from local.simulator.visibility import visibility_of


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the call log, and the recordings that it names."""

    document: Json
    recording_ids: frozenset[str]


def read_call_log(account: Account, options: Options, request: Request, *, now: datetime) -> Page:
    """Return the page that `request` asks for, newest call first, as the log stands at `now`.

    Raises:
        RefusalError: a parameter is invalid.
    """
    query = parse_query(request, now=now)
    found = list(_matching(account, options, query=query, now=now))
    start = (query.page - 1) * query.per_page
    calls = found[start : start + query.per_page]
    writer = Writer(request.base_url, account.id, query.detailed)
    document: Json = {
        "uri": _page_uri(request, query, page=query.page),
        "records": [
            writer.record(call, visibility=visibility_of(call, options), now=now) for call in calls
        ],
        "paging": _paging(query, start=start, count=len(calls)),
        "navigation": _navigation(request, query, more=len(found) > start + len(calls)),
    }
    return Page(document, _named(calls, options, detailed=query.detailed, now=now))


def _matching(
    account: Account, options: Options, *, query: CallLogQuery, now: datetime
) -> Iterator[Call]:
    for call in account.calls:
        if not query.started_from <= call.started_at <= query.started_to:
            continue
        seen = visibility_of(call, options)
        recorded = seen.recorded_at <= now
        if seen.listed_at <= now and _has(call, query) and _recorded_as(call, query, recorded):
            yield call


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


def _named(calls: list[Call], options: Options, *, detailed: bool, now: datetime) -> frozenset[str]:
    return frozenset(
        recording.id
        for call in calls
        if visibility_of(call, options).recorded_at <= now
        for recording in call.recordings()
        if detailed or recording is call.recording
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
