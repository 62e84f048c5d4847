"""The options of a simulated RingCentral account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from local.ringcentral.faults.chaos import Chaos


class Group(StrEnum):
    """A throttling group, as the `X-Rate-Limit-Group` header spells it."""

    AUTH = "auth"
    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"


class Scope(StrEnum):
    """An application permission that the simulated endpoints require."""

    READ_ACCOUNTS = "ReadAccounts"
    READ_CALL_LOG = "ReadCallLog"
    READ_CALL_RECORDING = "ReadCallRecording"


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` requests in any `window_s` seconds; one more closes the group for `penalty_s`."""

    limit: int
    window_s: int
    penalty_s: int


def evenly(share: float) -> float:
    """Return the share of time that holds a share of recordings, evenly over all days."""
    return share


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the simulated account.

    Each entry of `jwts` is the credential of one service user, with a quota of its own.
    `port` 0 takes a free one.
    A record appears `record_lag_s` after its call has ended, its recording `recording_lag_s` later.
    `bytes_per_second` bounds each recording's body; None sends as fast as it can.
    `add_wav_bytes` adds a WAV recording of exactly each size to the `recordings`.
    `media_group` is the group that recordings' content is counted in.
    `gone` recordings are listed and always answer 404; their calls ended long before the start.
    `gone_offered_s` after the start the call log stops naming them; None is never.
    `forbidden` recordings are listed and always answer 403.
    The records of `moved` calls are rewritten `moved_after_s` after the start, with a start on
    the day before. `retention_days` is how long automatic recordings and those on demand are kept,
    then they answer 404; None reports 90 days and keeps them.
    `partner_media` puts content on the foreign host, without a quota.
    `latency_ms`, shortest and longest, passes before a request is counted, and again before its
    answer leaves, in real time.
    `spread` says when calls ended: which share of `days`, newest first, holds that share of all
    recordings.
    """

    port: int = 0
    client_id: str = "simulated-client-id"
    client_secret: str = "simulated-client-secret"  # noqa: S105 - opens nothing but the simulator
    jwts: tuple[str, ...] = ("simulated-jwt",)
    scopes: frozenset[Scope] = frozenset(Scope)
    token_lifetime_s: int = 3600
    account_id: str = "37000001"
    seed: int = 1
    recordings: int = 200
    days: int = 90
    spread: Callable[[float], float] = evenly
    add_wav_bytes: tuple[int, ...] = ()
    record_lag_s: int = 0
    recording_lag_s: int = 0
    bytes_per_second: int | None = None
    media_group: Group = Group.HEAVY
    gone: int = 0
    gone_offered_s: int | None = None
    forbidden: int = 0
    moved: int = 0
    moved_after_s: int = 3_600
    retention_days: tuple[int, int] | None = None
    partner_media: bool = False
    chaos: Chaos | None = None
    latency_ms: tuple[float, float] | None = None
    verbose: bool = False
    quotas: Mapping[Group, Quota] = field(
        default_factory=lambda: quotas_with(heavy=Quota(10, 60, 60))
    )


def quotas_with(*, heavy: Quota) -> dict[Group, Quota]:
    """Return RingCentral's default quotas with another one for the Heavy group."""
    return {
        Group.AUTH: Quota(5, 60, 60),
        Group.LIGHT: Quota(50, 60, 60),
        Group.MEDIUM: Quota(40, 60, 60),
        Group.HEAVY: heavy,
    }


def numbered_jwts(users: int) -> tuple[str, ...]:
    """Return the credential of each service user: the default one, then numbered ones."""
    return ("simulated-jwt", *(f"simulated-jwt-{number}" for number in range(2, users + 1)))
