"""What RingCentral's answers mean: status, error codes and quota headers as our errors."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from ringvault.adapters.ringcentral.transport import head_of
from ringvault.core.errors import (
    BodyInterruptedError,
    NotFoundError,
    PermissionLostError,
    RangeRefusedError,
    RequestRefusedError,
    RetryLaterError,
    ServiceUnavailableError,
    ThrottledError,
    TokenRejectedError,
)
from ringvault.core.quota.window import MAX_WINDOW, MIN_PENALTY

# Nothing that RingCentral documents comes near; a mistaken header must not stop us for good.
MAX_PENALTY = timedelta(days=1)
RANGE_REFUSED = 416
# Not found and gone: only with a code of RingCentral's do they say anything of the recording.
_SAYS_NOTHING = frozenset({404, 410})
_LENGTH_IN_RANGE = re.compile(r"bytes \*/(\d{1,15})")
# The app, and so every user of it, lacks a permission.
APP_SCOPE = "CMN-401"
_MAX_NUMBER = 9
_MAX_ERROR_BYTES = 64 * 1024
# Error codes and permission names are repeated in our messages, nothing else of a body is; and only
# what looks like one, for an answer may repeat in any place what it was sent.
_CODE = re.compile(r"[A-Z]{3}-\d{3}")
_PERMISSION = re.compile(r"Read[A-Z][A-Za-z]{2,30}")
# RFC 6749, 5.2.
_OAUTH_ERROR = re.compile(
    r"invalid_(request|client|grant|scope)|unauthorized_client|unsupported_grant_type"
)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error answer says of itself; empty where it says nothing that we trust."""

    code: str = ""
    oauth_error: str = ""
    permission: str = ""


def read_error(response: requests.Response) -> ErrorBody:
    """Return what the body of an error says, and close it."""
    try:
        body: Any = json.loads(head_of(response, max_bytes=_MAX_ERROR_BYTES))
        first: Any = (body.get("errors") or [{}])[0]
        return ErrorBody(
            code=_known(_CODE, first.get("errorCode"), body.get("errorCode")),
            oauth_error=_known(_OAUTH_ERROR, body.get("error")),
            permission=_known(_PERMISSION, first.get("permissionName"), body.get("permissionName")),
        )
    except (
        ValueError,
        AttributeError,
        LookupError,
        TypeError,
        RecursionError,  # nested deeper than Python goes
        BodyInterruptedError,
    ):
        return ErrorBody()


def check(response: requests.Response, *, now: datetime) -> None:
    """Raise what the status means; returns for 200, 206 and redirects with the body unread.

    `Retry-After` is obeyed with any status: nobody sends before its end, and nothing else is
    concluded from such an answer.

    Raises:
        TokenRejectedError, PermissionLostError, NotFoundError, ThrottledError, RetryLaterError,
        ServiceUnavailableError, RequestRefusedError: see each; the body is closed.
    """
    status = response.status_code
    if status in {200, 206} or response.is_redirect:
        return
    error = read_error(response)
    answer = str(status) + (f" ({error.code})" if error.code else "")
    message = f"RingCentral answered {answer}"
    if status == requests.codes.too_many_requests:
        raise ThrottledError(
            message,
            retry_at=now + retry_after(response, now=now),
            concerns_all_users=not _is_users_own_limit(response),
        )
    if (wait := _named_wait(response, now)) is not None:
        raise RetryLaterError(message, retry_at=now + wait, concerns_all_users=True)
    if status == requests.codes.unauthorized:
        raise TokenRejectedError(message)
    if status == requests.codes.forbidden:
        raise PermissionLostError(
            f"{message}: {_permission_advice(error)}",
            concerns_all_users=error.code == APP_SCOPE,
            answer=answer.replace("(", "").replace(")", ""),
        )
    if _is_own_not_found(status, error):
        raise NotFoundError(message)
    if status == RANGE_REFUSED:
        raise RangeRefusedError(message, total_bytes=_whole_length(response))
    if status in _SAYS_NOTHING or status >= requests.codes.server_error:
        raise ServiceUnavailableError(message)
    raise RequestRefusedError(message)


def _is_own_not_found(status: int, error: ErrorBody) -> bool:
    """Whether RingCentral itself says that there is no such thing, and not a proxy."""
    if status in _SAYS_NOTHING:
        return bool(error.code)
    return status == requests.codes.bad_request and error.code == "CMN-102"


def _named_wait(response: requests.Response, now: datetime) -> timedelta | None:
    """Return the time that `Retry-After` names, None where it names none."""
    return _retry_after_header(response.headers.get("Retry-After", ""), now) or None


def check_abroad(response: requests.Response, *, now: datetime) -> None:
    """Raise unless another host, which a redirect led to, answered with content or a redirect.

    What it says of permissions, quotas or missing files is nothing that RingCentral said, and the
    time that it names concerns this one recording.
    """
    if response.status_code not in {200, 206} and not response.is_redirect:
        response.close()
        message = f"the host of a redirect answered {response.status_code}"
        if response.status_code == RANGE_REFUSED:
            raise RangeRefusedError(message, total_bytes=_whole_length(response))
        if (wait := _named_wait(response, now)) is not None:
            raise RetryLaterError(message, retry_at=now + wait)
        raise ServiceUnavailableError(message)


def retry_after(response: requests.Response, *, now: datetime) -> timedelta:
    """Return how long to send nothing after a 429.

    `Retry-After` in seconds or as an HTTP date. Where it is missing, the user's whole window: a
    request sent during the penalty restarts it. 30 s at least there, and where no quota header
    comes with the 429, since then another limiter than the user's has spoken.
    """
    named = _retry_after_header(response.headers.get("Retry-After", ""), now)
    if named is None:
        message = quota_of(response)
        return max(MIN_PENALTY, message.window) if message else MIN_PENALTY
    return named if _is_users_own_limit(response) else max(named, MIN_PENALTY)


@dataclass(frozen=True, slots=True)
class QuotaHeaders:
    """What an answer says of the quota; `remaining` is None where it does not say.

    `group` is as the header has it, empty where there is none.
    """

    group: str
    limit: int
    window: timedelta
    remaining: int | None


def quota_of(response: requests.Response) -> QuotaHeaders | None:
    """Return what the headers say of the quota.

    None where they don't name limit and window, or a window longer than MAX_WINDOW: a quota that
    nothing may be sent in would never be corrected by another answer.
    """
    limit = _header_number(response, "X-Rate-Limit-Limit")
    window_s = _header_number(response, "X-Rate-Limit-Window")
    if not limit or not window_s or window_s > MAX_WINDOW.total_seconds():
        return None
    remaining = _header_number(response, "X-Rate-Limit-Remaining")
    group = response.headers.get("X-Rate-Limit-Group", "")
    return QuotaHeaders(group, limit, timedelta(seconds=window_s), remaining)


def _header_number(response: requests.Response, name: str) -> int | None:
    value = response.headers.get(name, "")
    is_number = value.isascii() and value.isdecimal() and len(value) < _MAX_NUMBER
    return int(value) if is_number else None


def _whole_length(response: requests.Response) -> int | None:
    """Return how long a 416 says that the whole is."""
    match = _LENGTH_IN_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _is_users_own_limit(response: requests.Response) -> bool:
    """Whether the user's own limit spoke; other limiters send no quota headers."""
    return "X-Rate-Limit-Group" in response.headers


def _retry_after_header(value: str, now: datetime) -> timedelta | None:
    if value.strip().isdecimal():
        return min(timedelta(seconds=int(value[:9])), MAX_PENALTY)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the second of a year with twenty digits
        return None
    until = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(timedelta(0), until - now), MAX_PENALTY)


def _permission_advice(error: ErrorBody) -> str:
    if error.code == APP_SCOPE:
        scope = error.permission or "ReadCallLog and ReadCallRecording"
        return f"give the app the permission {scope} in RingCentral's developer console"
    return "give the service user's role Company Call Log with access to recordings"


def _known(known: re.Pattern[str], *values: object) -> str:
    """Return the first of the values that looks as it should, nothing where none does."""
    texts = (value for value in values if isinstance(value, str))
    return next((text for text in texts if known.fullmatch(text)), "")
