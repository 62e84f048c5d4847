"""Sign-in: credentials in, access token out."""

import base64
import binascii
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from local.ringcentral.account.options import Options
from local.ringcentral.http.answers import Json, RefusalError, Request, json_answer

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
MAX_SESSIONS = 5
_FORM_TYPE = "application/x-www-form-urlencoded"
_MIN_S, _MAX_S = 600, 3_600


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in service user, identified by the number of the JWT."""

    access_token: str
    user: str
    scopes: frozenset[str]
    expires_at: datetime


class AccessTokens:
    """Issues access tokens and knows the valid ones; safe to use from several threads.

    `minted` has every token ever issued.
    """

    def __init__(self, options: Options) -> None:
        self.minted: list[str] = []
        self._options = options
        self._user_of = {jwt: str(number) for number, jwt in enumerate(options.jwts, start=1)}
        self._revoked: set[str] = set()
        self._sessions: dict[str, Session] = {}  # by access token, oldest first
        self._lock = threading.Lock()

    def sign_in(self, request: Request, *, now: datetime) -> Json:
        """Return the token document for a request with the right credentials.

        The sixth session of a user ends the oldest.

        Raises:
            RefusalError: 400, 401 or 415 with OAuth's error and RingCentral's code.
        """
        form = _form(request)
        self._check_client(request.headers.get("authorization", ""))
        user = self._user(form)
        session = self._session(user, form, now=now)
        with self._lock:
            self._keep(session, now=now)
        return _document(session, form, now=now)

    def revoke(self, user: str) -> None:
        """Refuse a user's JWT from now on; its tokens are invalid.

        Raises:
            ValueError: no JWT has that number.
        """
        self.check_user(user)
        with self._lock:
            self._revoked.add(user)
            for session in tuple(self._sessions.values()):
                if session.user == user:
                    del self._sessions[session.access_token]

    def check_user(self, user: str) -> None:
        """Check that a JWT has that number, revoked or not.

        Raises:
            ValueError: none has; says which there are.
        """
        if user not in self._user_of.values():
            raise ValueError(f"no service user {user!r}; there are 1 to {len(self._user_of)}")

    def drop(self, request: Request) -> None:
        """Make the request's token unknown before it expires; its user may sign in again."""
        _, _, token = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            self._sessions.pop(token, None)

    def user_named_by(self, request: Request) -> str:
        """Return the user of a sign-in request, even if it is refused: its Auth quota is used."""
        assertion = parse_qs(request.body.decode("utf-8", "replace")).get("assertion", [""])[0]
        return self._user_of.get(assertion, "nobody")

    def session_of(self, request: Request, *, now: datetime) -> Session:
        """Return the session of the request's bearer token.

        Raises:
            RefusalError: 401, with the reason.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            raise _refused_token("AGW-401", "Authorization header is not specified")
        if scheme.lower() != "bearer":
            raise _refused_token("AGW-402", "Authorization header is invalid")
        with self._lock:
            session = self._sessions.get(token)
        if session is None:
            raise _refused_token("OAU-213", "Token not found")
        if session.expires_at <= now:
            raise _refused_token("OAU-128", "Access token expired")
        return session

    def _check_client(self, authorization: str) -> None:
        client = _basic(authorization)
        if client is None:
            raise _refused_sign_in("invalid_client", "OAU-123", "Client authentication is required")
        if client[0] != self._options.client_id:
            raise _refused_sign_in("invalid_client", "OAU-153", "Invalid client application")
        if client[1] != self._options.client_secret:
            raise _refused_sign_in(
                "invalid_client", "OAU-125", "Invalid client credentials", status=401
            )

    def _user(self, form: dict[str, str]) -> str:
        if form.get("grant_type") != JWT_GRANT:
            raise _refused_sign_in("unsupported_grant_type", "OAU-250", "Unsupported grant type")
        if "assertion" not in form:
            raise _refused_sign_in("invalid_request", "CMN-101", "Parameter [assertion] is missing")
        user = self._user_of.get(form["assertion"])
        if user is None or user in self._revoked:
            raise _refused_sign_in("invalid_grant", "OAU-331", "Assertion is invalid")
        return user

    def _session(self, user: str, form: dict[str, str], *, now: datetime) -> Session:
        asked_s = form.get("access_token_ttl", "")
        ttl_s = min(max(int(asked_s), _MIN_S), _MAX_S) if asked_s.isdigit() else _MAX_S
        scopes = {scope.value for scope in self._options.scopes}
        if form.get("scope"):
            scopes &= set(form["scope"].split())
        lifetime = timedelta(seconds=min(ttl_s, self._options.token_lifetime_s))
        return Session(secrets.token_urlsafe(32), user, frozenset(scopes), now + lifetime)

    def _keep(self, session: Session, *, now: datetime) -> None:
        others = [one for one in self._sessions.values() if one.user == session.user]
        living = [one for one in others if one.expires_at > now]
        for ended in living[: max(0, len(living) + 1 - MAX_SESSIONS)]:
            del self._sessions[ended.access_token]
        self._sessions[session.access_token] = session
        self.minted.append(session.access_token)


def _document(session: Session, form: dict[str, str], *, now: datetime) -> Json:
    return {
        "access_token": session.access_token,
        "token_type": "bearer",
        "expires_in": int((session.expires_at - now).total_seconds()),
        "scope": " ".join(sorted(session.scopes)),
        "owner_id": f"60000000{session.user}",
        "endpoint_id": form.get("endpoint_id", secrets.token_urlsafe(16)),
        "session_id": secrets.token_hex(12),
    }


def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
        raise RefusalError(
            json_answer(415, {"errors": [{"errorCode": "CMN-415", "message": "Send a form"}]})
        )
    fields = parse_qs(request.body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (client_id, secret) if scheme.lower() == "basic" and colon else None


def _refused_sign_in(error: str, code: str, message: str, *, status: int = 400) -> RefusalError:
    document = {
        "error": error,
        "error_description": message,
        "errors": [{"errorCode": code, "message": message}],
    }
    return RefusalError(json_answer(status, document))


def _refused_token(code: str, message: str) -> RefusalError:
    document = {
        "errorCode": "TokenInvalid",
        "message": message,
        "errors": [{"errorCode": code, "message": message}],
    }
    return RefusalError(json_answer(401, document))
