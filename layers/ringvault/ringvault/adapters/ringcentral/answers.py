"""Maps RingCentral's answers to our errors: status, error codes and quota headers."""

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

# Far above anything that RingCentral documents; a wrong header must not stop us forever.
MAX_PENALTY = timedelta(days=1)
RANGE_REFUSED = 416
# Not found and gone: they concern the recording only if the body has a code of RingCentral's.
_NEEDS_CODE = frozenset({404, 410})
_LENGTH_IN_RANGE = re.compile(r"bytes \*/(\d{1,15})")
# The app, and so every user of it, lacks a permission.
APP_SCOPE = "CMN-401"
_MAX_NUMBER = 9
_MAX_ERROR_BYTES = 64 * 1024
# Our messages repeat only error codes and permission names of a body, and only in this form: an
# answer may contain what it was sent, in any place.
_CODE = re.compile(r"[A-Z]{3}-\d{3}")
_PERMISSION = re.compile(r"Read[A-Z][A-Za-z]{2,30}")
# RFC 6749, 5.2.
_OAUTH_ERROR = re.compile(
    r"invalid_(request|client|grant|scope)|unauthorized_client|unsupported_grant_type"
)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error body that have the expected form; the others are empty."""

    code: str = ""
    oauth_error: str = ""
    permission: str = ""


def read_error(response: requests.Response) -> ErrorBody:
    """Read the body of an error and close it."""
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
    """Raise the error of the status; return for 200, 206 and redirects with the body unread.

    `Retry-After` counts with any status: no request is sent before its end, and nothing else is
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
    if status in _NEEDS_CODE or status >= requests.codes.server_error:
        raise ServiceUnavailableError(message)
    raise RequestRefusedError(message)


def _is_own_not_found(status: int, error: ErrorBody) -> bool:
    """Whether RingCentral itself, not a proxy, says that there is no such thing."""
    if status in _NEEDS_CODE:
        return bool(error.code)
    return status == requests.codes.bad_request and error.code == "CMN-102"


def _named_wait(response: requests.Response, now: datetime) -> timedelta | None:
    """Return the time that `Retry-After` names, None where it names none."""
    return _retry_after_header(response.headers.get("Retry-After", ""), now) or None


def check_abroad(response: requests.Response, *, now: datetime) -> None:
    """Raise unless the host of a redirect answered with content or another redirect.

    Its statements about permissions, quotas or missing files are not RingCentral's, and its
    `Retry-After` concerns this one recording.
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

    `Retry-After` in seconds or as an HTTP date. Where it is missing, the user's whole window,
    because a request during the penalty restarts it. At least 30 s there, and where the 429 has
    no quota headers, because then it comes from another limiter than the user's.
    """
    named = _retry_after_header(response.headers.get("Retry-After", ""), now)
    if named is None:
        message = quota_of(response)
        return max(MIN_PENALTY, message.window) if message else MIN_PENALTY
    return named if _is_users_own_limit(response) else max(named, MIN_PENALTY)


@dataclass(frozen=True, slots=True)
class QuotaHeaders:
    """The quota headers of an answer; `remaining` is None where it is missing.

    `group` is the header's text, empty where it is missing.
    """

    group: str
    limit: int
    window: timedelta
    remaining: int | None


def quota_of(response: requests.Response) -> QuotaHeaders | None:
    """Return the quota headers.

    None where limit or window is missing, or the window is longer than MAX_WINDOW: a quota that
    permits no request would never be corrected by another answer.
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
    """Return the total length that a 416 names."""
    match = _LENGTH_IN_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _is_users_own_limit(response: requests.Response) -> bool:
    """Whether the answer is of the user's own limit; other limiters send no quota headers."""
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
    """Return the first value of the expected form, an empty text where there is none."""
    texts = (value for value in values if isinstance(value, str))
    return next((text for text in texts if known.fullmatch(text)), "")
