"""AWS's refusals: each family of services has its own format."""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

# The codes of S3 and of services that answer in XML, and those of services that speak JSON.
_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "InvalidAccessKeyId": "UnrecognizedClientException",
    "InvalidToken": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}
_XML_SERVICES = frozenset({"s3", "sts", "iam", ""})


class RefusedError(Exception):
    """One of S3's error codes, with AWS's message."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status line, headers and body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def answer_of(refused: RefusedError, *, service: str) -> Answer:
    """Return the answer in the shape of the service."""
    if service not in _XML_SERVICES:
        return _json(refused, service=service)
    code, message = escape(refused.code), escape(refused.message)
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    if service != "s3":
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'.encode()
    return Answer("403 Forbidden", _headers("application/xml", body), body)


def _json(refused: RefusedError, *, service: str) -> Answer:
    body = json.dumps({"__type": _JSON_CODES[refused.code], "message": refused.message}).encode()
    headers = _headers("application/x-amz-json-1.1", body)
    if service == "sqs":
        # SQS used XML once, and still returns the codes of then.
        headers.append(("x-amzn-query-error", f"{refused.code};Sender"))
    return Answer("403 Forbidden" if service == "sqs" else "400 Bad Request", headers, body)


def _headers(content_type: str, body: bytes) -> list[tuple[str, str]]:
    return [("Content-Type", content_type), ("Content-Length", str(len(body)))]
