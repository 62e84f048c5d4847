"""The cold start: a new process to its first answer, ours and the bare handler's in turn."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.playback.place import EVENT, Place
from local.cloudformation.provision.site import Function
from local.lambda_ import function_worker

_ANSWERS_WITHIN_S = 60
_WORKER = Path(function_worker.__file__)


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The medians of both, in seconds."""

    starts: int
    ours_s: float
    bare_s: float

    @property
    def ratio(self) -> float:
        """Our time divided by the bare handler's."""
        return self.ours_s / self.bare_s


def measure_cold_start(place: Place, *, starts: int) -> ColdStart:
    """Start each so many times; once before, uncounted, so that both find their byte code."""
    ours = place.function
    bare = replace(ours, handler="bare_handler.lambda_handler", code_folder=Path(__file__).parent)
    taken: dict[str, list[float]] = {ours.handler: [], bare.handler: []}
    for _ in range(starts + 1):
        for function in (ours, bare):
            taken[function.handler].append(_first_answer_s(function, place))
    return ColdStart(
        starts=starts,
        ours_s=statistics.median(taken[ours.handler][1:]),
        bare_s=statistics.median(taken[bare.handler][1:]),
    )


def _first_answer_s(function: Function, place: Place) -> float:
    started_s = time.perf_counter()
    with _started(function, place) as (requests, answers):
        os.write(requests, _request(function))
        with os.fdopen(answers, "rb") as lines:
            answer = json.loads(lines.readline())
        taken_s = time.perf_counter() - started_s
    if answer.get("result", {}).get("statusCode") != 200:  # noqa: PLR2004 - HTTP's OK
        raise RuntimeError(f"{function.handler} answered {answer}")
    return taken_s


@contextmanager
def _started(function: Function, place: Place) -> Iterator[tuple[int, int]]:
    """Start the runner's own worker; yields its request and answer pipes."""
    requests_read, requests_write = os.pipe()
    answers_read, answers_write = os.pipe()
    environment = place.environment | {
        "LAMBDA_TASK_ROOT": str(function.code_folder),
        "_HANDLER": function.handler,
    }
    with (place.folder / "functions.log").open("ab") as log:
        worker = subprocess.Popen(  # noqa: S603 - our own worker
            [sys.executable, "-P", _WORKER, str(requests_read), str(answers_write), function.name],
            env=environment,
            cwd=function.code_folder,
            stdout=log,
            stderr=log,
            pass_fds=(requests_read, answers_write),
        )
    os.close(requests_read)
    os.close(answers_write)
    try:
        yield requests_write, answers_read
    finally:
        os.close(requests_write)
        worker.kill()
        worker.wait(_ANSWERS_WITHIN_S)


def _request(function: Function) -> bytes:
    request = {
        "request_id": "1",
        "function_arn": function.arn,
        "timeout_s": function.timeout_s,
        "event": EVENT,
    }
    return json.dumps(request).encode() + b"\n"
