"""Expiring through the handler, against tables and a bucket as the template makes it, in moto."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.expire_recordings import handler
from ringvault.adapters.clock import now
from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.adapters.dynamodb.lifecycle import CatalogueExpiry
from ringvault.adapters.s3.versions import TAG_KEY, TAG_VALUE, VaultHolds
from ringvault.core.catalogue.indexes import Index, Lookup
from ringvault.core.catalogue.item import State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError
from ringvault.core.lifecycle.erase_recordings import ErasureOutcome
from ringvault.core.lifecycle.expire_recordings import ExpiryOutcome
from ringvault.core.lifecycle.hold_recordings import HoldOutcome
from ringvault.core.vault.layout import audio_prefix
from tests.support.cloud import Cloud
from tests.support.deployed import Context, event
from tests.support.dying import DiedError, Dying
from tests.support.expiring import DAY, Expiring, deployed
from tests.support.kept_recordings import HOLD
from tests.support.lifecycle import apply_lifecycle
from tests.support.recordings import archived_of

OURS = {"Key": TAG_KEY, "Value": TAG_VALUE}
THEIRS = {"Key": "cost-centre", "Value": "7"}


@pytest.fixture
def archive(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Expiring:
    """Return an archive whose recordings expire after thirty days."""
    return deployed(cloud, monkeypatch)


@pytest.fixture(autouse=True)
def _cold_start() -> Iterator[None]:
    handler._expire_recordings.cache_clear()
    yield
    handler._expire_recordings.cache_clear()


def swept() -> dict[str, Any]:
    """Return what the function answers to its schedule."""
    return handler.lambda_handler(event("expire_recordings"), Context())


def counts(**numbers: int) -> dict[str, Any]:
    """Return the numbers of an answer."""
    return {outcome.value: numbers.get(outcome.value, 0) for outcome in ExpiryOutcome}


def test_what_is_due_and_not_held_is_deleted_by_s3(
    archive: Expiring, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of that every version goes and a tombstone stays; what is held or young keeps every byte."""
    due, held, young = archive.archive("1"), archive.archive("2"), archive.archive("3", days_ago=5)
    archive.hold("2")
    kept = {it.recording_id: archive.versions(it) for it in (held, young)}

    assert swept() == {"outcome": "through", **counts(tagged=1, held=1)}
    assert archive.tags(due) == [[OURS]] * 3
    assert archive.tags(held) == archive.tags(young) == [[]] * 3
    assert archive.state("1") is State.EXPIRING
    archive.pass_days(4, swept)
    assert swept()["expired"] == 0

    assert archive.state("1") is State.EXPIRED
    assert archive.versions(due) == {}
    assert {it.recording_id: archive.versions(it) for it in (held, young)} == kept
    assert len(archive.kept.versions()) == 6  # no delete marker is left either
    assert archive.state("2") is archive.state("3") is State.ARCHIVED
    written = capsys.readouterr().out
    told = [json.loads(it) for it in written.splitlines() if '"_aws"' in it]
    assert sum(it["RecordingsExpired"][0] for it in told) == 1
    assert "Ann Lee" not in written
    assert "5550100" not in written


def test_the_tombstone_says_nothing_of_the_call(archive: Expiring) -> None:
    """Id, account, start and why it is gone: neither call record nor number nor extension."""
    recording = archive.archive("1")
    archive.sweep()
    archive.pass_days(4)

    item = archive.kept.item("1")
    assert item.state is State.EXPIRED
    assert item.reason == "expired: kept for 30 days"
    assert item.recording.started_at == recording.started_at
    everything = archive.kept.everything()
    for personal in ("6505550100", "Ann Lee", "'101'", "call-1", "recording/1/content"):
        assert personal not in everything
    numbers = archive.kept.cloud.dynamodb.scan(TableName=archive.kept.number_index_table)
    assert numbers["Count"] == 0


def test_a_young_recording_survives_whoever_tags_it(archive: Expiring) -> None:
    """S3 itself deletes no audio before its time, and at its time only what is tagged."""
    tagged, other = (archive.archive(it, days_ago=20) for it in ("1", "2"))
    audio = {key: it for key, it in archive.versions(tagged).items() if key[0].endswith(".mp3")}
    archive.tag(tagged, OURS)

    for days in (0, 9, 1):
        archive.pass_time(days * DAY)
        assert audio.items() <= archive.versions(tagged).items()
        apply_lifecycle(archive.kept.s3, archive.kept.bucket, at=now())
    archive.pass_time(3 * DAY)
    apply_lifecycle(archive.kept.s3, archive.kept.bucket, at=now())

    assert archive.kept.vault.find_audio(audio_prefix(tagged)) is None
    assert len(archive.versions(other)) == 3


def test_what_others_tagged_stays_tagged(archive: Expiring) -> None:
    """The tag comes beside theirs, and goes without them."""
    recording = archive.archive("1")
    archive.tag(recording, THEIRS)
    archive.sweep()
    assert all(OURS in tags and THEIRS in tags for tags in archive.tags(recording))

    archive.kept.vault_holds.untag(recording)

    assert archive.tags(recording) == [[THEIRS]] * 3


def test_who_is_killed_is_caught_up(archive: Expiring) -> None:
    """Killed at any step, a later run brings it to its end; no state is written too early."""
    deaths = 0
    for step in range(1, 20):
        recording = archive.archive(f"{step}")
        try:
            archive.sweep(**dying(archive, step))
        except DiedError:
            deaths += 1
        else:
            break
        assert_true_to_its_word(archive, recording)
        archive.sweep()
        assert archive.tags(recording) == [[OURS]] * 3
    assert deaths >= 3
    for _ in range(4):
        apply_lifecycle(archive.kept.s3, archive.kept.bucket, at=now())
        archive.pass_time(DAY)
    assert archive.kept.versions() == []
    for step in range(1, deaths + 1):
        with pytest.raises(DiedError):
            archive.sweep(**dying(archive, step + 1))
    archive.sweep()

    assert {archive.state(f"{it}") for it in range(1, deaths + 2)} == {State.EXPIRED}
    assert "Ann Lee" not in archive.kept.everything()


def dying(archive: Expiring, step: int) -> dict[str, Any]:
    """Return the parts of a process that dies before a step: which is after the one before it."""
    left = [step]
    use_case = archive.use_case()
    return {
        name: Dying(getattr(use_case, name), left, after=False)
        for name in ("catalogue", "vault", "pointers")
    }


def assert_true_to_its_word(archive: Expiring, recording: Recording) -> None:
    """Nothing ARCHIVED is tagged, and nothing that is there is EXPIRED."""
    state = archive.state(recording.recording_id)
    assert state is not State.EXPIRED
    assert state is State.EXPIRING or archive.tags(recording) == [[]] * 3


def test_a_hold_rescues_what_s3_still_has(archive: Expiring) -> None:
    """Not while it may still be tagged; then whole, archived and held, whatever S3 does later."""
    recording = archive.archive("1")
    before = archive.versions(recording)
    archive.sweep()

    assert archive.hold("1") is HoldOutcome.BEING_EXPIRED
    archive.pass_time(timedelta(minutes=17))
    assert archive.hold("1") is HoldOutcome.HELD
    assert archive.hold("1") is HoldOutcome.HELD_ALREADY

    item = archive.kept.item("1")
    assert (item.state, item.expiring_at, item.retry_at) == (State.ARCHIVED, None, None)
    assert archive.tags(recording) == [[]] * 3
    archive.pass_days(3)
    assert archive.versions(recording) == before
    archive.kept.release("1")
    assert archive.sweep().counts == {ExpiryOutcome.TAGGED: 1}


def test_a_hold_takes_a_tag_that_nobody_remembers(archive: Expiring) -> None:
    """A catalogue that was made again calls ARCHIVED what S3 was told to delete."""
    recording = archive.archive("1")
    before = archive.versions(recording)
    archive.tag(recording, OURS)

    assert archive.hold("1") is HoldOutcome.HELD
    archive.pass_days(3)

    assert archive.versions(recording) == before


def test_a_hold_can_come_too_late(archive: Expiring) -> None:
    """What S3 hides already is not brought back, and goes on to its end."""
    archive.archive("1")
    archive.sweep()
    archive.pass_time(DAY)
    apply_lifecycle(archive.kept.s3, archive.kept.bucket, at=now())

    assert archive.hold("1") is HoldOutcome.EXPIRED
    archive.pass_days(5)
    assert archive.state("1") is State.EXPIRED
    assert archive.hold("1") is HoldOutcome.EXPIRED


def test_a_rescue_that_is_killed_is_run_again(archive: Expiring) -> None:
    """Before any of its steps that changes or asks something; the second run holds it."""
    recordings = {step: archive.archive(f"{step}") for step in (3, 4, 5, 6, 8)}
    archive.sweep()
    archive.pass_time(timedelta(minutes=17))
    for step, recording in recordings.items():
        left = [step]
        parts = {
            name: Dying(part, left, after=False)
            for name, part in (
                ("catalogue", archive.kept.holds),
                ("vault", archive.kept.vault_holds),
            )
        }
        with pytest.raises(DiedError):
            archive.hold(f"{step}", **parts)
        assert archive.hold(f"{step}") in {HoldOutcome.HELD, HoldOutcome.HELD_ALREADY}
        assert archive.state(f"{step}") is State.ARCHIVED
        assert archive.tags(recording) == [[]] * 3


def test_a_hold_between_look_and_expiry_wins(archive: Expiring) -> None:
    """The change to EXPIRING presumes that nothing is held."""
    recording = archive.archive("1")

    class HeldMeanwhile(CatalogueExpiry):
        def begin_expiry(self, *arguments: Any, **named: Any) -> None:
            archive.hold("1")
            super().begin_expiry(*arguments, **named)

    table, dynamodb = archive.kept.catalogue_table, archive.kept.cloud.dynamodb
    sweep = archive.sweep(catalogue=HeldMeanwhile(table, dynamodb))

    assert sweep.counts == {ExpiryOutcome.CHANGED: 1}
    assert archive.state("1") is State.ARCHIVED
    assert archive.tags(recording) == [[]] * 3


def test_a_sweep_between_look_and_rescue_wins(archive: Expiring) -> None:
    """It tags anew what the rescue has untagged, so the rescue may not call it archived."""
    recording = archive.archive("1")
    archive.sweep()
    archive.pass_time(2 * DAY)

    class SweptMeanwhile(VaultHolds):
        def untag(self, recording: Recording) -> None:
            super().untag(recording)
            assert archive.sweep().counts == {ExpiryOutcome.TAGGED: 1}

    vault = SweptMeanwhile(archive.kept.bucket, archive.kept.s3)

    assert archive.hold("1", vault=vault) is HoldOutcome.BEING_EXPIRED
    assert archive.state("1") is State.EXPIRING
    assert archive.tags(recording) == [[OURS]] * 3


def test_a_legal_hold_is_a_hold(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where S3 alone knows of it nothing is tagged: a delete marker would hide the recording."""
    archive = deployed(cloud, monkeypatch, ObjectLockDays="1")
    recording = archive.archive("1")
    archive.kept.vault_holds.hold(recording)

    assert archive.sweep().counts == {ExpiryOutcome.HELD: 1}
    assert archive.tags(recording) == [[]] * 3
    assert archive.state("1") is State.ARCHIVED


def test_what_is_locked_waits_for_its_lock(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 hides it and deletes nothing; it is EXPIRING for as long."""
    archive = deployed(cloud, monkeypatch, ObjectLockDays="100")
    recording = archive.archive("1")
    archive.sweep()
    archive.pass_days(4)

    assert len(archive.versions(recording)) == 3
    assert archive.kept.vault.find_audio(audio_prefix(recording)) is None
    assert archive.sweep().counts == {ExpiryOutcome.LEFT: 1}
    assert archive.sweep().counts == {}
    assert archive.state("1") is State.EXPIRING


def test_what_expires_can_be_erased(archive: Expiring) -> None:
    """At once where somebody asks; what has expired is as good as erased."""
    archive.archive("1")
    archive.archive("2")
    archive.sweep()

    assert archive.kept.erase("1") == [ErasureOutcome.ERASED]
    archive.pass_days(4)

    assert archive.state("1") is State.ERASED
    assert archive.kept.erase("2") == [ErasureOutcome.ERASED_ALREADY]
    assert archive.state("2") is State.EXPIRED


@pytest.mark.parametrize("days", [0, 4], ids=["expiring", "expired"])
def test_what_expires_is_neither_found_nor_fetched_again(archive: Expiring, days: int) -> None:
    """No index leads to it but for who may rescue it, and no archiver can claim or end it."""
    recording = archive.archive("1")
    archive.sweep()
    archive.pass_days(days)
    item, catalogue = archive.kept.item("1"), archive.kept.catalogue

    assert found(archive) == []
    assert found(archive, hidden=frozenset()) == ([] if days else ["1"])
    assert catalogue.unlisted([recording]) == ()
    assert catalogue.add_new([recording], listed_at=now()) == 0
    changes: list[Any] = [
        lambda: catalogue.claim(item, now=now(), until=now() + DAY),
        lambda: catalogue.renew_claim("1", until=now()),
        lambda: catalogue.set_archived("1", archived_of(recording)),
        lambda: catalogue.defer(item, retry_at=now(), reason="", attempts=1),
        lambda: catalogue.end(item, state=State.FAILED, reason="", attempts=1),
        lambda: archive.kept.holds.hold("1", HOLD),
    ]
    for change in changes:
        with pytest.raises(ConflictError):
            change()
    assert archive.kept.item("1") == item


def found(archive: Expiring, **options: Any) -> list[str]:
    """Return what a search by extension finds."""
    indexes = CatalogueIndexes(
        archive.kept.cloud.dynamodb,
        catalogue_table=archive.kept.catalogue_table,
        number_index_table=archive.kept.number_index_table,
        **options,
    )
    reading = indexes.newest_first(
        Lookup(Index.EXTENSION, "101"),
        from_at=now() - 200 * DAY,
        before_at=now().replace(microsecond=0),
        max_items=10,
        after=None,
    )
    return [it.recording.recording_id for it in reading.items]


def test_one_that_fails_keeps_nobody_from_the_others(archive: Expiring) -> None:
    """It is told and counted as failed; its turn comes again."""
    full, other = archive.archive("1"), archive.archive("2")
    archive.tag(full, *({"Key": f"{it}", "Value": ""} for it in range(10)))  # S3 takes no more

    answer = swept()

    assert answer["outcome"] == "failed"
    assert answer["error"] == "ServiceUnavailableError"
    assert {it: answer[it] for it in counts()} == counts(tagged=1, failed=1)
    assert archive.tags(other) == [[OURS]] * 3
    assert swept()["failed"] == 1


def test_a_run_ends_in_time(archive: Expiring) -> None:
    """What it does not come to is left to the next one."""
    archive.archive("1")

    class Hurried(Context):
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 100_000

    assert handler.lambda_handler({}, Hurried()) == {"outcome": "going_on", **counts()}
    assert swept()["tagged"] == 1


def test_wrong_settings_are_named_together(
    archive: Expiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fault at once; without a number of days nothing is due."""
    archive.archive("1")
    monkeypatch.delenv("VAULT_BUCKET")
    monkeypatch.setenv("EXPIRE_AFTER_DAYS", "0")
    answer = swept()

    assert (answer["outcome"], answer["error"]) == ("failed", "ConfigurationError")
    assert "VAULT_BUCKET is missing" in answer["problem"]
    assert "EXPIRE_AFTER_DAYS must be a whole number from 1 to 36500" in answer["problem"]
    assert archive.state("1") is State.ARCHIVED


def test_the_day_of_expiry_ends_at_midnight(archive: Expiring) -> None:
    """The function waits for the midnight that S3 waits for."""
    archive.archive("1", days_ago=30)
    midnight = datetime.combine(now().date(), datetime.min.time(), now().tzinfo)

    assert archive.sweep(clock=lambda: midnight + DAY - timedelta(seconds=1)).counts == {}
    assert archive.sweep(clock=lambda: midnight + DAY).counts == {ExpiryOutcome.TAGGED: 1}
