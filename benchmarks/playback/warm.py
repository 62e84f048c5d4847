"""The handler's own time for a playback URL, compared with the necessary calls to AWS."""

import contextlib
import importlib
import json
import os
import statistics
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore import handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.playback.place import EVENT, Place

WARM_UP = 30


@dataclass(frozen=True, slots=True)
class Warm:
    """Medians and 99th percentiles, in milliseconds.

    `transport` is "moto", a server on this machine, or "stub", which answers at once inside the
    client.
    """

    transport: str
    runs: int
    ours_ms: float
    ours_p99_ms: float
    bare_ms: float
    bare_p99_ms: float

    @property
    def ratio(self) -> float:
        """Our median divided by the bare one."""
        return self.ours_ms / self.bare_ms

    @property
    def p99_ratio(self) -> float:
        """Our 99th percentile divided by the bare one."""
        return self.ours_p99_ms / self.bare_p99_ms


class StubTransport:
    """Answers DynamoDB's requests inside the client while it is on."""

    def __init__(self) -> None:
        self.is_on = False
        self.item: dict[str, Any] = {}

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Return an answer, or None to send the request."""
        if not self.is_on:
            return None
        is_read = b"GetItem" in request.headers["X-Amz-Target"]
        body = json.dumps({"Item": self.item} if is_read else {}, default=_base64).encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(body))


class _Raw(BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def measure_warm(place: Place, *, runs: int) -> list[Warm]:
    """Return a row for each transport, from `runs` calls of both in turn."""
    stub = StubTransport()
    # botocore's handlers for every new session: the handler makes its own session.
    handlers.BUILTIN_HANDLERS.append(("before-send.dynamodb", stub))
    os.environ.update(place.environment)
    # The loggers keep the stdout of their creation.
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123 - a device
        return list(_rows(stub, runs=runs))


def _rows(stub: StubTransport, *, runs: int) -> Iterator[Warm]:
    ours, bare = _callables()
    stub.item = boto3.client("dynamodb").get_item(
        TableName=os.environ["CATALOGUE_TABLE"],
        Key={"recording_id": {"S": EVENT["pathParameters"]["recordingId"]}},
    )["Item"]
    for transport in ("moto", "stub"):
        stub.is_on = transport == "stub"
        yield _measured(transport, ours, bare, runs=runs)


def _callables() -> tuple[Callable[[], object], Callable[[], object]]:
    """Import both here: the bare handler makes its clients when it is imported."""
    ours = importlib.import_module("functions.playback_api.handler")
    bare = importlib.import_module("benchmarks.playback.bare_handler")
    recording_id = EVENT["pathParameters"]["recordingId"]

    def our_answer() -> object:
        answer = ours.lambda_handler(EVENT, LambdaContext())
        if answer["statusCode"] != 200:  # noqa: PLR2004 - HTTP's OK
            raise RuntimeError(f"the handler answered {answer}")
        return answer

    return our_answer, lambda: bare.read_audited_and_signed(recording_id)


def _measured(
    transport: str, ours: Callable[[], object], bare: Callable[[], object], *, runs: int
) -> Warm:
    taken: dict[Callable[[], object], list[float]] = {ours: [], bare: []}
    for _ in range(WARM_UP + runs):
        for call in (ours, bare):
            started_s = time.perf_counter()
            call()
            taken[call].append((time.perf_counter() - started_s) * 1000)
    our_ms, bare_ms = taken[ours][WARM_UP:], taken[bare][WARM_UP:]
    return Warm(
        transport=transport,
        runs=runs,
        ours_ms=statistics.median(our_ms),
        ours_p99_ms=statistics.quantiles(our_ms, n=100)[98],
        bare_ms=statistics.median(bare_ms),
        bare_p99_ms=statistics.quantiles(bare_ms, n=100)[98],
    )
