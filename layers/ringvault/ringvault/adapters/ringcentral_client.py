"""RingCentral's call log and media, through the quota gate and with the shared token."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import requests

from ringvault.adapters.rate_limit_groups import RateLimitGroups, RequestKind
from ringvault.adapters.ringcentral_answers import check, check_abroad, quota_of
from ringvault.adapters.ringcentral_transport import (
    MAX_URL_LENGTH,
    RingCentralTransport,
    body_of,
    chunks_of,
)
from ringvault.core.access_token import SharedAccessToken
from ringvault.core.call_log import CallLogPage
from ringvault.core.errors import (
    BodyInterruptedError,
    CredentialsError,
    PermissionLostError,
    RedirectRefusedError,
    ServiceUnavailableError,
    ThrottledError,
    TokenRejectedError,
)
from ringvault.core.instants import format_instant
from ringvault.core.quota_gate import Clock, QuotaGate, Turn
from ringvault.core.recording import CallLogRecord
from ringvault.core.recording_stream import MediaResponse
from ringvault.core.retention import MAX_PERIOD, Retention
from ringvault.core.windows import Window

# RingCentral's limit for Detailed until 2025; it may return fewer, so only its paging is trusted.
PER_PAGE = 250
# A permission comes back by a person's hand: until then, one request in a while for everybody.
PERMISSION_PAUSE = timedelta(minutes=5)
# The same for a service user whose credentials are refused, as long as others work.
REFUSED_USER_PAUSE = timedelta(minutes=15)
CREDENTIALS_REFUSED = "CredentialsRefused"
PERMISSION_LOST = "PermissionLost"
MOST_REDIRECTS = 3
# Whether dateTo includes its instant is not documented: a second more costs nothing.
BEYOND = timedelta(seconds=1)
_ABSURD = 10**9
# 64 KB for each of PER_PAGE records; parsed, it still fits into the memory of the functions.
MAX_PAGE_BYTES = 16 * 1024 * 1024
_MAX_SETTINGS_BYTES = 1024 * 1024

# 15 digits are a petabyte, and exact in every reader of JSON.
_LENGTH = re.compile(r"[0-9]{1,15}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")


class RingCentralClient:
    """Sends one request for each turn."""

    def __init__(
        self,
        *,
        server_url: str,
        transport: RingCentralTransport,
        gates: Mapping[RequestKind, QuotaGate],
        groups: RateLimitGroups,
        access_tokens: Mapping[str, SharedAccessToken],
        clock: Clock,
    ) -> None:
        """Send through the gate of a request's kind, with the token of whose turn it is."""
        self._alarms: list[str] = []
        self._server_url = server_url
        self._transport = transport
        self._gates = gates
        self._groups = groups
        self._access_tokens = access_tokens
        self._clock = clock

    def first_page(self, window: Window, turn: Turn) -> CallLogPage:
        """Return the first page of the recorded calls that started in the window."""
        return self.page(window, 1, turn)

    def page(self, window: Window, number: int, turn: Turn) -> CallLogPage:
        """Return that page of the recorded calls that started in the window; beyond the last, none.

        Seen of RingCentral: a page beyond the last is empty (ringcentral-python, issue 12).
        """
        parameters = {
            "view": "Detailed",
            "recordingType": "All",
            "dateFrom": format_instant(window.from_at),
            "dateTo": format_instant(window.to_at + BEYOND),
            "perPage": PER_PAGE,
            "page": number,
        }
        url = f"{self._server_url}/restapi/v1.0/account/~/call-log"
        return _page(self._get(url, kind=RequestKind.CALL_LOG, turn=turn, parameters=parameters))

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        """Return the page that an earlier one named as its next."""
        return _page(self._get(uri, kind=RequestKind.CALL_LOG, turn=turn))

    def retention(self, turn: Turn) -> Retention:
        """Return how long this account's recordings are kept.

        Raises:
            PermissionLostError: the app or the user may not read the account's settings; listing
                and archiving don't need it, so nobody is held back.
        """
        url = f"{self._server_url}/restapi/v1.0/account/~/call-recording"
        return _retention(self._get(url, kind=RequestKind.SETTINGS, turn=turn))

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        """Return the content from `offset` on, or from 0 where the server can't continue.

        Raises:
            RangeRefusedError: there is nothing at `offset`.
        """
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        return _media(self._get(content_uri, kind=RequestKind.MEDIA, turn=turn, headers=headers))

    def take_alarms(self) -> list[str]:
        """Return the names of what a person has to look at since the last time."""
        taken, self._alarms = self._alarms, []
        return taken

    def _get(
        self,
        url: str,
        *,
        kind: RequestKind,
        turn: Turn,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the answer at the end of all redirects.

        A redirect within RingCentral costs a turn like any request; one to another host is
        followed without the token.
        """
        self._transport.check_host(url)
        response = self._send(url, kind=kind, turn=turn, parameters=parameters, headers=headers)
        for _ in range(MOST_REDIRECTS):
            if not response.is_redirect:
                return response
            url = _target(url, response)
            response.close()
            if self._transport.is_configured(url):
                turn = self._gates[kind].reserve(latest=turn.latest)
                response = self._send(url, kind=kind, turn=turn, parameters=None, headers=headers)
            else:
                response = self._transport.send_abroad(url, headers=headers or {})
                check_abroad(response)
        if response.is_redirect:
            response.close()
            raise ServiceUnavailableError(f"more than {MOST_REDIRECTS} redirects")
        return response

    def _send(
        self,
        url: str,
        *,
        kind: RequestKind,
        turn: Turn,
        parameters: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> requests.Response:
        """Send when the turn has come.

        A rejected token is replaced once; a service user who is refused is left out.
        """
        may_replace_token = True
        while True:
            try:
                token = self._access_tokens[turn.service_user].current()
            except CredentialsError as refused:
                turn = self._turn_of_another(kind, turn, refused)
                continue
            # The token came first: signing in may take seconds, and a turn is used at once.
            ready = self._gates[kind].wait(turn)
            if ready.service_user != turn.service_user:
                turn = ready
                continue
            bearer = {"Authorization": f"Bearer {token.value}", "Accept": "*/*", **(headers or {})}
            response = self._transport.send(
                requests.Request("GET", url, params=parameters, headers=bearer)
            )
            try:
                self._check(response, kind, ready)
            except TokenRejectedError:
                self._access_tokens[turn.service_user].drop(token)
                if not may_replace_token:
                    raise
                may_replace_token = False
                turn = self._gates[kind].reserve(latest=turn.latest)
            else:
                return response

    def _turn_of_another(self, kind: RequestKind, turn: Turn, refused: CredentialsError) -> Turn:
        """Leave a refused service user out for a while; raises where there is no other."""
        self._alarms.append(CREDENTIALS_REFUSED)
        if len(self._access_tokens) == 1:
            raise refused
        self._close(turn.service_user, self._clock() + REFUSED_USER_PAUSE)
        return self._gates[kind].reserve(latest=turn.latest)

    def _check(self, response: requests.Response, kind: RequestKind, turn: Turn) -> None:
        """Learn from the answer, close the gate where it says so, raise what it means."""
        told = quota_of(response)
        # The limit of a group that is not believed says nothing of the one that is.
        if told is not None and self._groups.learn(kind, told.group):
            self._gates[kind].learn(
                turn, limit=told.limit, window=told.window, remaining=told.remaining
            )
        try:
            check(response, now=self._clock())
        except ThrottledError as error:
            if error.concerns_all_users:
                self._close_all(error.retry_at)
            else:
                self._gates[kind].close(turn.service_user, error.retry_at)
            raise
        except PermissionLostError as error:
            if kind is RequestKind.SETTINGS:
                raise
            self._alarms.append(PERMISSION_LOST)
            until = self._clock() + PERMISSION_PAUSE
            if error.concerns_all_users:
                self._close_all(until)
            else:
                self._close(turn.service_user, until)
            raise

    def _close_all(self, until: datetime) -> None:
        for gate in self._gates.values():
            gate.close_all(until)

    def _close(self, service_user: str, until: datetime) -> None:
        for gate in self._gates.values():
            gate.close(service_user, until)


def _target(url: str, redirect: requests.Response) -> str:
    try:
        target = urljoin(url, redirect.headers["Location"])
    except ValueError:
        raise RedirectRefusedError("a redirect leads to a malformed URL") from None
    if len(target) > MAX_URL_LENGTH:
        raise RedirectRefusedError(f"a redirect leads to a URL of {len(target)} characters")
    return target


def _json(response: requests.Response, *, called: str, max_bytes: int) -> Any:  # noqa: ANN401 - whatever came
    try:
        return json.loads(body_of(response, max_bytes=max_bytes))
    except (BodyInterruptedError, ValueError, RecursionError) as error:
        raise ServiceUnavailableError(f"{called} broke off") from error


def _page(response: requests.Response) -> CallLogPage:
    body = _json(response, called="a page of the call log", max_bytes=MAX_PAGE_BYTES)
    records, next_uri = _records(body), _next_uri(body)
    if records is None or len(next_uri or "") > MAX_URL_LENGTH:
        raise ServiceUnavailableError("a page of the call log is not what it should be")
    return CallLogPage(records=records, next_uri=next_uri)


def _retention(response: requests.Response) -> Retention:
    """Return the periods for automatic and on-demand recordings.

    A kind that is switched off may still have recordings: it counts for the longest period, and
    for the shortest only where no other does.
    """
    body = _json(response, called="the account's settings", max_bytes=_MAX_SETTINGS_BYTES)
    kinds = [_part(body, name) for name in ("automatic", "onDemand")]
    days = {number: days for number, kind in enumerate(kinds) if (days := _days(kind))}
    known = Retention()
    if not days:
        period, shortest = known.period, None
    else:
        enabled = [it for number, it in days.items() if kinds[number].get("enabled") is not False]
        period, shortest = timedelta(max(days.values())), timedelta(min(enabled or days.values()))
    return Retention(
        period=period,
        most_recordings=_count(kinds[0].get("maxNumberLimit")) or known.most_recordings,
        shortest_period=None if shortest == period else shortest,
    )


def _days(kind: Mapping[str, Any]) -> int | None:
    days = _count(kind.get("retentionPeriod"))
    return days if days is not None and days <= MAX_PERIOD.days else None


def _part(body: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401 - whatever came
    part = body.get(name) if isinstance(body, dict) else None
    return part if isinstance(part, dict) else {}


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value < _ABSURD else None


def _records(body: Any) -> Sequence[CallLogRecord] | None:  # noqa: ANN401 - whatever came
    records = body.get("records") if isinstance(body, dict) else None
    # One that is no object costs itself only: read_record names it.
    return records if isinstance(records, list) else None


def _next_uri(body: Any) -> str | None:  # noqa: ANN401 - whatever came
    for name in ("navigation", "nextPage", "uri"):
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) and body else None


def _media(response: requests.Response) -> MediaResponse:
    offset, total_bytes = 0, _length(response)
    if response.status_code == requests.codes.partial_content:
        offset, total_bytes = _content_range(response)
    return MediaResponse(
        offset=offset,
        total_bytes=total_bytes,
        content_type=response.headers.get("Content-Type", ""),
        chunks=chunks_of(response),
        has_end=total_bytes is not None or response.raw.chunked,
    )


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if _LENGTH.fullmatch(length) else None


def _content_range(response: requests.Response) -> tuple[int, int | None]:
    """Return where a 206 starts and how long the whole is."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        response.close()
        raise ServiceUnavailableError("RingCentral answered 206 without saying which part")
    return int(match[1]), None if match[3] == "*" else int(match[3])
