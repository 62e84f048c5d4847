"""RingCentral's API: authorise, count, apply faults, answer."""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from local.ringcentral.account.account import Account
from local.ringcentral.account.options import Group, Options, Scope
from local.ringcentral.books import Books
from local.ringcentral.faults.chaos import Subject
from local.ringcentral.faults.damage import asked_instead, damaged, replacement, spoiled
from local.ringcentral.faults.fault_kinds import Place
from local.ringcentral.faults.faults import Arrival, Fault
from local.ringcentral.faults.strikes import Strikes
from local.ringcentral.http.answers import (
    JSON_TYPE,
    Answer,
    RefusalError,
    Request,
    error_answer,
    json_answer,
    refusal,
)
from local.ringcentral.http.endpoints import Endpoints
from local.ringcentral.limits.access_tokens import AccessTokens
from local.ringcentral.limits.rate_limits import RateLimits

TOKEN_PATH = "/restapi/oauth/token"  # noqa: S105 - a path
_RECORDING = re.compile(r".*/recording/([^/]+)(/content)?")


class Api:
    """The account's API; `foreign_url` is where redirects lead."""

    def __init__(
        self,
        *,
        options: Options,
        account: Account,
        books: Books,
        foreign_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._tokens = AccessTokens(options)
        self._limits = RateLimits(options.quotas, clock=clock)
        self._strikes = Strikes(options.chaos, lasting=account.lasting)
        self._endpoints = Endpoints(
            options=options, account=account, books=books, foreign_url=foreign_url, clock=clock
        )
        self._account = account
        self._books = books
        self._foreign_url = foreign_url
        self._clock = clock

    def answer(self, request: Request) -> Answer:
        """Return the answer to any request, with an id for the support."""
        try:
            answer = self._token(request) if request.path == TOKEN_PATH else self._api(request)
        except RefusalError as refused:
            answer = refused.answer
        self._note_not_found(request, answer)
        return answer.with_headers({"RCRequestId": secrets.token_hex(12)})

    def _note_not_found(self, request: Request, answer: Answer) -> None:
        match = _RECORDING.fullmatch(request.path)
        is_own = answer.headers.get("Content-Type") == JSON_TYPE
        if answer.status == HTTPStatus.NOT_FOUND and match and is_own:
            self._books.count_not_found(match[1], at=self._clock())

    def inject(self, faults: tuple[Fault, ...]) -> None:
        """Replace all faults by `faults`."""
        self._strikes.set_faults(faults)

    def spend(self, requests: int, *, user: str, group: Group) -> int:
        """Count requests of another program in a user's name; return how many were granted.

        Raises:
            ValueError: no JWT has that number.
        """
        self._tokens.check_user(user)
        verdicts = [self._limits.request(user, group=group) for _ in range(requests)]
        self._books.count_others(user, requests=len(verdicts))
        return sum(verdict.granted for verdict in verdicts)

    def revoke(self, user: str) -> None:
        """Refuse a user's JWT from now on, and its tokens.

        Raises:
            ValueError: no JWT has that number.
        """
        self._tokens.revoke(user)

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
        target = self._endpoints.target(request.path)

        def permitted(request: Request) -> Answer:
            _check_method(request, "GET")
            _check_scope(target.route.scope, session.scopes)
            return self._endpoints.answer(request, target)

        return self._limited(request, session.user, target.route.group, permitted)

    def _limited(
        self, request: Request, user: str, group: Group, serve: Callable[[Request], Answer]
    ) -> Answer:
        verdict = self._limits.request(user, group=group)
        self._books.count_request(user, group, verdict)
        headers = self._limits.headers(group, verdict)
        if not verdict.granted:
            return error_answer(429, "CMN-301", "Request rate exceeded").with_headers(headers)
        arrival = Arrival(path=request.path, user=user, ranged="range" in request.headers)
        subject = self._subject(request.path)
        fault = self._strikes.next_fault(arrival, subject, now=self._clock())
        if fault is None:
            return _served(request, serve).with_headers(headers)
        if fault.status == HTTPStatus.TOO_MANY_REQUESTS:
            headers = self._penalty(user, group, fault)
        return self._struck(request, serve, fault=fault, headers=headers)

    def _penalty(self, user: str, group: Group, fault: Fault) -> dict[str, str]:
        """Start the penalty of a 429 that penalises; return its quota headers."""
        if not fault.penalises:
            return {}
        verdict = self._limits.close(user, group=group, penalty_s=fault.retry_after_s)
        return self._limits.headers(group, verdict)

    def _struck(
        self,
        request: Request,
        serve: Callable[[Request], Answer],
        *,
        fault: Fault,
        headers: Mapping[str, str],
    ) -> Answer:
        self._books.count_fault(fault.kind)
        if fault.drops_token:
            self._tokens.drop(request)
        answer = replacement(fault) or _served(asked_instead(request, fault), serve)
        answer = spoiled(answer, fault)
        return damaged(
            answer.with_headers(headers), fault, places=self._places(request), now=self._clock()
        )

    def _places(self, request: Request) -> dict[str, str]:
        match = _RECORDING.fullmatch(request.path)
        return {
            "url": request.base_url + request.path,
            "base": request.base_url,
            "foreign": self._foreign_url,
            "recording": match[1] if match else "",
        }

    def _subject(self, path: str) -> Subject | None:
        """Return the subject of chaos at a path."""
        if path == TOKEN_PATH:
            return Subject(name="token", place=Place.TOKEN)
        if path.endswith("/call-log"):
            return Subject(name="call-log", place=Place.CALL_LOG)
        match = _RECORDING.fullmatch(path)
        call = self._account.call_of.get(match[1]) if match and match[2] else None
        if not match or call is None:
            return None
        return Subject(name=match[1], place=Place.CONTENT, age=self._clock() - call.ended_at)


def _served(request: Request, serve: Callable[[Request], Answer]) -> Answer:
    try:
        return serve(request)
    except RefusalError as refused:
        return refused.answer


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
