"""Archives one recording, by its id, into the vault and verifies it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Protocol

from ringvault.core.archiving.absence import is_enough, wait_after_not_found
from ringvault.core.archiving.recording_stream import RecordingSource, RecordingStream
from ringvault.core.archiving.retry_policy import (
    RetryPolicy,
    deferral_wait,
    is_refused_for_good,
    refusal_wait,
)
from ringvault.core.audio.head import AudioHead, FileType, read_first, read_head
from ringvault.core.audio.waveform import Waveform
from ringvault.core.catalogue.item import (
    GONE_STATES,
    ArchivedObject,
    CatalogueItem,
    RepeatedAnswer,
    State,
)
from ringvault.core.catalogue.recording import Recording
from ringvault.core.defects import place_of
from ringvault.core.errors import (
    ConfigurationError,
    ConflictError,
    ContentChangedError,
    CredentialsError,
    ForeignHostError,
    InvalidMessageError,
    NotFoundError,
    ObjectExistsError,
    OutOfTimeError,
    PermissionLostError,
    RecordingRefusedError,
    RetryLaterError,
    RingvaultError,
    ThrottledError,
)
from ringvault.core.instants import Clock, format_instant
from ringvault.core.lifecycle.erase_recordings import tombstone_of
from ringvault.core.quota.gate import Turn, Turns
from ringvault.core.vault.checksum import Crc32, StoredSize
from ringvault.core.vault.layout import audio_key, audio_prefix, proof_key, sidecar_key

# A waiting 256 MB function costs less than returning an id to the queue and starting again for it.
MAX_WAIT = timedelta(seconds=150)
# Time that an invocation keeps for the transfer itself while it waits for its turn.
TRANSFER_RESERVE = timedelta(minutes=5)
# What is left of a claim outlives every single wait inside a transfer: 20 s for RingCentral, 48 s
# for an S3 that stays silent through all attempts. It ends soon after its archiver was killed.
CLAIM = timedelta(seconds=75)
RENEW_CLAIM_BEFORE = timedelta(seconds=50)
# A person restores lost permissions; until then one request in a while is enough.
PERMISSION_RETRY = timedelta(minutes=15)


class ArchiveOutcome(StrEnum):
    """The outcome of one message."""

    ARCHIVED = "archived"
    FOUND_IN_VAULT = "found_in_vault"  # an archiver died before it could say so
    ALREADY_DONE = "already_done"
    CLAIMED_ELSEWHERE = "claimed_elsewhere"
    HANDED_BACK = "handed_back"  # nothing happened; a copy of the message comes later
    DEFERRED = "deferred"  # back to PENDING, fed again at retry_at
    ABSENT = "absent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ArchiveResult:
    """The outcome; `retry_at` is set only where another attempt follows.

    `error` is the name of the error, one of few; `reason` describes it for a person.
    """

    outcome: ArchiveOutcome
    reason: str | None = None
    retry_at: datetime | None = None
    archived: ArchivedObject | None = None
    continuations: int = 0
    error: str | None = None


class ArchivingCatalogue(Protocol):
    """The catalogue for the archiver; every write raises ConflictError if another run was first."""

    def find(self, recording_id: str) -> CatalogueItem | None:
        """Return the item, None where the id is unknown."""

    def claim(self, item: CatalogueItem, *, now: datetime, until: datetime) -> None:
        """Claim an item that no other archiver holds."""

    def renew_claim(self, recording_id: str, *, until: datetime) -> None:
        """Prolong our claim."""

    def set_archived(self, recording_id: str, archived: ArchivedObject) -> None:
        """Set ARCHIVED; anything but ARCHIVED may be before it."""

    def defer(self, item: CatalogueItem, *, retry_at: datetime, reason: str, attempts: int) -> None:
        """Set PENDING until `retry_at`, unless the item has reached a final state.

        The deferrals, the repeated answers and the digest are written as `item` has them.
        """

    def end(self, item: CatalogueItem, *, state: State, reason: str, attempts: int) -> None:
        """Set ABSENT or FAILED, unless the item has reached a final state; the rest as `defer`."""

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        """Replace the item of an erased recording by its tombstone."""


class Account(Protocol):
    """What the account says about a recording whose content is not found."""

    def has_expired(self, recording: Recording, *, now: datetime) -> bool:
        """Whether RingCentral has deleted the recording by its age."""

    def is_offered(self, recording: Recording, *, latest: datetime) -> bool:
        """Whether the call log still has it; any error of ours means that this is unknown."""


class ArchivingVault(Protocol):
    """The bucket."""

    def store_audio(
        self, object_key: str, *, content_type: str, chunks: Iterable[bytes]
    ) -> StoredSize:
        """Store the content that `chunks` yields, or nothing when it raises.

        Raises:
            ConflictError: an object with that key exists.
        """

    def find_audio(self, prefix: str) -> str | None:
        """Return the key of the one object with this prefix, None if there is none."""

    def read_audio(self, object_key: str) -> Iterator[bytes]:
        """Yield the content of the object."""

    def abort_uploads(self, prefix: str) -> None:
        """Abort the open multipart uploads of keys with this prefix."""

    def store_sidecar(
        self, object_key: str, *, item: CatalogueItem, archived: ArchivedObject
    ) -> None:
        """Store the call-log record and the measurements; replaces an existing sidecar."""


@dataclass(frozen=True, slots=True)
class ArchiveRecording:
    """The use case with its collaborators; create one for each invocation.

    `deadline` is when the work must end, so that the state can still be written.
    """

    source: RecordingSource
    quota: Turns
    catalogue: ArchivingCatalogue
    vault: ArchivingVault
    account: Account
    clock: Clock
    jitter: Callable[[], float]
    deadline: datetime
    policy: RetryPolicy

    def __call__(self, recording_id: str) -> ArchiveResult:
        """Return the recording's outcome; the catalogue says the same.

        Raises:
            InvalidMessageError: the id is not in the catalogue.
            ServiceUnavailableError: AWS itself fails; the outcome is unknown, deliver again.
        """
        item = self.catalogue.find(recording_id)
        if item is None:
            raise InvalidMessageError(f"recording {recording_id} is not in the catalogue")
        if item.state in {State.ARCHIVED, State.ABSENT, *GONE_STATES}:
            return ArchiveResult(ArchiveOutcome.ALREADY_DONE)
        try:
            turn = self._reserve()
        except ThrottledError as error:
            return ArchiveResult(ArchiveOutcome.HANDED_BACK, str(error), error.retry_at)
        try:
            return self._archive_claimed(item, turn, self._claim(item, turn))
        except ConflictError:
            return ArchiveResult(ArchiveOutcome.CLAIMED_ELSEWHERE)

    def _archive_claimed(
        self, item: CatalogueItem, turn: Turn, claimed_until: datetime
    ) -> ArchiveResult:
        try:
            return (
                self._erased(item) or self._found(item) or self._fetched(item, turn, claimed_until)
            )
        except ConflictError:
            raise  # not our failure, and not an attempt
        except RingvaultError as error:
            return self._after(item, error)
        except Exception as defect:  # noqa: BLE001 - a message must not return forever
            return self._failed_attempt(item, defect, f"a defect of ringvault: {place_of(defect)}")

    def _after(self, item: CatalogueItem, error: RingvaultError) -> ArchiveResult:
        """Return the outcome of an error: no single answer is final."""
        match error:
            case ThrottledError():
                return self._throttled(item, error)
            case PermissionLostError() | CredentialsError():
                return self._deferred(item, error, retry_at=self.clock() + PERMISSION_RETRY)
            case ConfigurationError() | ForeignHostError():
                return self._deferred_longer(item, error)
            case RecordingRefusedError():
                return self._refused(item, error)
            case NotFoundError():
                return self._not_found(item, error)
            case _:
                return self._failed_attempt(item, error, str(error))

    def _reserve(self) -> Turn:
        now = self.clock()
        return self.quota.reserve(
            latest=max(now, min(now + MAX_WAIT, self.deadline - TRANSFER_RESERVE))
        )

    def _reserve_in_transfer(self) -> Turn:
        """Reserve a turn for continuing a body: what has arrived would be lost otherwise."""
        now = self.clock()
        latest = max(now, min(now + MAX_WAIT, self.deadline))
        try:
            return self.quota.reserve(latest=latest)
        except ThrottledError as error:
            if error.retry_at >= self.deadline:
                raise OutOfTimeError("the invocation ends before the next turn") from error
            raise

    def _claim(self, item: CatalogueItem, turn: Turn) -> datetime:
        until = turn.at + CLAIM
        self.catalogue.claim(item, now=self.clock(), until=until)
        return until

    def _fetched(self, item: CatalogueItem, turn: Turn, claimed_until: datetime) -> ArchiveResult:
        stream = RecordingStream(
            source=self.source,
            content_uri=item.recording.content_uri,
            turn=turn,
            reserve=self._reserve_in_transfer,
            clock=self.clock,
            deadline=self.deadline,
        )
        if stream.head.file_type is FileType.UNRECOGNISED:
            return self._unrecognised(item, stream, claimed_until)
        return self._stored(item, stream, stream.chunks(), claimed_until)

    def _unrecognised(
        self, item: CatalogueItem, stream: RecordingStream, claimed_until: datetime
    ) -> ArchiveResult:
        """Store content of an unknown type after it has arrived twice, the same both times.

        A strange file is better than none, but a first answer may be anything.
        """
        expected = item.unrecognised_sha256_hex
        if expected is None:
            for _ in self._claimed(item, stream.chunks(), claimed_until):
                pass
            item = replace(item, unrecognised_sha256_hex=stream.sha256_hex)
            return self._deferred_longer(item, ContentChangedError(_CAME_ONCE))
        try:
            return self._stored(item, stream, _as_before(stream, expected), claimed_until)
        except _OtherContentError as error:
            item = replace(item, unrecognised_sha256_hex=stream.sha256_hex)
            return self._failed_attempt(item, error, str(error))

    def _stored(
        self,
        item: CatalogueItem,
        stream: RecordingStream,
        chunks: Iterable[bytes],
        claimed_until: datetime,
    ) -> ArchiveResult:
        object_key = audio_key(item.recording, stream.head.file_type)
        try:
            stored = self.vault.store_audio(
                object_key,
                content_type=stream.head.file_type.content_type,
                chunks=self._claimed(item, chunks, claimed_until),
            )
        except ObjectExistsError:
            return self._finished_from_vault(item, object_key)
        archived = self._record(
            item,
            object_key,
            stored,
            head=stream.head,
            sha256_hex=stream.sha256_hex,
            waveform=stream.waveform,
        )
        return ArchiveResult(
            ArchiveOutcome.ARCHIVED, archived=archived, continuations=stream.continuations
        )

    def _claimed(
        self, item: CatalogueItem, chunks: Iterable[bytes], claimed_until: datetime
    ) -> Iterator[bytes]:
        """Yield the chunks, and renew the claim meanwhile."""
        for chunk in chunks:
            now = self.clock()
            if claimed_until - now < RENEW_CLAIM_BEFORE:
                claimed_until = now + CLAIM
                self.catalogue.renew_claim(item.recording.recording_id, until=claimed_until)
            yield chunk

    def _erased(self, item: CatalogueItem) -> ArchiveResult | None:
        """Bury a recording that has a proof of erasure, even if a restored catalogue disagrees."""
        if self.vault.find_audio(proof_key(item.recording)) is None:
            return None
        self.catalogue.bury_erased(tombstone_of(item))
        return ArchiveResult(ArchiveOutcome.ALREADY_DONE)

    def _found(self, item: CatalogueItem) -> ArchiveResult | None:
        """Finish the work of an earlier archiver; return None if it left nothing complete."""
        if item.reason is None and item.claimed_until is None:
            return None  # no archiver was here: a deferral leaves a reason, a crash a claim
        prefix = audio_prefix(item.recording)
        object_key = self.vault.find_audio(prefix)
        if object_key is not None:
            return self._finished_from_vault(item, object_key)
        self.vault.abort_uploads(prefix)
        return None

    def _finished_from_vault(self, item: CatalogueItem, object_key: str) -> ArchiveResult:
        """Measure the object that is in the vault: only verified content is ever stored."""
        chunks = self._read_back(object_key)
        first = read_first(chunks)
        head = read_head(first)
        waveform, sha256, crc32 = Waveform(head), hashlib.sha256(), Crc32()
        for chunk in chain((first,), chunks):
            waveform.update(chunk)
            sha256.update(chunk)
            crc32.update(chunk)
        stored = StoredSize(size_bytes=crc32.size_bytes, crc32=crc32.base64)
        archived = self._record(
            item,
            object_key,
            stored,
            head=head,
            sha256_hex=sha256.hexdigest(),
            waveform=waveform.peaks,
        )
        return ArchiveResult(ArchiveOutcome.FOUND_IN_VAULT, archived=archived)

    def _read_back(self, object_key: str) -> Iterator[bytes]:
        for chunk in self.vault.read_audio(object_key):
            if self.clock() >= self.deadline:
                raise OutOfTimeError("the invocation ends while the vault's object is read back")
            yield chunk

    def _record(
        self,
        item: CatalogueItem,
        object_key: str,
        stored: StoredSize,
        *,
        head: AudioHead,
        sha256_hex: str,
        waveform: bytes | None,
    ) -> ArchivedObject:
        """Write the sidecar, then the state: in this order each is true when it is written."""
        archived = ArchivedObject(
            object_key=object_key,
            content_type=head.file_type.content_type,
            size_bytes=stored.size_bytes,
            sha256_hex=sha256_hex,
            crc32=stored.crc32,
            audio_duration_s=head.duration_of(stored.size_bytes),
            archived_at=self.clock(),
            waveform=waveform,
            notes=head.notes_of(stored.size_bytes),
        )
        self.vault.store_sidecar(sidecar_key(item.recording), item=item, archived=archived)
        self.catalogue.set_archived(item.recording.recording_id, archived)
        return archived

    def _throttled(self, item: CatalogueItem, error: ThrottledError) -> ArchiveResult:
        """Wait as long as the answer asks; longer if one recording is throttled again and again."""
        if not (error.concerns_all_users or isinstance(error, RetryLaterError)):
            return self._deferred(item, error, retry_at=error.retry_at)
        retry_at = error.retry_at
        if item.deferrals:
            retry_at = max(retry_at, self.clock() + deferral_wait(item.deferrals - 1))
        item = replace(item, deferrals=item.deferrals + 1)
        return self._deferred(item, error, retry_at=retry_at)

    def _deferred_longer(self, item: CatalogueItem, error: RingvaultError) -> ArchiveResult:
        """Wait longer each time; the cause is not the recording."""
        retry_at = self.clock() + deferral_wait(item.deferrals)
        item = replace(item, deferrals=item.deferrals + 1)
        return self._deferred(item, error, retry_at=retry_at)

    def _refused(self, item: CatalogueItem, error: RecordingRefusedError) -> ArchiveResult:
        now = self.clock()
        refused = RepeatedAnswer.after(item.refused, at=now)
        item = replace(item, refused=refused)
        if not is_refused_for_good(refused):
            return self._deferred(item, error, retry_at=now + refusal_wait(refused))
        reason = (
            f"{error}, {_repeated(refused)}: check the role of the service user,"
            f" then ringvault retry {item.recording.recording_id}"
        )
        return self._ended(item, error, reason, state=State.FAILED, attempts=item.attempts)

    def _not_found(self, item: CatalogueItem, error: NotFoundError) -> ArchiveResult:
        """End as ABSENT only on repeated answers and a second source; otherwise wait."""
        now = self.clock()
        not_found = RepeatedAnswer.after(item.not_found, at=now)
        item = replace(item, not_found=not_found)
        retry_at = now + wait_after_not_found(item, now=now)
        if not is_enough(not_found):
            return self._deferred(item, error, retry_at=retry_at)
        message = f"{error}, {_repeated(not_found)}"
        if self.account.has_expired(item.recording, now=now):
            days = (now - item.recording.started_at).days
            reason = f"{message}; {days} days after the call RingCentral has deleted it"
            return self._ended(item, error, reason, state=State.ABSENT, attempts=item.attempts)
        try:
            is_offered = self.account.is_offered(
                item.recording, latest=min(now + MAX_WAIT, self.deadline)
            )
        except RingvaultError as unknown:
            reason = f"{message}; whether the call log has it is unknown: {unknown}"
            return self._deferred(item, error, reason, retry_at=retry_at)
        if is_offered:
            reason = f"offered by the call log, not served: {message}"
            return self._deferred(item, error, reason, retry_at=retry_at)
        reason = f"{message}; the call log no longer has it"
        return self._ended(item, error, reason, state=State.ABSENT, attempts=item.attempts)

    def _failed_attempt(self, item: CatalogueItem, error: Exception, reason: str) -> ArchiveResult:
        attempts = item.attempts + 1
        if self.policy.is_exhausted(attempts):
            return self._ended(item, error, reason, state=State.FAILED, attempts=attempts)
        retry_at = self.clock() + self.policy.wait(attempts, self.jitter)
        return self._deferred(item, error, reason, retry_at=retry_at, attempts=attempts)

    def _deferred(
        self,
        item: CatalogueItem,
        error: Exception,
        reason: str | None = None,
        *,
        retry_at: datetime,
        attempts: int | None = None,
    ) -> ArchiveResult:
        reason = str(error) if reason is None else reason
        attempts = item.attempts if attempts is None else attempts
        self.catalogue.defer(item, retry_at=retry_at, reason=reason, attempts=attempts)
        return ArchiveResult(ArchiveOutcome.DEFERRED, reason, retry_at, error=type(error).__name__)

    def _ended(
        self, item: CatalogueItem, error: Exception, reason: str, *, state: State, attempts: int
    ) -> ArchiveResult:
        self.catalogue.end(item, state=state, reason=reason, attempts=attempts)
        outcome = ArchiveOutcome(state.value.lower())
        return ArchiveResult(outcome, reason, error=type(error).__name__)


_CAME_ONCE = "content of an unknown type arrived once; a second download is compared with it"


class _OtherContentError(ContentChangedError):
    """Unrecognised content differs from the last time."""


def _as_before(stream: RecordingStream, sha256_hex: str) -> Iterator[bytes]:
    """Yield the content; raises before its end if it is not the expected content."""
    yield from stream.chunks()
    if stream.sha256_hex != sha256_hex:
        raise _OtherContentError("content of an unknown type differs from the last download")


def _repeated(answer: RepeatedAnswer) -> str:
    return f"{answer.times} times since {format_instant(answer.first_at)}"
