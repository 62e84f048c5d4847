"""One message: what is fetched, stored, written, and what happens when anything dies."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ringvault.core.archiving.archive_recording import (
    CLAIM,
    ArchiveOutcome,
    ArchiveRecording,
    ArchiveResult,
)
from ringvault.core.archiving.recording_stream import MediaResponse
from ringvault.core.archiving.retry_policy import RetryPolicy
from ringvault.core.audio.head import UNRECOGNISED, WAV_HEADER_PROMISES_OTHER_LENGTH
from ringvault.core.catalogue.item import ArchivedObject, CatalogueItem, State
from ringvault.core.catalogue.recording import Recording, read_record
from ringvault.core.errors import (
    BodyInterruptedError,
    ConfigurationError,
    ConflictError,
    CredentialsError,
    ForeignHostError,
    InvalidMessageError,
    NotAudioError,
    NotFoundError,
    ObjectExistsError,
    PermissionLostError,
    RecordingRefusedError,
    RetryLaterError,
    RingvaultError,
    ServiceUnavailableError,
    ThrottledError,
)
from ringvault.core.quota.gate import Turn
from ringvault.core.vault.checksum import StoredSize, crc32_base64
from ringvault.core.vault.layout import proof_key
from tests.support.audio_files import wav
from tests.support.call_log_records import record
from tests.support.fakes import START, Time

BODY = wav(194)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
KEY = "recordings/account=37439510/year=2026/month=10/day=01/1662272004.wav"
SIDECAR = "metadata/account=37439510/year=2026/month=10/day=01/1662272004.json"


class DiedError(BaseException):
    """The process is gone: nothing of it runs any more, not even what cleans up."""


@dataclass
class Outside:
    """RingCentral, the catalogue and the vault in memory; dies at the planned step."""

    time: Time = field(default_factory=Time)
    body: bytes = BODY
    fails_with: Exception | None = None
    is_listed: bool | RingvaultError = True
    retention: timedelta = 90 * DAY
    asked_account: int = 0
    breaks: bool = False
    loses_claim: bool = False
    seconds_a_chunk: float = 0
    dies_at: int | None = None
    step: int = 0
    opened: int = 0
    item: CatalogueItem | None = None
    states: list[State] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    sidecars: dict[str, ArchivedObject] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    turn_at: datetime | None = None
    claims: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        (recording,) = read_record(record()).recordings
        self.item = CatalogueItem(recording, State.QUEUED, listed_at=START - DAY)

    def _next(self) -> None:
        self.step += 1
        if self.step == self.dies_at:
            raise DiedError

    # Quota
    def reserve(self, *, latest: datetime) -> Turn:
        self._next()
        turn_at = self.turn_at or self.time.now
        if turn_at > latest:
            raise ThrottledError("later", retry_at=turn_at)
        return Turn("1", at=turn_at, latest=latest, closings=0)

    # RingCentral
    def open(self, content_uri: str, *, offset: int, turn: Turn) -> MediaResponse:
        self._next()
        self.opened += 1
        if self.fails_with is not None:
            raise self.fails_with
        return MediaResponse(offset, len(self.body), "audio/wav", self._chunks(offset))

    def _chunks(self, offset: int) -> Iterator[bytes]:
        for at in range(offset, len(self.body), 500_000):
            self._next()
            if self.breaks and at:
                raise BodyInterruptedError("reset")
            self.time.now += timedelta(seconds=self.seconds_a_chunk)
            yield self.body[at : at + 500_000]

    # What the account says
    def has_expired(self, recording: Recording, *, now: datetime) -> bool:
        return now - recording.started_at > self.retention

    def is_offered(self, recording: Recording, *, latest: datetime) -> bool:
        self.asked_account += 1
        if isinstance(self.is_listed, RingvaultError):
            raise self.is_listed
        return self.is_listed

    # Catalogue
    def find(self, recording_id: str) -> CatalogueItem | None:
        self._next()
        return self.item if recording_id == "1662272004" else None

    def _found(self) -> CatalogueItem:
        assert self.item is not None
        return self.item

    def claim(self, item: CatalogueItem, *, now: datetime, until: datetime) -> None:
        self._next()
        held = self._found().claimed_until
        if self._found().state is State.ARCHIVED or (held is not None and held >= now):
            raise ConflictError("held")
        self.claims.append(until)
        self.item = replace(self._found(), claimed_until=until)

    def renew_claim(self, recording_id: str, *, until: datetime) -> None:
        if self.loses_claim:
            raise ConflictError("lost")
        self.claims.append(until)
        self.item = replace(self._found(), claimed_until=until)

    def set_archived(self, recording_id: str, archived: ArchivedObject) -> None:
        self._next()
        assert self.objects[archived.object_key]
        assert self.sidecars
        self._set(state=State.ARCHIVED, archived=archived, claimed_until=None)

    def defer(self, item: CatalogueItem, *, retry_at: datetime, reason: str, attempts: int) -> None:
        self.item = replace(item, retry_at=retry_at)
        self._set(state=State.PENDING, reason=reason, attempts=attempts, claimed_until=None)

    def end(self, item: CatalogueItem, *, state: State, reason: str, attempts: int) -> None:
        self.item = item
        self._set(state=state, reason=reason, attempts=attempts, claimed_until=None)

    def bury_erased(self, tombstone: CatalogueItem) -> None:
        self._next()
        self.item = tombstone
        self.states.append(tombstone.state)

    def _set(self, **changes: Any) -> None:
        self.item = replace(self._found(), **changes)
        self.states.append(self.item.state)

    # Vault
    def store_audio(
        self, object_key: str, *, content_type: str, chunks: Iterable[bytes]
    ) -> StoredSize:
        upload = f"{object_key} {len(self.uploads)}"
        self._next()
        self.uploads.append(upload)
        try:
            content = b"".join(chunks)
            self._next()
        except Exception:
            self.uploads.remove(upload)
            raise
        self.uploads.remove(upload)
        if object_key in self.objects:
            raise ObjectExistsError("there")
        self.objects[object_key] = content
        self._next()
        return StoredSize(len(content), crc32_base64(content))

    def find_audio(self, prefix: str) -> str | None:
        return next((key for key in self.objects if key.startswith(prefix)), None)

    def read_audio(self, object_key: str) -> Iterator[bytes]:
        yield self.objects[object_key]

    def abort_uploads(self, prefix: str) -> None:
        self.uploads = [upload for upload in self.uploads if not upload.startswith(prefix)]

    def store_sidecar(
        self, object_key: str, *, item: CatalogueItem, archived: ArchivedObject
    ) -> None:
        self._next()
        assert archived.object_key in self.objects
        self.sidecars[object_key] = archived

    def archive(self, recording_id: str = "1662272004", *, attempts: int = 12) -> ArchiveResult:
        """Deliver the message once."""
        return ArchiveRecording(
            source=self,
            quota=self,
            catalogue=self,
            vault=self,
            account=self,
            clock=self.time,
            jitter=lambda: 1.0,
            deadline=self.time.now + 14 * MINUTE,
            policy=RetryPolicy(attempts=attempts),
        )(recording_id)

    def archive_until_ended(self, *, max_attempts: int = 100) -> list[ArchiveResult]:
        """Deliver the message whenever its time has come, until it is not deferred."""
        results = [self.archive()]
        while results[-1].outcome is ArchiveOutcome.DEFERRED and len(results) < max_attempts:
            assert results[-1].retry_at is not None
            self.time.now = max(self.time.now, results[-1].retry_at)
            results.append(self.archive())
        return results


def test_a_recording_goes_into_the_vault_with_its_sidecar_and_then_its_state() -> None:
    """Audio first, sidecar second, state last: each is true when it is written."""
    outside = Outside()
    result = outside.archive()

    assert result.outcome is ArchiveOutcome.ARCHIVED
    assert outside.objects == {KEY: BODY}
    assert outside.states == [State.ARCHIVED]
    archived = outside.sidecars[SIDECAR]
    assert (archived.size_bytes, archived.content_type) == (len(BODY), "audio/wav")
    assert archived.sha256_hex == hashlib.sha256(BODY).hexdigest()
    assert archived.crc32 == crc32_base64(BODY)
    assert archived.audio_duration_s == 194
    assert archived.waveform == bytes(800)


def test_an_unknown_id_is_poison() -> None:
    """The catalogue knows every recording; who is not there was never listed."""
    with pytest.raises(InvalidMessageError, match="recording 77 is not in the catalogue"):
        Outside().archive("77")


def test_what_has_a_proof_of_erasure_is_not_fetched() -> None:
    """A catalogue that was restored or lost does not know of it; the proof in the vault wins."""
    outside = Outside()
    outside.objects[proof_key(outside._found().recording)] = b"{}"

    assert outside.archive().outcome is ArchiveOutcome.ALREADY_DONE
    assert outside.opened == 0
    assert outside.states == [State.ERASED]
    assert outside._found().recording.call_record == {}
    assert not outside.sidecars


@pytest.mark.parametrize("state", [State.ARCHIVED, State.ABSENT])
def test_a_message_that_comes_again_costs_nothing(state: State) -> None:
    """What has ended is not fetched twice."""
    outside = Outside()
    outside.item = replace(outside._found(), state=state)

    assert outside.archive().outcome is ArchiveOutcome.ALREADY_DONE
    assert outside.opened == 0


def test_the_same_message_twice_at_once_is_one_download() -> None:
    """The second finds the claim of the first and leaves it alone."""
    outside = Outside()
    outside.item = replace(outside._found(), claimed_until=START + MINUTE)

    assert outside.archive().outcome is ArchiveOutcome.CLAIMED_ELSEWHERE
    assert outside.opened == 0


def test_a_turn_that_comes_too_late_hands_the_message_back_untouched() -> None:
    """A throttle is nobody's fault: no attempt is counted, no state is written."""
    outside = Outside(turn_at=START + 10 * MINUTE)
    result = outside.archive()

    assert (result.outcome, result.retry_at) == (ArchiveOutcome.HANDED_BACK, START + 10 * MINUTE)
    assert outside.states == []


def test_the_claim_outlives_the_wait_for_the_turn() -> None:
    """Nobody else takes over who is waiting for the quota."""
    outside = Outside(turn_at=START + 2 * MINUTE)
    outside.archive()

    assert outside.claims[0] == START + 2 * MINUTE + CLAIM


def test_a_long_transfer_keeps_its_claim_alive() -> None:
    """The claim is renewed while bytes come."""
    outside = Outside(seconds_a_chunk=100)
    outside.archive()

    assert len(outside.claims) > 1
    assert outside.objects == {KEY: BODY}


def test_who_lost_the_claim_stops_and_writes_nothing() -> None:
    """Somebody else is at work on it."""
    outside = Outside(seconds_a_chunk=100, loses_claim=True)
    result = outside.archive()

    assert result.outcome is ArchiveOutcome.CLAIMED_ELSEWHERE
    assert (outside.objects, outside.states, outside.uploads) == ({}, [], [])


@pytest.mark.parametrize(
    "error",
    [ServiceUnavailableError("RingCentral answered 503"), NotAudioError("the answer is html")],
)
def test_a_failed_attempt_is_tried_again_later(error: RingvaultError) -> None:
    """The catalogue knows when and why; the message has done its duty."""
    outside = Outside(fails_with=error)
    result = outside.archive()

    assert (result.outcome, result.reason) == (ArchiveOutcome.DEFERRED, str(error))
    assert outside._found().state is State.PENDING
    assert outside._found().attempts == 1
    assert outside._found().retry_at == START + timedelta(seconds=30)


def test_after_the_last_attempt_the_recording_is_failed_with_its_reason() -> None:
    """Giving up is a state that a person can read."""
    outside = Outside(fails_with=NotAudioError("the answer is html"))
    outside.item = replace(outside._found(), attempts=2)

    assert outside.archive(attempts=3).outcome is ArchiveOutcome.FAILED
    assert outside._found().reason == "the answer is html"


def test_a_failed_recording_is_tried_when_its_id_comes() -> None:
    """Retrying by hand is sending the id."""
    outside = Outside()
    outside.item = replace(outside._found(), state=State.FAILED, attempts=12)

    assert outside.archive().outcome is ArchiveOutcome.ARCHIVED


@pytest.mark.parametrize(
    "error",
    [
        ForeignHostError("a URL leads to 'evil.example'"),
        ConfigurationError(["store a recording: KMS.DisabledException"]),
    ],
)
def test_a_wrong_configuration_never_ends_a_recording(error: RingvaultError) -> None:
    """It is asked for again after 15 min, 30 min … 6 h; no attempt is lost."""
    outside = Outside(fails_with=error)
    results = outside.archive_until_ended(max_attempts=40)

    assert {it.outcome for it in results} == {ArchiveOutcome.DEFERRED}
    assert outside._found().attempts == 0
    assert outside._found().reason == str(error)
    assert results[0].retry_at == START + 15 * MINUTE
    assert results[1].retry_at == START + 45 * MINUTE
    assert outside._found().retry_at == outside.time.now + timedelta(hours=6)


def test_a_defect_counts_as_an_attempt_and_ends_with_its_place() -> None:
    """The message does not come again for ever, and nothing that the defect says is repeated."""
    outside = Outside(fails_with=UnicodeEncodeError("utf-8", "Jane Doe", 0, 1, "surrogates"))
    results = outside.archive_until_ended()

    assert len(results) == 12
    assert results[-1].outcome is ArchiveOutcome.FAILED
    assert results[-1].error == "UnicodeEncodeError"
    reason = str(outside._found().reason)
    assert re.fullmatch(
        r"a defect of ringvault: UnicodeEncodeError at core/\w+/\w+\.py:\d+ \w+", reason
    )
    assert outside._found().attempts == 12


@pytest.mark.parametrize(
    "error", [PermissionLostError("403", concerns_all_users=True), CredentialsError("refused")]
)
def test_lost_permission_costs_the_recording_no_attempt(error: RingvaultError) -> None:
    """The recording is innocent, and a person has to act."""
    outside = Outside(fails_with=error)
    outside.archive()

    assert outside._found().attempts == 0
    assert outside._found().retry_at == START + 15 * MINUTE


def test_a_429_costs_the_recording_no_attempt() -> None:
    """It is fed again when the gate opens."""
    outside = Outside(fails_with=ThrottledError("429", retry_at=START + MINUTE))
    result = outside.archive()

    assert (result.outcome, result.retry_at) == (ArchiveOutcome.DEFERRED, START + MINUTE)
    assert outside._found().attempts == 0


def test_retry_after_costs_no_attempt_and_is_waited_for() -> None:
    """The end of a maintenance is when the recording is asked for again."""
    error = RetryLaterError("503", retry_at=START + 60 * MINUTE, concerns_all_users=True)
    outside = Outside(fails_with=error)

    assert outside.archive().retry_at == START + 60 * MINUTE
    assert outside._found().attempts == 0


def test_a_recording_that_names_a_wait_again_and_again_waits_longer_each_time() -> None:
    """It must not hold the others back, and is never lost."""
    error = RetryLaterError("503", retry_at=START + MINUTE, concerns_all_users=True)
    outside = Outside(fails_with=error)
    results = outside.archive_until_ended(max_attempts=10)

    assert results[0].retry_at == START + MINUTE
    assert outside._found().retry_at == outside.time.now + timedelta(hours=6)
    assert (outside._found().state, outside._found().attempts) == (State.PENDING, 0)


NOT_FOUND = NotFoundError("RingCentral answered 404 (CMN-102)")


def started(outside: Outside, ago: timedelta) -> Outside:
    """Let the recording's call have begun so long ago."""
    recording = replace(outside._found().recording, started_at=START - ago, duration_s=0)
    outside.item = replace(outside._found(), recording=recording)
    return outside


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (MINUTE, 5 * MINUTE),
        (60 * MINUTE, 15 * MINUTE),
        (DAY, timedelta(hours=6)),
        (30 * DAY, timedelta(hours=12)),
    ],
)
def test_one_404_is_a_file_that_comes_late(age: timedelta, wait: timedelta) -> None:
    """A young file is asked for soon, an old one three times in a day."""
    outside = started(Outside(fails_with=NOT_FOUND), age)

    assert outside.archive().retry_at == START + wait
    assert (outside._found().state, outside._found().attempts) == (State.PENDING, 0)
    assert outside.asked_account == 0


def test_a_file_that_comes_late_is_archived() -> None:
    """However often it was not found."""
    outside = started(Outside(fails_with=NOT_FOUND), 3 * DAY)
    outside.archive_until_ended(max_attempts=5)
    outside.fails_with = None

    assert outside.archive().outcome is ArchiveOutcome.ARCHIVED


def test_absent_takes_three_404s_over_a_day_and_a_call_log_without_it() -> None:
    """The catalogue says what was answered, how often and since when."""
    outside = started(Outside(fails_with=NOT_FOUND, is_listed=False), 30 * DAY)
    results = outside.archive_until_ended()

    assert [it.outcome for it in results] == [ArchiveOutcome.DEFERRED] * 2 + [ArchiveOutcome.ABSENT]
    assert outside.time.now - START == DAY
    assert outside.asked_account == 1
    assert outside._found().reason == (
        "RingCentral answered 404 (CMN-102), 3 times since 2026-11-01T12:00:00.000Z;"
        " the call log no longer has it"
    )


def test_many_404s_within_a_day_prove_nothing() -> None:
    """The media host may have a bad day."""
    outside = started(Outside(fails_with=NOT_FOUND, is_listed=False), 60 * MINUTE)
    results = outside.archive_until_ended()

    assert len(results) > 4
    assert outside.time.now - START >= DAY


def test_what_the_call_log_offers_is_asked_for_until_its_retention_has_passed() -> None:
    """Offered and not served is a finding, not an end; by its age it has been deleted."""
    outside = started(Outside(fails_with=NOT_FOUND, retention=40 * DAY), 30 * DAY)
    results = outside.archive_until_ended()

    assert results[-1].outcome is ArchiveOutcome.ABSENT
    assert outside.time.now - (START - 30 * DAY) > 40 * DAY
    assert str(results[2].reason).startswith(
        "offered by the call log, not served: RingCentral answered 404 (CMN-102), 3 times since"
    )
    assert "RingCentral has deleted it" in str(results[-1].reason)


def test_a_call_log_that_can_not_be_read_is_no_evidence() -> None:
    """Then it is asked again with the next 404."""
    unreadable = ServiceUnavailableError("RingCentral answered 503")
    outside = started(Outside(fails_with=NOT_FOUND, is_listed=unreadable), 30 * DAY)
    results = outside.archive_until_ended(max_attempts=6)

    assert {it.outcome for it in results} == {ArchiveOutcome.DEFERRED}
    assert outside.asked_account == 4
    assert "whether the call log has it is unknown" in str(outside._found().reason)


def test_a_refused_recording_has_waits_and_an_end_of_its_own() -> None:
    """Twelve refusals over five days at least; the reason says what to do."""
    error = RecordingRefusedError("RingCentral refuses this recording (403 CMN-408)")
    outside = Outside(fails_with=error)
    results = outside.archive_until_ended()

    assert len(results) == 12
    assert results[0].retry_at == START + 15 * MINUTE
    assert results[-1].outcome is ArchiveOutcome.FAILED
    assert outside.time.now - START >= 5 * DAY
    assert outside._found().attempts == 0
    assert outside._found().reason == (
        "RingCentral refuses this recording (403 CMN-408), 12 times since"
        " 2026-11-01T12:00:00.000Z: check the role of the service user, then ringvault retry"
        " 1662272004"
    )


def test_a_refusal_of_everything_is_no_refusal_of_the_recording() -> None:
    """What is answered while all work pauses does not count."""
    outside = Outside(fails_with=PermissionLostError("403", concerns_all_users=False))
    outside.archive_until_ended(max_attempts=30)

    assert outside._found().refused is None
    assert outside._found().state is State.PENDING


UNKNOWN = b"OggS" + bytes(range(256)) * 400
UNKNOWN_KEY = KEY.removesuffix("wav") + "bin"


def test_content_of_no_known_type_is_stored_when_it_came_twice_alike() -> None:
    """Better a strange file than none; what came once may be anything."""
    outside = Outside(body=UNKNOWN)

    assert outside.archive().outcome is ArchiveOutcome.DEFERRED
    assert outside.objects == {}
    assert outside._found().attempts == 0
    result = outside.archive()
    assert result.outcome is ArchiveOutcome.ARCHIVED
    assert outside.objects == {UNKNOWN_KEY: UNKNOWN}
    archived = outside.sidecars[SIDECAR]
    assert (archived.content_type, archived.notes) == ("application/octet-stream", (UNRECOGNISED,))
    assert archived.audio_duration_s is None


def test_content_of_no_known_type_that_changes_is_given_up() -> None:
    """Each other content is a failed attempt, and nothing of it is stored."""
    outside = Outside(body=UNKNOWN)
    for number in range(13):
        outside.body = UNKNOWN + bytes([number])
        result = outside.archive()

    assert result.outcome is ArchiveOutcome.FAILED
    assert (outside.objects, outside.uploads) == ({}, [])


def test_a_wav_with_a_wrong_header_is_archived_with_a_note() -> None:
    """The declared length of the body decides whether it is whole."""
    outside = Outside(body=BODY[:-1000])

    assert outside.archive().outcome is ArchiveOutcome.ARCHIVED
    assert outside.sidecars[SIDECAR].notes == (WAV_HEADER_PROMISES_OTHER_LENGTH,)


def test_a_body_that_never_gets_beyond_its_beginning_stores_nothing() -> None:
    """Half a recording never lies in the vault."""
    outside = Outside(body=wav(600), breaks=True)
    outside.archive()

    assert (outside.objects, outside.uploads) == ({}, [])
    assert outside._found().state is State.PENDING


def test_out_of_time_is_deferred_with_nothing_left_behind() -> None:
    """The state is written before the invocation is ended for us."""
    outside = Outside(seconds_a_chunk=300)

    assert outside.archive().outcome is ArchiveOutcome.DEFERRED
    assert (outside.objects, outside.uploads) == ({}, [])


def test_dying_at_any_step_ends_in_one_whole_recording() -> None:
    """Killed at each step in turn: the next delivery finishes, and leaves nothing open.

    What was already in the vault is not fetched again.
    """
    alive = Outside()
    alive.archive()
    for dies_at in range(1, alive.step + 1):
        outside = Outside(dies_at=dies_at)
        with pytest.raises(DiedError):
            outside.archive()
        was_stored = KEY in outside.objects
        outside.time.now += 2 * CLAIM
        opened = outside.opened
        outside.archive()

        assert outside.objects == {KEY: BODY}
        assert outside.uploads == []
        assert outside._found().state is State.ARCHIVED
        assert outside.sidecars[SIDECAR].sha256_hex == hashlib.sha256(BODY).hexdigest()
        assert not (was_stored and outside.opened > opened)


def test_an_object_that_is_there_is_measured_and_not_overwritten() -> None:
    """Should two archivers finish at once, the first one's object stays."""
    outside = Outside(objects={KEY: BODY})
    result = outside.archive()

    assert result.outcome is ArchiveOutcome.FOUND_IN_VAULT
    assert outside.sidecars[SIDECAR].sha256_hex == hashlib.sha256(BODY).hexdigest()
    assert outside.sidecars[SIDECAR].waveform == bytes(800)
