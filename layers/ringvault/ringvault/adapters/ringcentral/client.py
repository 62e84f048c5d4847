"""RingCentral's call log and media, through the quota gate and with the shared token."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import requests

from ringvault.adapters.ringcentral.answers import check, check_abroad, quota_of
from ringvault.adapters.ringcentral.rate_limit_groups import RateLimitGroups, RequestKind
from ringvault.adapters.ringcentral.transport import (
    MAX_URL_LENGTH,
    RingCentralTransport,
    body_of,
    chunks_of,
)
from ringvault.core.archiving.recording_stream import MediaResponse
from ringvault.core.archiving.refusals import Refusals
from ringvault.core.catalogue.recording import CallLogRecord
from ringvault.core.errors import (
    BodyInterruptedError,
    CredentialsError,
    ForeignHostError,
    PermissionLostError,
    RecordingRefusedError,
    RedirectRefusedError,
    RetryLaterError,
    RingvaultError,
    ServiceUnavailableError,
    ThrottledError,
    TokenRejectedError,
)
from ringvault.core.instants import Clock, format_instant
from ringvault.core.quota.gate import QuotaGate, Turn
from ringvault.core.ringcentral.access_token import SharedAccessToken
from ringvault.core.ringcentral.call_log import CallLogPage
from ringvault.core.ringcentral.retention import MAX_PERIOD, Retention
from ringvault.core.spans import Span

# RingCentral's limit for Detailed until 2025; it may return fewer, so only its paging counts.
PER_PAGE = 250
# A person has to restore a permission: until then, requests are sent at this interval.
PERMISSION_PAUSE = timedelta(minutes=5)
# The same for a service user whose credentials are refused, while others work.
REFUSED_USER_PAUSE = timedelta(minutes=15)
CREDENTIALS_REFUSED = "CredentialsRefused"
PERMISSION_LOST = "PermissionLost"
MAX_REDIRECTS = 3
# The longest wait for the turn of a probe; an archiver waits as long for its own turn.
PROBE_WAIT = timedelta(seconds=150)
# It is not documented whether dateTo includes its instant; a second more costs nothing.
BEYOND = timedelta(seconds=1)
_ABSURD = 10**9
# 64 KB for each of PER_PAGE records; parsed, it still fits into the memory of the functions.
MAX_PAGE_BYTES = 16 * 1024 * 1024
_MAX_SETTINGS_BYTES = 1024 * 1024
_MAX_WAITING_ALONE = 1_000

# 15 digits are a petabyte, and exact in every reader of JSON.
_LENGTH = re.compile(r"[0-9]{1,15}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")


@dataclass(frozen=True, slots=True)
class _Get:
    """A request; `begun_at` is its URL before any redirects."""

    kind: RequestKind
    url: str
    begun_at: str
    parameters: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_probe: bool = False

    def redirected(self, url: str) -> "_Get":
        return replace(self, url=url, parameters=None)


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
        """Send through the gate of a request's kind, with the token of the turn's service user."""
        self._alarms: list[str] = []
        self._server_url = server_url
        self._transport = transport
        self._gates = gates
        self._groups = groups
        self._access_tokens = access_tokens
        self._clock = clock
        # For each service user, as this container has seen them.
        self._refusals: defaultdict[str, Refusals] = defaultdict(Refusals)
        # Contents with a Retry-After since any content was served; and those after which another
        # was served: a further Retry-After of theirs delays no other content.
        self._waiting: set[str] = set()
        self._waiting_alone: set[str] = set()

    def first_page(self, span: Span, turn: Turn) -> CallLogPage:
        """Return the first page of the recorded calls that started in the span."""
        return self.page(span, 1, turn)

    def page(self, span: Span, number: int, turn: Turn) -> CallLogPage:
        """Return a page of the recorded calls that started in the span; empty beyond the last.

        Observed: a page beyond the last is empty (ringcentral-python, issue 12).
        """
        parameters = {
            "view": "Detailed",
            "recordingType": "All",
            "dateFrom": format_instant(span.from_at),
            "dateTo": format_instant(span.to_at + BEYOND),
            "perPage": PER_PAGE,
            "page": number,
        }
        url = f"{self._server_url}/restapi/v1.0/account/~/call-log"
        return _page(self._get(_Get(RequestKind.CALL_LOG, url, url, parameters), turn))

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        """Return the page that an earlier one named as its next."""
        return _page(self._get(_Get(RequestKind.CALL_LOG, uri, uri), turn))

    def retention(self, turn: Turn) -> Retention:
        """Return how long this account's recordings are kept.

        Raises:
            PermissionLostError: the app or the user may not read the account's settings; listing
                and archiving don't need it, so requests continue.
        """
        url = f"{self._server_url}/restapi/v1.0/account/~/call-recording"
        return _retention(self._get(_Get(RequestKind.SETTINGS, url, url), turn))

    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        """Return the content from `offset` on, or from 0 where the server can't continue.

        Raises:
            ForeignHostError: the content is on a host that is not configured.
            RangeRefusedError: there is nothing at `offset`.
            RecordingRefusedError: this recording is refused; no others are known to be.
            PermissionLostError: several recordings are refused; all requests pause.
        """
        self._check_media_host(content_uri)
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        request = _Get(RequestKind.MEDIA, content_uri, content_uri, headers=headers)
        return _media(self._get(request, turn))

    def take_alarms(self) -> list[str]:
        """Return the names of the problems for a person since the last call."""
        taken, self._alarms = self._alarms, []
        return taken

    def _check_media_host(self, content_uri: str) -> None:
        try:
            self._transport.check_host(content_uri)
        except ForeignHostError as error:
            raise ForeignHostError(
                f"{error}, which is not the media host of this stack: where it is RingCentral's,"
                " set the parameter RingCentralMediaUrl to it (ringvault doctor has the value)"
            ) from error

    def _get(self, request: _Get, turn: Turn) -> requests.Response:
        """Return the answer at the end of all redirects.

        A redirect within RingCentral costs a turn like any request; one to another host is
        followed without the token.
        """
        self._transport.check_host(request.url)
        response = self._send(request, turn)
        for _ in range(MAX_REDIRECTS):
            if not response.is_redirect:
                return response
            request = request.redirected(_target(request.url, response))
            response.close()
            if self._transport.is_configured(request.url):
                turn = self._gates[request.kind].reserve(latest=turn.latest)
                response = self._send(request, turn)
            else:
                response = self._transport.send_abroad(request.url, headers=request.headers)
                check_abroad(response, now=self._clock())
        if response.is_redirect:
            response.close()
            raise ServiceUnavailableError(f"more than {MAX_REDIRECTS} redirects")
        return response

    def _send(self, request: _Get, turn: Turn) -> requests.Response:
        """Send at the turn's time.

        A rejected token is replaced once; a refused service user is excluded for a while.
        """
        gate, may_replace_token = self._gates[request.kind], True
        while True:
            try:
                token = self._access_tokens[turn.service_user].current()
            except CredentialsError as refused:
                turn = self._turn_of_another(request.kind, turn, refused)
                continue
            # The token comes first: signing in may take seconds, and a turn must be used at once.
            ready = gate.wait(turn)
            if ready.service_user != turn.service_user:
                turn = ready
                continue
            bearer = {"Authorization": f"Bearer {token.value}", "Accept": "*/*", **request.headers}
            response = self._transport.send(
                requests.Request("GET", request.url, params=request.parameters, headers=bearer)
            )
            if response.status_code == requests.codes.unauthorized:
                self._access_tokens[turn.service_user].drop(token)
            try:
                self._check(response, request, ready)
            except TokenRejectedError:
                if not may_replace_token:
                    raise
                may_replace_token = False
                turn = gate.reserve(latest=turn.latest)
            else:
                return response

    def _turn_of_another(self, kind: RequestKind, turn: Turn, refused: CredentialsError) -> Turn:
        """Exclude a refused service user for a while; raise where there is no other."""
        self._alarms.append(CREDENTIALS_REFUSED)
        if len(self._access_tokens) == 1:
            raise refused
        self._close(turn.service_user, self._clock() + REFUSED_USER_PAUSE)
        return self._gates[kind].reserve(latest=turn.latest)

    def _check(self, response: requests.Response, request: _Get, turn: Turn) -> None:
        """Update the quota, close the gate if needed, and raise the error of the answer."""
        reported = quota_of(response)
        # The limit of another group does not apply to the known one.
        if reported is not None and self._groups.learn(request.kind, reported.group):
            self._gates[request.kind].learn(
                turn, limit=reported.limit, window=reported.window, remaining=reported.remaining
            )
        try:
            check(response, now=self._clock())
        except ThrottledError as error:
            self._close_for(error, request, turn)
            raise
        except PermissionLostError as error:
            if request.kind is RequestKind.MEDIA:
                self._check_refusal(request, turn, error)
            if request.kind is not RequestKind.SETTINGS:
                self._pause(turn, error, PERMISSION_PAUSE)
            raise
        if request.kind is RequestKind.MEDIA:
            self._learn_served(request, turn)

    def _close_for(self, error: ThrottledError, request: _Get, turn: Turn) -> None:
        """Close the gates of all requests that would get the same answer."""
        if not error.concerns_all_users:
            self._gates[request.kind].close(turn.service_user, error.retry_at)
        elif request.begun_at not in self._waiting_alone:
            if isinstance(error, RetryLaterError):
                self._waiting.add(request.begun_at)
            self._close_all(error.retry_at)

    def _learn_served(self, request: _Get, turn: Turn) -> None:
        """Note that this recording was served: earlier waits concern their recordings alone."""
        self._refusals[turn.service_user].serve(request.begun_at)
        self._waiting_alone = (self._waiting | self._waiting_alone) - {request.begun_at}
        self._waiting = set()
        if len(self._waiting_alone) > _MAX_WAITING_ALONE:
            self._waiting_alone = set()

    def _check_refusal(self, request: _Get, turn: Turn, error: PermissionLostError) -> None:
        """Raise the error for a refused recording.

        One refusal concerns the recording. After a second, different one in a row, a probe asks
        for a recording that was served before; only if that fails, all requests pause.
        """
        refused = RecordingRefusedError(
            f"RingCentral refuses this recording ({error.answer})", hint=str(error)
        )
        refusals = self._refusals[turn.service_user]
        if request.is_probe:
            raise refused
        refusals.refuse(request.begun_at)
        if refusals.is_in_doubt and refusals.is_probe_due(self._clock()):
            self._probe(refusals, turn)
        if not refusals.is_in_doubt or refusals.is_permitted(self._clock()):
            raise refused
        self._pause(turn, error, refusals.pause)
        raise error

    def _probe(self, refusals: Refusals, refused: Turn) -> None:
        """Ask for one byte of a recording that this service user was served before."""
        uri = refusals.served_uri
        if uri is None:
            return
        headers = {"Range": "bytes=0-0"}
        request = _Get(RequestKind.MEDIA, uri, uri, headers=headers, is_probe=True)
        # Other errors say nothing about the permission; a throttle closes the gate.
        with suppress(RingvaultError):
            turn = self._gates[RequestKind.MEDIA].reserve(
                latest=self._clock() + PROBE_WAIT, service_user=refused.service_user
            )
            refusals.begin_probe(self._clock())
            self._send(request, turn).close()
            if not refusals.is_in_doubt:
                refusals.end_probe()

    def _pause(self, turn: Turn, error: PermissionLostError, pause: timedelta) -> None:
        self._alarms.append(PERMISSION_LOST)
        until = self._clock() + pause
        if error.concerns_all_users:
            self._close_all(until)
        else:
            self._close(turn.service_user, until)

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


def _json(response: requests.Response, *, label: str, max_bytes: int) -> Any:  # noqa: ANN401 - whatever came
    try:
        return json.loads(body_of(response, max_bytes=max_bytes))
    except (BodyInterruptedError, ValueError, RecursionError) as error:
        raise ServiceUnavailableError(f"{label} is incomplete or not JSON") from error


def _page(response: requests.Response) -> CallLogPage:
    body = _json(response, label="a page of the call log", max_bytes=MAX_PAGE_BYTES)
    records, next_uri = _records(body), _next_uri(body)
    if records is None or len(next_uri or "") > MAX_URL_LENGTH:
        raise ServiceUnavailableError("a page of the call log has an unexpected form")
    return CallLogPage(records=records, next_uri=next_uri)


def _retention(response: requests.Response) -> Retention:
    """Return the periods for automatic and on-demand recordings.

    A disabled kind may still have recordings: it counts for the longest period, and for the
    shortest only where no kind is enabled.
    """
    body = _json(response, label="the account's settings", max_bytes=_MAX_SETTINGS_BYTES)
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
        max_recordings=_count(kinds[0].get("maxNumberLimit")) or known.max_recordings,
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
    # An entry that is not an object costs no other: read_record names it.
    return records if isinstance(records, list) else None


def _next_uri(body: Any) -> str | None:  # noqa: ANN401 - whatever came
    for name in ("navigation", "nextPage", "uri"):
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) and body else None


def _media(response: requests.Response) -> MediaResponse:
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        response.close()
        raise ServiceUnavailableError(
            "RingCentral answered with a content encoding that was not requested"
        )
    offset, total_bytes, part_end = 0, _length(response), None
    if response.status_code == requests.codes.partial_content:
        offset, part_end, total_bytes = _content_range(response)
    has_last_chunk = response.raw.chunked and part_end is None
    return MediaResponse(
        offset=offset,
        total_bytes=total_bytes,
        content_type=response.headers.get("Content-Type", ""),
        chunks=chunks_of(response),
        has_end=total_bytes is not None or has_last_chunk,
        part_end=part_end,
    )


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if _LENGTH.fullmatch(length) else None


def _content_range(response: requests.Response) -> tuple[int, int, int | None]:
    """Return start and end of a 206, and the total length."""
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        response.close()
        raise ServiceUnavailableError("RingCentral answered 206 without a valid Content-Range")
    return int(match[1]), int(match[2]) + 1, None if match[3] == "*" else int(match[3])
