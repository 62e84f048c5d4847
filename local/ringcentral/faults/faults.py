"""Faults on demand: the choice for a request is a pure decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from local.ringcentral.faults.wire import Framing


class RetryAfter(StrEnum):
    """The format of Retry-After in an answer."""

    SECONDS = "seconds"
    DATE = "date"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The criteria of a fault: `user` is the number of the JWT, `ranged` asks for a range."""

    path: str
    user: str
    ranged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault for the requests that it matches, of those within the quota.

    It matches requests whose path fits the shell pattern `path`, of `user` alone if given,
    with (`ranged` true) or without (false) a Range header; the first `times` of them, None all.

    `status` replaces the normal answer, with `body`, or with the error `code` and its
    `details`. `headers` are added to the answer or replace its own; None removes one. In
    `location`, {url} is the request's own address, {base} the simulator's, {foreign} that of its
    foreign host and {recording} the id in the path. `ask_range` serves another Range than the
    requested one, "" the whole. `drops_token` makes the token of the request unknown from now on.
    A 429 is another limiter's and says nothing about the quota, unless it `penalises`: then it is
    the user's own, with its headers, and closes the group for `retry_after_s`, None the quota's
    penalty. `retry_after` is its format.

    `closes_for_s` makes it a maintenance: everything gets the same answer until it is over,
    and `Retry-After` is the rest of it.
    `part_bytes` serves the audio in parts of at most that size, for any request.
    `disguise` serves the audio changed by that one of `audio_disguises.DISGUISES`; `spoils`
    names the one of `record_damage.RECORD_DAMAGES`, which strikes the first recorded call of a
    page, or of `page_damage.PAGE_DAMAGES`.

    The rest is as in `Wire`.
    """

    path: str = "*"
    times: int | None = None
    user: str | None = None
    ranged: bool | None = None
    kind: str = ""
    status: int | None = None
    code: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    location: str | None = None
    ask_range: str | None = None
    drops_token: bool = False
    penalises: bool = False
    retry_after: RetryAfter = RetryAfter.SECONDS
    retry_after_s: int | None = None
    silent_s: float = 0
    unanswered: bool = False
    resets: bool = False
    framing: Framing = Framing.LENGTH
    extra_bytes: int = 0
    cut_after_bytes: int | None = None
    stall_after_bytes: int = 0
    stall_s: float = 0
    bytes_per_second: int | None = None
    closes_for_s: int | None = None
    part_bytes: int | None = None
    disguise: str | None = None
    spoils: str | None = None
    informational: int | None = None
    drip_head_s: float = 0
    drip_body_s: float = 0


def strike(faults: tuple[Fault, ...], arrival: Arrival) -> tuple[Fault | None, tuple[Fault, ...]]:
    """Return the first matching fault, if any, and the remaining faults."""
    for index, fault in enumerate(faults):
        if fault.times != 0 and fnmatchcase(arrival.path, fault.path) and chooses(fault, arrival):
            times = None if fault.times is None else fault.times - 1
            return fault, (*faults[:index], replace(fault, times=times), *faults[index + 1 :])
    return None, faults


def chooses(fault: Fault, arrival: Arrival) -> bool:
    """Whether a fault matches a request of this user, with or without a range."""
    return fault.user in (None, arrival.user) and fault.ranged in (None, arrival.ranged)
