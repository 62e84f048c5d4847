"""Signs a service user in: RingCentral's SDK builds the request, our transport carries it.

The SDK's own sending has no timeout and puts the credentials into its exceptions' text.
"""

from collections.abc import Callable
from datetime import timedelta

import requests
from ringcentral.http.api_response import ApiResponse
from ringcentral.http.client import Client
from ringcentral.platform.platform import Platform

from ringvault.adapters.ringcentral_answers import ErrorBody, check, read_error
from ringvault.adapters.ringcentral_transport import RingCentralTransport
from ringvault.core.access_token import AccessToken
from ringvault.core.credentials import Credentials
from ringvault.core.errors import CredentialsError, ServiceUnavailableError, ThrottledError
from ringvault.core.quota_gate import Clock, QuotaGate

# Longer than the Auth window, so that a busy minute ends in a token and not in an error.
LONGEST_WAIT = timedelta(seconds=70)

_WHAT_IS_WRONG = {
    "invalid_client": "client_id or client_secret is wrong",
    "invalid_grant": "the jwt is wrong, expired, revoked or not for this app",
    "unauthorized_client": "the app has no JWT auth flow, or belongs to another environment",
}
_REFUSED = {400, 401, 403}


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
            ConfigurationError: the secret is not whole; nothing was sent.
            CredentialsError: RingCentral refuses; says which part and what to do.
            ThrottledError: too many sign-ins; the gate is closed.
        """
        credentials = self._credentials()
        jwt = credentials.jwts.get(self._service_user)
        if jwt is None:
            raise CredentialsError(f"{self._named}: the RingCentral secret no longer names it")
        self._gate.wait(self._gate.reserve(latest=self._clock() + LONGEST_WAIT))
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
            raise CredentialsError(f"{self._named}: {_refusal(read_error(response))}")
        try:
            check(response, now=self._clock())
        except ThrottledError as error:
            self._gate.close(self._service_user, error.retry_at)
            raise
        _check_token(response)
        return response


class _Client(Client):  # type: ignore[misc] # the SDK has no types
    """The SDK's client with our sending."""

    def __init__(self, carry: Callable[[requests.Request], requests.Response]) -> None:
        super().__init__()
        self._carry = carry

    def send(self, request: requests.Request) -> ApiResponse:
        """Send what the SDK has built."""
        return ApiResponse(request, self._carry(request))


def _check_token(response: requests.Response) -> None:
    """Raise unless the answer holds a token: the SDK would fail in a way of its own."""
    try:
        token = response.json()
        holds_token = isinstance(token["access_token"], str) and isinstance(
            token["expires_in"], int
        )
    except (
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
        requests.RequestException,
    ) as error:
        raise ServiceUnavailableError("RingCentral's sign-in answer holds no token") from error
    if not holds_token or not response.headers["Content-Type"].startswith("application/json"):
        raise ServiceUnavailableError("RingCentral's sign-in answer holds no token")


def _refusal(error: ErrorBody) -> str:
    told = " ".join(word for word in (error.oauth_error, error.code) if word)
    wrong = _WHAT_IS_WRONG.get(error.oauth_error, "client_id, client_secret or jwt is wrong")
    return f"RingCentral refuses the sign-in ({told}): {wrong}; correct the RingCentral secret"
