"""What boto3 sends for a call, caught before it leaves."""

from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from boto3.session import Session
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config

from local.cloudformation.transform import REGION
from local.moto.iam.request import Request, query_of

_CONFIG = Config(
    retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, signature_version="v4"
)
_S3_CONFIG = _CONFIG.merge(Config(signature_version="s3v4"))


class _SentError(Exception):
    def __init__(self, request: AWSPreparedRequest) -> None:
        self.request = request
        super().__init__()


def sent_by(service: Any, operation: str, **parameters: Any) -> Request:
    """Return the request of one call of a client."""
    try:
        getattr(_client(service), operation)(**parameters)
    except _SentError as caught:
        return _request_of(caught.request)
    raise AssertionError(f"{operation} sent nothing")


def signed_url(operation: str, **parameters: Any) -> Request:
    """Return the request of somebody who follows a presigned URL of S3."""
    url = urlsplit(_client("s3").generate_presigned_url(operation, Params=parameters))
    return Request("GET", unquote(url.path), query_of(url.query), {}, b"")


@cache
def _client(service: Any) -> Any:
    session = Session("AKIDEXAMPLE", "secret", "token", region_name=REGION)
    client = session.client(
        service,
        endpoint_url="http://localhost:9",
        config=_S3_CONFIG if service == "s3" else _CONFIG,
    )
    client.meta.events.register("before-send", _catch)
    return client


def _catch(request: AWSPreparedRequest, **_: Any) -> None:
    raise _SentError(request)


def _request_of(request: AWSPreparedRequest) -> Request:
    url = urlsplit(request.url)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    # Whatever is uploaded comes as a file, and nobody reads it here.
    body = request.body.encode() if isinstance(request.body, str) else request.body
    body = body if isinstance(body, bytes) else b""
    return Request(request.method, unquote(url.path), query_of(url.query), headers, body)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
