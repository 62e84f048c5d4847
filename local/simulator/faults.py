"""Faults on demand: which one strikes a request is a pure decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from local.simulator.answers import Answer, error_answer

_CODES = {401: "OAU-213", 403: "CMN-408", 404: "CMN-102", 429: "CMN-301", 503: "CMN-201"}
_OTHER_CODE = "CMN-203"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong for requests whose path matches the shell pattern `path`.

    It strikes the first `times` of them, None all of them.
    `status` answers with that error in place of what was asked for; `headers` join the answer,
    or replace its own. A 429 on demand is another limiter's: it tells nothing of the quota.
    `cut_after_bytes` and `bytes_per_second` cut or slow down the body.
    """

    path: str
    times: int | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after_bytes: int | None = None
    bytes_per_second: int | None = None


def parse_faults(documents: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Return faults from JSON objects with the fields of `Fault`.

    Raises:
        TypeError: a field is unknown, or `path` is missing.
    """
    return tuple(Fault(**document) for document in documents)


def strike(faults: tuple[Fault, ...], *, path: str) -> tuple[Fault | None, tuple[Fault, ...]]:
    """Return the first fault that hits `path`, if any, and the faults as they are afterwards."""
    for index, fault in enumerate(faults):
        if fault.times != 0 and fnmatchcase(path, fault.path):
            times = None if fault.times is None else fault.times - 1
            return fault, (*faults[:index], replace(fault, times=times), *faults[index + 1 :])
    return None, faults


def damaged(answer: Answer, fault: Fault) -> Answer:
    """Return what comes of an answer that a fault strikes."""
    if fault.status is not None:
        code = _CODES.get(fault.status, _OTHER_CODE)
        answer = error_answer(fault.status, code, "Fault on demand")
    return replace(
        answer,
        headers={**answer.headers, **fault.headers},
        cut_after_bytes=fault.cut_after_bytes,
        bytes_per_second=fault.bytes_per_second or answer.bytes_per_second,
    )
