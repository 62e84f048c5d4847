"""Everything that can go wrong, as one tree with two branches that decide what follows.

RingvaultError
├── TransientError                 the same call may succeed later
│   ├── ThrottledError             429, or our own gate is closed: carries retry_at
│   │   └── RetryLaterError        any other answer with Retry-After, a maintenance for example
│   ├── ServiceUnavailableError    5xx, timeouts, DNS, TLS, connection refused
│   │   ├── GoneError              AWS no longer has what was to be changed
│   │   ├── ItemRefusedError       DynamoDB takes no such item; it does not say which
│   │   └── OtherKeyError          KMS: it was encrypted with another key
│   ├── BodyInterruptedError       a body ended or broke before its declared end
│   ├── OutOfTimeError             the invocation ends before the work would
│   ├── TokenRejectedError         401 for the access token that was sent
│   ├── RedirectRefusedError       a redirect leads where we do not go
│   ├── ContentChangedError        the recording is not the same as a moment ago
│   ├── EndlessPagesError          the pages of the call log come to no end
│   ├── PlayNotKeptError           the audit could not be written: no playback URL
│   └── ConflictError              another process changed it first
│       ├── CancelledError         a transaction of DynamoDB: carries its reasons
│       └── ObjectExistsError      the vault has an object of that key
├── OvertakenError                 another lister saved its progress first
├── OverBudgetError                the run has spent its share of the quota
└── PermanentError                 repetition does not help
    ├── ConfigurationError         settings, secret or stack: every fault at once
    │   └── AccessDeniedError      AWS: the caller lacks a permission
    ├── CredentialsError           RingCentral refuses the sign-in
    ├── PermissionLostError        RingCentral refuses the call: app scope or role
    ├── RecordingRefusedError      403 for one recording, while others may be served
    ├── NotFoundError              RingCentral's own 404: one of them proves nothing
    ├── RequestRefusedError        any other 4xx: repeating the request unchanged is no use
    │   └── RangeRefusedError      416: nothing from that byte on
    ├── NotAudioError              what came is not a recording
    ├── ForeignHostError           a URL that leads away from the configured hosts
    ├── UnreadableItemError        a catalogue item that can't be read: it is damaged
    │   └── NewerCatalogueError    … or a newer release wrote it
    ├── DamagedStateError          an item of the state table that can't be read
    ├── InvalidRecordError         a call-log record without what we need
    ├── InvalidMessageError        a queue message that is not ours
    ├── InvalidRequestError        what a person asks for makes no sense, or not now
    │                              the playback API, each with an answer of its own:
    ├── BodyRefusedError           a request with a body
    ├── QueryTooLongError          a query longer than any that means something
    ├── InvalidParameterError      a query parameter is not what it must be
    ├── NoSuchPathError            nothing is served at the path
    ├── NotAListenerError          the token gives no right to hear anything
    ├── NotForThisListenerError    only those who hear everything may know this
    ├── UnknownRecordingError      no recording of this id that the listener may hear
    ├── UnknownCallError           no call of this id that the listener may hear
    ├── NotPlayableError           known, and not in the vault
    └── InColdStorageError         in the vault, and has to be restored first

An error says what happened and where; its `hint` is the next step for a person, set where the cause
is known. No message carries a secret, a token, a presigned URL, a phone number or a name.
"""

from collections.abc import Iterable
from datetime import datetime


class RingvaultError(Exception):
    """An error that ringvault raises on purpose; `hint` is the next step, empty if unknown."""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class TransientError(RingvaultError):
    """The same call may succeed later."""


class ThrottledError(TransientError):
    """No request may be sent before `retry_at`."""

    def __init__(
        self, message: str, *, retry_at: datetime, concerns_all_users: bool = False
    ) -> None:
        """Set until when, and whether it concerns other service users too."""
        super().__init__(message)
        self.retry_at = retry_at
        self.concerns_all_users = concerns_all_users


class RetryLaterError(ThrottledError):
    """An answer other than 429 with `Retry-After`."""


class ServiceUnavailableError(TransientError):
    """The other side did not answer, or answered that it can't now."""


class BodyInterruptedError(TransientError):
    """A body ended or broke before its declared end."""


class OutOfTimeError(TransientError):
    """The invocation ends before the work would."""


class TokenRejectedError(TransientError):
    """RingCentral no longer accepts the access token that was sent."""


class RedirectRefusedError(TransientError):
    """A redirect leads to a host that is not allowed; the next answer may lead elsewhere."""


class ContentChangedError(TransientError):
    """The recording is not the same as when its first bytes were read."""


class EndlessPagesError(TransientError):
    """The pages of a span of the call log repeat, or do not end."""


class ConflictError(TransientError):
    """Another process changed it first; read it again."""


class ObjectExistsError(ConflictError):
    """The vault has an object with that key; it was not changed."""


class PermanentError(RingvaultError):
    """Repetition does not help."""


class ConfigurationError(PermanentError):
    """Settings, secret or stack are missing or malformed; names every fault at once."""

    def __init__(self, faults: Iterable[str], *, hint: str = "") -> None:
        self.faults = tuple(faults)
        super().__init__("configuration: " + "; ".join(self.faults), hint=hint)


class AccessDeniedError(ConfigurationError):
    """AWS refuses a call, because the user or role that makes it lacks a permission."""


class CredentialsError(PermanentError):
    """RingCentral refuses the sign-in; says which part and what to do."""


class PermissionLostError(PermanentError):
    """RingCentral refuses the call for lack of an app scope or a role permission.

    `answer` is the status with RingCentral's code.
    """

    def __init__(self, message: str, *, concerns_all_users: bool, answer: str = "403") -> None:
        """Set whether it concerns other service users too."""
        super().__init__(message)
        self.concerns_all_users = concerns_all_users
        self.answer = answer


class RecordingRefusedError(PermanentError):
    """RingCentral refuses one recording; whether it refuses others is unknown.

    `hint` is the next step if it refuses all.
    """


class NotFoundError(PermanentError):
    """RingCentral itself, by its error code, does not know the recording: not yet, or no longer."""


class RequestRefusedError(PermanentError):
    """RingCentral refuses the request as it is."""


class RangeRefusedError(RequestRefusedError):
    """There is nothing after that byte; `total_bytes` is the whole length, None if unknown."""

    def __init__(self, message: str, *, total_bytes: int | None) -> None:
        """Set the length of the whole."""
        super().__init__(message)
        self.total_bytes = total_bytes


class NotAudioError(PermanentError):
    """The answer is text, HTML, XML, JSON or empty in place of a recording."""


class ForeignHostError(PermanentError):
    """A URL leads away from the configured RingCentral hosts."""


class UnreadableItemError(PermanentError):
    """An item of the catalogue can't be read; `recording_id` is None if the id can't either."""

    def __init__(self, recording_id: str | None, problem: str, *, hint: str = "") -> None:
        self.recording_id = recording_id
        self.problem = problem
        super().__init__(f"catalogue item {recording_id or 'without an id'}: {problem}", hint=hint)


class NewerCatalogueError(UnreadableItemError):
    """An item of the catalogue is of a schema that only a newer release knows."""


class DamagedStateError(PermanentError):
    """An item of the state table can't be read; says which, and how to repair it."""


class InvalidRecordError(PermanentError):
    """A call-log record lacks what the archive needs."""


class InvalidMessageError(PermanentError):
    """A queue message is not one that ringvault wrote."""


class InvalidRequestError(PermanentError):
    """The request is invalid, or not possible now; says what to request instead."""


class InvalidParameterError(PermanentError):
    """A query parameter is invalid; `parameter` is its name."""

    def __init__(self, parameter: str, must: str) -> None:
        self.parameter = parameter
        super().__init__(f"{parameter} {must}")
