"""RingCentral's endpoints: route, authorise, count, answer."""

import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from local.simulator.access_tokens import AccessTokens
from local.simulator.account import Account
from local.simulator.answers import (
    Answer,
    RefusalError,
    Request,
    error_answer,
    json_answer,
    not_found,
    refusal,
)
from local.simulator.books import Books
from local.simulator.call_log import read_call_log
from local.simulator.call_records import Writer
from local.simulator.calls import RecordingFile
from local.simulator.content import content_answer
from local.simulator.faults import Fault, damaged, strike
from local.simulator.options import Group, Options, Scope
from local.simulator.rate_limits import RateLimits
from local.simulator.visibility import visibility_of

TOKEN_PATH = "/restapi/oauth/token"  # noqa: S105 - a path
_ACCOUNT_PATH = re.compile(r"/restapi/v1\.0/account/([^/]+)(/.*)")


@dataclass(frozen=True, slots=True)
class _Route:
    pattern: re.Pattern[str]
    group: Group
    scope: Scope
    answer: Callable[..., Answer]


class Api:
    """The account's API."""

    def __init__(
        self, *, options: Options, account: Account, books: Books, clock: Callable[[], datetime]
    ) -> None:
        self._faults: tuple[Fault, ...] = ()
        self._tokens = AccessTokens(options)
        self._options = options
        self._account = account
        self._books = books
        self._clock = clock
        self._limits = RateLimits(options.quotas)
        self._faults_lock = threading.Lock()
        log, settings, recording = (
            Scope.READ_CALL_LOG,
            Scope.READ_ACCOUNTS,
            Scope.READ_CALL_RECORDING,
        )
        self._routes = (
            _Route(re.compile("/call-log"), Group.HEAVY, log, self._call_log),
            _Route(re.compile("/call-recording"), Group.LIGHT, settings, self._settings),
            _Route(re.compile("/recording/([^/]+)"), Group.HEAVY, recording, self._metadata),
            _Route(re.compile("/recording/([^/]+)/content"), Group.HEAVY, recording, self._content),
        )

    def answer(self, request: Request) -> Answer:
        """Return the answer to any request, with the id that support would ask for."""
        try:
            answer = self._token(request) if request.path == TOKEN_PATH else self._api(request)
        except RefusalError as refused:
            answer = refused.answer
        return answer.with_headers({"RCRequestId": secrets.token_hex(12)})

    def inject(self, faults: tuple[Fault, ...]) -> None:
        """Put `faults` in place of all before."""
        with self._faults_lock:
            self._faults = faults

    def _token(self, request: Request) -> Answer:
        _check_method(request, "POST")
        user = self._tokens.user_named_by(request)
        return self._limited(request, user, Group.AUTH, self._sign_in)

    def _sign_in(self, request: Request) -> Answer:
        document = self._tokens.sign_in(request, now=self._clock())
        self._books.count_token()
        return json_answer(200, document).with_headers({"Cache-Control": "no-store"})

    def _api(self, request: Request) -> Answer:
        session = self._tokens.session_of(request, now=self._clock())
        account_id, route, arguments = self._route(request.path)

        def permitted(request: Request) -> Answer:
            _check_method(request, "GET")
            _check_scope(route.scope, session.scopes)
            if account_id not in ("~", self._account.id):
                raise not_found("accountId")
            return route.answer(request, *arguments)

        return self._limited(request, session.user, route.group, permitted)

    def _route(self, path: str) -> tuple[str, _Route, tuple[str, ...]]:
        match = _ACCOUNT_PATH.fullmatch(path)
        if match:
            for route in self._routes:
                found = route.pattern.fullmatch(match[2])
                if found:
                    return match[1], route, found.groups()
        raise refusal(404, "CMN-102", "Resource not found")

    def _limited(
        self, request: Request, user: str, group: Group, serve: Callable[[Request], Answer]
    ) -> Answer:
        verdict = self._limits.request(user, group=group, now_s=self._clock().timestamp())
        self._books.count_request(group, throttled=not verdict.granted)
        headers = self._limits.headers(group, verdict)
        if not verdict.granted:
            return error_answer(429, "CMN-301", "Request rate exceeded").with_headers(headers)
        try:
            answer = serve(request)
        except RefusalError as refused:
            answer = refused.answer
        answer = self._struck(answer, request.path)
        return (
            answer
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS
            else answer.with_headers(headers)
        )

    def _struck(self, answer: Answer, path: str) -> Answer:
        with self._faults_lock:
            fault, self._faults = strike(self._faults, path=path)
        return damaged(answer, fault) if fault else answer

    def _call_log(self, request: Request) -> Answer:
        page = read_call_log(self._account, self._options, request, now=self._clock())
        self._books.count_listed(page.recording_ids)
        return json_answer(200, page.document)

    def _settings(self, _request: Request) -> Answer:
        automatic = {"enabled": True, "retentionPeriod": 90, "maxNumberLimit": 100_000}
        on_demand = {"enabled": True, "retentionPeriod": 90}
        return json_answer(200, {"onDemand": on_demand, "automatic": automatic, "greetings": []})

    def _metadata(self, request: Request, recording_id: str) -> Answer:
        recording = self._available(recording_id)
        writer = Writer(request.base_url, self._account.id, detailed=False)
        document = {
            "id": recording.id,
            "contentUri": writer.content_uri(recording.id),
            "contentType": recording.audio.content_type,
            "duration": recording.audio.duration_s,
        }
        return json_answer(200, document)

    def _content(self, request: Request, recording_id: str) -> Answer:
        recording = self._available(recording_id)
        return content_answer(recording, request, bytes_per_second=self._options.bytes_per_second)

    def _available(self, recording_id: str) -> RecordingFile:
        recording = self._account.recordings.get(recording_id)
        if recording is None:
            raise not_found("recordingId")
        visibility = visibility_of(self._account.call_of[recording_id], self._options)
        if visibility.recorded_at > self._clock():
            raise not_found("recordingId")
        return recording


def _check_method(request: Request, allowed: str) -> None:
    if request.method != allowed:
        refused = refusal(405, "CMN-405", f"Method {request.method} is not allowed")
        raise RefusalError(refused.answer.with_headers({"Allow": allowed}))


def _check_scope(scope: Scope, granted: frozenset[str]) -> None:
    # ReadCallRecording includes ReadCallLog.
    enough = {scope.value}
    if scope is Scope.READ_CALL_LOG:
        enough.add(Scope.READ_CALL_RECORDING.value)
    if not enough & granted:
        raise refusal(
            403,
            "CMN-401",
            "In order to call this API endpoint, application needs to have "
            f"[{scope.value}] permission",
            permissionName=scope.value,
        )
