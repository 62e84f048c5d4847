"""Everything that can go wrong, as one tree with two branches that decide what follows.

RingvaultError
├── TransientError                 the same call may succeed later
│   ├── ThrottledError             429, or our own gate is closed: carries retry_at
│   ├── ServiceUnavailableError    5xx, timeouts, DNS, TLS, connection refused
│   ├── BodyInterruptedError       a body ended or broke before its declared end
│   ├── NotReadyError              404 for a young recording
│   ├── TokenRejectedError         401 for the access token that was sent
│   └── ConflictError              somebody else changed what we were about to change
└── PermanentError                 repetition does not help
    ├── ConfigurationError         settings or secret: every fault at once
    ├── CredentialsError           RingCentral refuses the sign-in
    ├── PermissionLostError        RingCentral refuses the call: app scope or role
    ├── RecordingAbsentError       404 for an old recording
    ├── NotAudioError              what came is not a recording
    ├── ForeignHostError           a URL that leads away from the configured hosts
    ├── InvalidRecordError         a call-log record without what we need
    └── InvalidMessageError        a queue message that is not ours

No message carries a secret, a token, a presigned URL, a phone number or a name.
"""

from collections.abc import Iterable
from datetime import datetime


class RingvaultError(Exception):
    """Anything ringvault raises on purpose."""


class TransientError(RingvaultError):
    """The same call may succeed later."""


class ThrottledError(TransientError):
    """No request may be sent before `retry_at`."""

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class ServiceUnavailableError(TransientError):
    """The other side did not answer, or answered that it can't now."""


class BodyInterruptedError(TransientError):
    """A body ended or broke before its declared end."""


class NotReadyError(TransientError):
    """RingCentral has listed the recording but does not serve it yet."""


class TokenRejectedError(TransientError):
    """RingCentral no longer accepts the access token that was sent."""


class ConflictError(TransientError):
    """Somebody else changed what we were about to change; read it again."""


class PermanentError(RingvaultError):
    """Repetition does not help."""


class ConfigurationError(PermanentError):
    """Settings or secret are missing or malformed; names every fault at once."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("configuration: " + "; ".join(self.faults))


class CredentialsError(PermanentError):
    """RingCentral refuses the sign-in; says which part and what to do."""


class PermissionLostError(PermanentError):
    """RingCentral refuses the call for lack of an app scope or a role permission."""


class RecordingAbsentError(PermanentError):
    """RingCentral no longer has the recording."""


class NotAudioError(PermanentError):
    """What came in place of a recording is not MP3 or WAV."""


class ForeignHostError(PermanentError):
    """A URL leads away from the configured RingCentral hosts."""


class InvalidRecordError(PermanentError):
    """A call-log record lacks what the archive needs."""


class InvalidMessageError(PermanentError):
    """A queue message is not one that ringvault wrote."""
