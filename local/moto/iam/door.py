"""The door before moto: a role passes with its permissions only.

moto's own check takes most resources for `*`, and answers 500 to presigned URLs. This one knows
roles by the keys that STS issued; any other key is the administrator's and has all rights.
Neither checks signatures.
"""

import json
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from local.moto.iam.actions import asked_of
from local.moto.iam.bucket_key import asked_of_key
from local.moto.iam.conditions import PolicyError
from local.moto.iam.judge import Caller, caller_with, judge
from local.moto.iam.policy import Asked, Decision
from local.moto.iam.refusal import RefusedError, answer_of
from local.moto.iam.request import Request, UnknownOperationError, query_of
from local.moto.iam.s3 import listing_of, reads_body

# The prefix of the access keys of a role's sessions; no other key has it.
OF_A_SESSION = "ASIA"
_NOT_AWS = "/moto-api/"
_CHUNK_BYTES = 1024 * 1024
Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]


class Door:
    """A WSGI application before another.

    `log_path` is a file that gets a line of JSON for every action of a role: role,
    action, resource, whether it was allowed, and the Sids of the statements that decided.
    """

    def __init__(self, aws: App, *, log_path: Path | None = None) -> None:
        self._aws = aws
        self._log_path = log_path
        self._turn = threading.Lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own
        """Let moto answer, or answer in its place."""
        if environ["REQUEST_METHOD"] == "OPTIONS" or environ["PATH_INFO"].startswith(_NOT_AWS):
            return self._aws(environ, start_response)
        request = _request_of(environ)
        try:
            caller = _caller(request)
            if caller is None:
                return self._aws(environ, start_response)
            asked = self._granted([*_asked_of(request)], caller)
            return self._answered(asked, caller, environ, start_response)
        except RefusedError as refused:
            _drain(environ)
            _, service = request.credential
            answer = answer_of(refused, service=service)
            start_response(answer.status, answer.headers)
            return [] if request.method == "HEAD" else [answer.body]

    def _granted(self, asked: Sequence[Asked], caller: Caller) -> Sequence[Asked]:
        """Return the actions, all of which are granted; RefusedError if one isn't."""
        for it in asked:
            decision = _decision(it, caller)
            self._note(it, caller, decision)
            if not decision.is_allowed:
                why = "with an explicit deny" if decision.by else "because no policy allows it"
                who_not = f"User: {caller.arn} is not authorized to perform: {it.action}"
                raise RefusedError("AccessDenied", f"{who_not} on resource: {it.resource} {why}")
        return asked

    def _answered(
        self,
        asked: Sequence[Asked],
        caller: Caller,
        environ: Environ,
        start_response: Any,  # noqa: ANN401 - WSGI's own
    ) -> Iterable[bytes]:
        """Let moto answer; S3 says that an object is missing only to callers who may list keys."""
        started: list[Any] = []
        body = self._aws(environ, lambda *start: started.append(start))
        if started[0][0].startswith("404"):
            self._granted([listing for it in asked if (listing := listing_of(it))], caller)
        start_response(*started[0])
        return body

    def _note(self, asked: Asked, caller: Caller, decision: Decision) -> None:
        if self._log_path is None:
            return
        line = {
            "role": caller.role,
            "action": asked.action,
            "resource": asked.resource,
            "allowed": decision.is_allowed,
            "by": decision.by,
        }
        with self._turn, self._log_path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def _caller(request: Request) -> Caller | None:
    """Return the role of a request, None for the administrator; RefusedError if unsigned."""
    access_key, _ = request.credential
    if not access_key:
        code = "MissingAuthenticationToken" if request.target else "AccessDenied"
        raise RefusedError(code, "the request is not signed")
    if not access_key.startswith(OF_A_SESSION):
        return None
    caller = caller_with(access_key)
    if caller is None:
        raise RefusedError("InvalidAccessKeyId", "this access key was never issued")
    if request.session_token != caller.session_token:
        raise RefusedError("InvalidToken", "the session's token is another, or was not sent")
    return caller


def _asked_of(request: Request) -> Iterator[Asked]:
    _, service = request.credential
    try:
        for asked in asked_of(request):
            yield asked
            yield from asked_of_key(request, asked) if service == "s3" else ()
    except UnknownOperationError as error:
        raise _loudly(f"not known to local/iam: {error}") from error
    except (KeyError, ValueError, ET.ParseError) as error:
        raise _loudly(f"not understood by local/iam: {type(error).__name__}: {error}") from error


def _decision(asked: Asked, caller: Caller) -> Decision:
    try:
        return judge(asked, caller)
    except PolicyError as error:
        raise _loudly(f"a policy is not understood: {error}") from error


def _loudly(why: str) -> RefusedError:
    print(f"iam: {why}", file=sys.stderr, flush=True)
    return RefusedError("AccessDenied", why)


def _request_of(environ: Environ) -> Request:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    request = Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode(),
        query=query_of(environ["QUERY_STRING"]),
        headers=headers,
        body=b"",
    )
    access_key, service = request.credential
    if not access_key.startswith(OF_A_SESSION) or (service == "s3" and not reads_body(request)):
        return request
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return Request(request.method, request.path, request.query, headers, body)


def _drain(environ: Environ) -> None:
    """Read the rest of the request: otherwise the client sees a broken connection."""
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0 and (chunk := environ["wsgi.input"].read(min(left, _CHUNK_BYTES))):
        left -= len(chunk)
