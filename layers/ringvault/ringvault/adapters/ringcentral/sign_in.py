"""Signs a service user in: RingCentral's SDK builds the request, our transport sends it.

The SDK's own transport has no timeout and puts the credentials into the text of exceptions.
"""

import io
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta

import requests
from ringcentral.http.api_response import ApiResponse
from ringcentral.http.client import Client
from ringcentral.platform.platform import Platform

from ringvault.adapters.ringcentral.answers import ErrorBody, check, read_error
from ringvault.adapters.ringcentral.transport import RingCentralTransport, body_of
from ringvault.core.errors import (
    BodyInterruptedError,
    CredentialsError,
    ServiceUnavailableError,
    ThrottledError,
)
from ringvault.core.instants import Clock
from ringvault.core.quota.gate import QuotaGate
from ringvault.core.ringcentral.access_token import AccessToken
from ringvault.core.ringcentral.credentials import Credentials

# Longer than the Auth window, so that a used-up quota delays the sign-in and does not fail it.
MAX_WAIT = timedelta(seconds=70)

_WHAT_IS_WRONG = {
    "invalid_client": "client_id or client_secret is wrong",
    "invalid_grant": "the jwt is wrong, expired, revoked or not for this app",
    "unauthorized_client": "the app has no JWT auth flow, or belongs to another environment",
}
_REFUSED = {400, 401, 403}
# RingCentral's tokens live for an hour. A rejected token is replaced at once, so an overlong
# lifetime of up to a day is harmless.
MAX_LIFE_S = 24 * 3600
# Valid in a header, and no longer than KMS encrypts.
_TOKEN = re.compile(r"[!-~]{1,4096}")
MAX_TOKEN_ANSWER_BYTES = 64 * 1024
_CREDENTIALS_HINT = "get what it names from RingCentral's developer console: ringvault configure"


class RingCentralSignIn:
    """Exchanges the JWT credential for an access token."""

    def __init__(
        self,
        *,
        server_url: str,
        service_user: str,
        credentials: Callable[[], Credentials],
        transport: RingCentralTransport,
        gate: QuotaGate,
        clock: Clock,
    ) -> None:
        self._server_url = server_url
        self._service_user = service_user
        self._credentials = credentials
        self._transport = transport
        self._gate = gate
        self._clock = clock

    def __call__(self) -> AccessToken:
        """Return a new access token.

        Raises:
            ConfigurationError: the secret is incomplete; nothing was sent.
            CredentialsError: RingCentral refuses; names the wrong part and what to do.
            ThrottledError: too many sign-ins; the gate is closed.
            ServiceUnavailableError: there was no answer, or one without a token.
        """
        credentials = self._credentials()
        jwt = credentials.jwts.get(self._service_user)
        if jwt is None:
            problem = f"{self._named}: it is no longer in the RingCentral secret"
            raise CredentialsError(problem, hint=f"ringvault configure --user {self._service_user}")
        self._gate.wait(self._gate.reserve(latest=self._clock() + MAX_WAIT))
        platform = Platform(
            _Client(self._carry), credentials.client_id, credentials.client_secret, self._server_url
        )
        token = platform.login(jwt=jwt).json_dict()
        lives = timedelta(seconds=token["expires_in"])
        return AccessToken.minted(token["access_token"], at=self._clock(), lives=lives)

    @property
    def _named(self) -> str:
        return f"service user {self._service_user}"

    def _carry(self, request: requests.Request) -> requests.Response:
        response = self._transport.send(request)
        if response.status_code in _REFUSED:
            problem = f"{self._named}: {_refusal(read_error(response))}"
            raise CredentialsError(problem, hint=_CREDENTIALS_HINT)
        try:
            check(response, now=self._clock())
        except ThrottledError as error:
            self._gate.close(self._service_user, error.retry_at)
            raise
        return _token_answer(response)


class _Client(Client):  # type: ignore[misc] # the SDK has no types
    """The SDK's client with our transport."""

    def __init__(self, carry: Callable[[requests.Request], requests.Response]) -> None:
        super().__init__()
        self._carry = carry

    def send(self, request: requests.Request) -> ApiResponse:
        """Send the request that the SDK has built."""
        return ApiResponse(request, self._carry(request))


def _token_answer(response: requests.Response) -> requests.Response:
    """Return an answer with only the token and its lifetime, which the SDK can read.

    The SDK would process every field, and decompress and read the body without a limit.
    """
    body = _token_body(response)
    token, lives_s = body.get("access_token"), _life_s(body.get("expires_in"))
    if not _is_token(token) or lives_s is None:
        raise ServiceUnavailableError("RingCentral's sign-in answer has no valid token")
    answer = requests.Response()
    answer.status_code = response.status_code
    answer.headers["Content-Type"] = "application/json"
    answer.raw = io.BytesIO(json.dumps({"access_token": token, "expires_in": lives_s}).encode())
    return answer


def _token_body(response: requests.Response) -> Mapping[str, object]:
    """Return the JSON object of an answer, empty where it is not one."""
    is_json = response.headers.get("Content-Type", "").startswith("application/json")
    try:
        body: object = json.loads(body_of(response, max_bytes=MAX_TOKEN_ANSWER_BYTES))
    except (BodyInterruptedError, ValueError, RecursionError) as error:
        raise ServiceUnavailableError("RingCentral's sign-in answer has no valid token") from error
    return body if is_json and isinstance(body, dict) else {}


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _life_s(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        return None
    return min(value, MAX_LIFE_S)


def _refusal(error: ErrorBody) -> str:
    answer = " ".join(word for word in (error.oauth_error, error.code) if word)
    wrong = _WHAT_IS_WRONG.get(error.oauth_error, "client_id, client_secret or jwt is wrong")
    return f"RingCentral refuses the sign-in ({answer}): {wrong}; correct the RingCentral secret"
