"""What `ringvault doctor` asks RingCentral: each permission by one cheap request."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ringvault.adapters.aws.secret import CredentialsSecret
from ringvault.adapters.aws.stack import DeployedStack
from ringvault.adapters.ringcentral.connect import RingCentral, connect
from ringvault.adapters.ringcentral.rate_limit_groups import RateLimitGroups, RequestKind
from ringvault.adapters.ringcentral.transport import origin_of
from ringvault.core.catalogue.recording import CallLogRecord, Recording, read_record
from ringvault.core.operations.doctor import (
    Check,
    Level,
    clock_finding,
    examined,
    media_host_finding,
)
from ringvault.core.quota.gate import Turn
from ringvault.core.spans import DAY, Span
from ringvault_cli.terminal.screen import how_many, instant

# A backlog that is being archived has taken the next turns already.
MAX_WAIT = timedelta(seconds=100)
# A page costs the same whatever it spans, and a recording of it tells the right to hear it.
CALL_LOG_SPAN = 7 * DAY
MINUTE = timedelta(minutes=1)


def ringcentral_findings(deployed: DeployedStack) -> Iterator[Check]:
    """Yield what RingCentral and the secret come to, for each service user in its turn."""
    client = deployed.client("secretsmanager")
    secret = CredentialsSecret(deployed.output("RingCentralSecretArn"), client)
    names: list[str] = []

    def credentials() -> Check:
        names.extend(sorted(secret.read().jwts))
        message = f"the secret is complete, with {how_many(len(names), 'service user')}"
        return Check("credentials", Level.OK, message)

    found = examined("credentials", credentials)
    yield replace(found, remedy="" if found.level is Level.OK else "ringvault configure")
    for name in names:
        yield from _of_user(name, deployed)


def media_host_of_newest(deployed: DeployedStack, name: str) -> Check:
    """Return whether the newest recordings lie where the stack looks for them."""
    user = _user(name, deployed)

    def media_host() -> Check:
        user.call_log()
        return user.media_host()

    return examined(f"media host ({name})", media_host)


def _user(name: str, deployed: DeployedStack) -> "_User":
    dynamodb = deployed.client("dynamodb")
    outside = connect(deployed.ringcentral, deployed, dynamodb, only=name)
    groups = RateLimitGroups(deployed.ringcentral.state_table, dynamodb, clock=_now)
    return _User(name, outside, groups)


def _of_user(name: str, deployed: DeployedStack) -> Iterator[Check]:
    user = _user(name, deployed)
    checks: Mapping[str, Callable[[], Check]] = {
        "token": user.token,
        "call log": user.call_log,
        "media host": user.media_host,
        "recordings": user.recordings,
        "settings": user.settings,
        "quota": user.quota,
        "RingCentral's clock": user.clock,
    }
    for subject, check in checks.items():
        yield examined(f"{subject} ({name})", check)


@dataclass(slots=True)
class _User:
    """The requests of one service user."""

    name: str
    outside: RingCentral
    groups: RateLimitGroups
    skew: tuple[datetime | None, datetime] | None = None
    page: tuple[CallLogRecord, ...] | None = None

    def token(self) -> Check:
        token = self.outside.access_tokens[self.name].current()
        return self._ok("token", f"valid until {instant(token.expires_at)}")

    def call_log(self) -> Check:
        now = _now()
        span = Span(now - CALL_LOG_SPAN, now)
        turn = self._turn(RequestKind.CALL_LOG)
        with_page = self.outside.client.first_page(span, turn)
        self._look_at_clock()
        self.page = tuple(with_page.records)
        return self._ok("call log", "can be read")

    def media_host(self) -> Check:
        uris = [
            recording.content_uri
            for record in self.page or ()
            for recording in read_record(record).recordings
        ]
        is_configured = self.outside.transport.is_configured
        foreign = {origin_of(uri) for uri in uris if not is_configured(uri)}
        return media_host_finding(f"media host ({self.name})", foreign=foreign, seen=len(uris))

    def recordings(self) -> Check:
        recording = self._any_recording()
        if recording is None:
            message = "not checked: no recorded call of the last seven days is known"
            remedy = "correct what the call log needs, or record a call, and run this again"
            return Check(f"recordings ({self.name})", Level.WARN, message, remedy)
        turn = self._turn(RequestKind.MEDIA)
        media = self.outside.client.open(recording.content_uri, offset=0, turn=turn)
        # The first bytes are enough; chunks that were never asked for would leave the body open.
        next(media.chunks, b"")
        if isinstance(media.chunks, Generator):
            media.chunks.close()
        return self._ok("recordings", "can be fetched")

    def settings(self) -> Check:
        kept = self.outside.client.retention(self._turn(RequestKind.SETTINGS))
        return self._ok("settings", f"can be read: recordings are kept for {kept.days}")

    def quota(self) -> Check:
        message = (
            f"{kind.replace('_', ' ')} {self.groups.of(kind)}"
            f" {self.outside.gates[kind].requests_in(MINUTE):g}/min"
            for kind in (RequestKind.CALL_LOG, RequestKind.MEDIA)
        )
        return self._ok("quota", ", ".join(message))

    def clock(self) -> Check:
        theirs, ours = self.skew or (None, _now())
        return clock_finding(f"RingCentral's clock ({self.name})", theirs=theirs, ours=ours)

    def _look_at_clock(self) -> None:
        date = self.outside.transport.last_date
        self.skew = (parsedate_to_datetime(date) if date else None), _now()

    def _any_recording(self) -> Recording | None:
        found = (it for record in self.page or () for it in read_record(record).recordings)
        return next(found, None)

    def _turn(self, kind: RequestKind) -> Turn:
        return self.outside.gates[kind].reserve(latest=_now() + MAX_WAIT)

    def _ok(self, subject: str, message: str) -> Check:
        return Check(f"{subject} ({self.name})", Level.OK, message)


def _now() -> datetime:
    return datetime.now(UTC)
