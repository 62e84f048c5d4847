"""An OpenID Connect issuer, simulated: its answer to each request."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from local.oidc.authorization import (
    Authorization,
    Client,
    RefusedError,
    UntrustedRequestError,
    authorization_of,
    is_verified,
    require_client,
)
from local.oidc.grants import Grant, Grants
from local.oidc.sign_in_page import fault_page, sign_in_page
from local.oidc.tokens import ID_TOKEN_LIFETIME_S, issue_token, public_keys
from local.oidc.users import USERS

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class TokenRefusedError(Exception):
    """The token endpoint refuses; the text is OAuth's name of the reason."""


class Issuer:
    """Signs in the ready-made users for one client.

    Args:
        url: the issuer's own address, without a slash at its end.
        client: the only client there is.
        grants: what has been handed out.
    """

    def __init__(self, url: str, *, client: Client, grants: Grants) -> None:
        self._url = url
        self._client = client
        self._grants = grants
        self._routes: dict[tuple[str, str], Callable[[Parameters, Parameters], Answer]] = {
            ("GET", "/.well-known/openid-configuration"): self._configuration,
            ("GET", "/keys"): self._keys,
            ("GET", "/authorize"): self._ask,
            ("POST", "/authorize"): self._send_back,
            ("POST", "/token"): self._token,
            ("GET", "/end-session"): self._end_session,
        }

    def answer(self, method: str, target: str, body: str) -> Answer:
        """Return the answer to a request for `target` with a form as its body."""
        parts = urlsplit(target)
        route = self._routes.get((method, parts.path))
        if route is None:
            return Answer(HTTPStatus.NOT_FOUND)
        try:
            return route(dict(parse_qsl(parts.query)), dict(parse_qsl(body)))
        except UntrustedRequestError as error:
            return _html(HTTPStatus.BAD_REQUEST, fault_page(str(error)))
        except RefusedError as error:
            reason = {"error": "invalid_request", "error_description": str(error)}
            return self._redirect(reason | {"state": error.state})
        except TokenRefusedError as error:
            return self._json({"error": str(error)}, status=HTTPStatus.BAD_REQUEST)

    def _configuration(self, _query: Parameters, _form: Parameters) -> Answer:
        return self._json(
            {
                "issuer": self._url,
                "authorization_endpoint": f"{self._url}/authorize",
                "token_endpoint": f"{self._url}/token",
                "jwks_uri": f"{self._url}/keys",
                "end_session_endpoint": f"{self._url}/end-session",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid", "profile"],
            }
        )

    def _keys(self, _query: Parameters, _form: Parameters) -> Answer:
        return self._json(public_keys())

    def _ask(self, query: Parameters, _form: Parameters) -> Answer:
        authorization_of(query, client=self._client)
        return _html(HTTPStatus.OK, sign_in_page(USERS.values()))

    def _send_back(self, query: Parameters, form: Parameters) -> Answer:
        authorization = authorization_of(query, client=self._client)
        if form.get("user") not in USERS:
            raise UntrustedRequestError("there is no such user")
        code = self._grants.code_for(Grant(form["user"], authorization))
        return self._redirect({"code": code, "state": authorization.state})

    def _token(self, _query: Parameters, form: Parameters) -> Answer:
        if form.get("client_id") != self._client.client_id:
            raise TokenRefusedError("invalid_client")
        if form.get("grant_type") == "authorization_code":
            return self._tokens_for_code(form)
        if form.get("grant_type") == "refresh_token":
            return self._renewed_tokens(form)
        raise TokenRefusedError("unsupported_grant_type")

    def _tokens_for_code(self, form: Parameters) -> Answer:
        grant = self._grants.redeem(form.get("code", ""))
        if grant is None or form.get("redirect_uri") != self._client.redirect_uri:
            raise TokenRefusedError("invalid_grant")
        authorization: Authorization = grant.authorization
        if not is_verified(authorization.challenge, verifier=form.get("code_verifier", "")):
            raise TokenRefusedError("invalid_grant")
        return self._tokens(
            grant.user,
            nonce=authorization.nonce,
            refresh_token=self._grants.refresh_token_for(grant.user),
        )

    def _renewed_tokens(self, form: Parameters) -> Answer:
        user = self._grants.user_of(form.get("refresh_token", ""))
        if user is None:
            raise TokenRefusedError("invalid_grant")
        return self._tokens(user)

    def _tokens(self, user: str, *, nonce: str | None = None, **more: str) -> Answer:
        return self._json(
            {
                "id_token": issue_token(user=user, issuer=self._url, nonce=nonce),
                # OAuth requires one; nothing here uses it.
                "access_token": secrets.token_urlsafe(16),
                "token_type": "Bearer",
                "expires_in": ID_TOKEN_LIFETIME_S,
                **more,
            }
        )

    def _end_session(self, query: Parameters, _form: Parameters) -> Answer:
        # There is no session to end: every sign-in asks for the user.
        require_client(query, client=self._client, redirect="post_logout_redirect_uri")
        return self._redirect({})

    def _redirect(self, parameters: Parameters) -> Answer:
        query = f"?{urlencode(parameters)}" if parameters else ""
        location = self._client.redirect_uri + query
        return Answer(HTTPStatus.SEE_OTHER, {"Location": location, "Cache-Control": "no-store"})

    def _json(self, body: dict[str, Any], *, status: HTTPStatus = HTTPStatus.OK) -> Answer:
        parts = urlsplit(self._client.redirect_uri)
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            "Access-Control-Allow-Origin": f"{parts.scheme}://{parts.netloc}",
        }
        return Answer(status, headers, json.dumps(body).encode())


def _html(status: HTTPStatus, page: str) -> Answer:
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _PAGE_POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Answer(status, headers, page.encode())
