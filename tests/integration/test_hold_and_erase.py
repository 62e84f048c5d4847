"""Holding and erasing against tables and a bucket in moto."""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.s3.inventory import VaultInventory
from ringvault.core.catalogue.item import Hold, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.catalogue.selection import Selection, choose
from ringvault.core.errors import ConfigurationError, ConflictError, InvalidRequestError
from ringvault.core.fixity.rebuild_catalogue import rebuild_catalogue
from ringvault.core.lifecycle.erase_recordings import (
    EraseRecordings,
    ErasureOutcome,
    tombstone_of_proof,
)
from ringvault.core.lifecycle.hold_recordings import HoldOutcome
from ringvault.core.spans import Period
from ringvault.core.vault.layout import proof_key, sidecar_key
from tests.support.cloud import Cloud
from tests.support.dying import DiedError, Dying
from tests.support.kept_recordings import HOLD, NUMBER, KeptArchive, in_turn
from tests.support.recordings import NOW, archived_of, recording_of

OTHER = "+16505550199"


@pytest.fixture
def archive(cloud: Cloud) -> KeptArchive:
    """Return an archive whose vault has no Object Lock."""
    return KeptArchive.new(cloud, s3=cloud.s3, bucket=cloud.make_bucket())


def ids_of(archive: KeptArchive, **named: Any) -> list[str]:
    """Return the ids that a selection means."""
    indexes = CatalogueIndexes(
        archive.cloud.dynamodb,
        catalogue_table=archive.catalogue_table,
        number_index_table=archive.number_index_table,
    )
    found = choose(Selection(**named), indexes=indexes, catalogue=archive.catalogue)
    return sorted(it.recording_id for it in found)


def test_an_erased_recording_leaves_nothing_but_its_id(archive: KeptArchive) -> None:
    """Audio, call record, number and extension are gone, of every version; the rest stays."""
    archive.archive("1")
    archive.archive("2", call_record={"id": "x"}, extension_id="9")
    archive.cloud.s3.delete_object(
        Bucket=archive.bucket, Key=archived_of(recording_of("1")).object_key
    )

    assert archive.erase("1") == [ErasureOutcome.ERASED]

    assert {key.rpartition("/")[2] for key in archive.versions()} == {"2.mp3", "2.json"}
    everything = archive.everything()
    for personal in ("6505550100", NUMBER, "Ann Lee", "'101'", "call-1", "recording/1/content"):
        assert personal not in everything
    assert archive.item("1").state is State.ERASED
    assert archive.item("2").state is State.ARCHIVED
    assert archive.cloud.dynamodb.scan(TableName=archive.number_index_table)["Count"] == 0
    assert ids_of(archive, period=Period(NOW.date() - timedelta(days=1), NOW.date())) == ["2"]


def test_the_proof_says_what_when_and_by_whom(archive: KeptArchive) -> None:
    """It names id, digest, size, time and the id of who asked, and makes the tombstone again."""
    recording = archive.archive("1")

    archive.erase("1")

    proof = json.loads(archive.cloud.read(archive.bucket, proof_key(recording)))
    archived = archived_of(recording)
    assert proof["sha256_hex"] == archived.sha256_hex
    assert proof["size_bytes"] == archived.size_bytes
    assert proof["erased_by"] == "AIDAERASER"
    assert proof["erased_at"] == "2026-11-22T12:00:00.000Z"
    assert tombstone_of_proof(proof) == archive.item("1")


def test_an_erased_recording_is_never_fetched_again(archive: KeptArchive) -> None:
    """What RingCentral lists again is not new, and no archiver can claim or end it."""
    archive.archive("1")
    archive.erase("1")
    item = archive.item("1")

    assert archive.catalogue.unlisted([recording_of("1")]) == ()
    assert archive.catalogue.add_new([recording_of("1")], listed_at=NOW) == 0
    changes: list[Any] = [
        lambda: archive.catalogue.claim(item, now=NOW, until=NOW + timedelta(minutes=1)),
        lambda: archive.catalogue.renew_claim("1", until=NOW),
        lambda: archive.catalogue.set_archived("1", archived_of(recording_of("1"))),
        lambda: archive.catalogue.defer(item, retry_at=NOW, reason="", attempts=1),
        lambda: archive.catalogue.end(item, state=State.FAILED, reason="", attempts=1),
        lambda: archive.holds.hold("1", HOLD),
    ]
    for change in changes:
        with pytest.raises(ConflictError):
            change()
    assert archive.item("1") == item


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_who_is_killed_runs_it_again(archive: KeptArchive, *, after: bool) -> None:
    """Killed at any step, the next run finds it among what is unfinished, or by its number."""
    deaths: Counter[str] = Counter()
    for step in range(1, 20):
        recording_id = f"{step}"
        archive.archive(recording_id)
        left = [step]
        parts: dict[str, Any] = {
            name: Dying(part, left, after=after)
            for name, part in (
                ("catalogue", archive.holds),
                ("vault", archive.erasures),
                ("pointers", archive.pointers),
            )
        }
        try:
            archive.erase(recording_id, **parts)
        except DiedError:
            deaths[archive.item(recording_id).state] += 1
        else:
            break
        unfinished = {it.recording_id for it in archive.holds.erasing()}
        found = unfinished | set(ids_of(archive, phone_number=NUMBER))
        assert found == {recording_id} or archive.item(recording_id).state is State.ERASED
        archive.erase(recording_id)
        assert archive.item(recording_id).state is State.ERASED
        assert archive.versions() == []
        assert "Ann Lee" not in archive.everything()
        assert list(archive.holds.erasing()) == []
    assert deaths[State.ERASING] >= 4


class BothAtOnce(Dying):
    """A catalogue in which another erasure does the next step first."""

    def __init__(self, archive: KeptArchive, step: str) -> None:
        super().__init__(archive.holds, [], after=False)
        self._archive, self._step = archive, step

    def __getattr__(self, name: str) -> Any:
        if name == self._step:
            self._step = ""
            assert self._archive.erase("1") == [ErasureOutcome.ERASED]
        return getattr(self._inner, name)


@pytest.mark.parametrize("step", ["begin_erasure", "end_erasure"])
def test_two_erasures_at_once_both_end_well(archive: KeptArchive, step: str) -> None:
    """Who comes second at any step finds it erased already, and goes on to the next."""
    archive.archive("1")
    archive.archive("2")

    outcomes = archive.erase("1", "2", catalogue=BothAtOnce(archive, step))

    assert outcomes == [ErasureOutcome.ERASED_ALREADY, ErasureOutcome.ERASED]
    assert archive.versions() == []


def test_one_that_fails_keeps_none_of_the_others(archive: KeptArchive) -> None:
    """The rest is erased, and the problem is kept under its id."""
    archive.archive("1")
    archive.archive("2")

    class Refusing(Dying):
        def erase(self, recording: Any) -> int:
            if recording.recording_id == "1":
                raise ConfigurationError(["delete a version from the vault: AccessDenied"])
            return int(self._inner.erase(recording))

    erase = EraseRecordings(
        catalogue=archive.holds,
        vault=Refusing(archive.erasures, [1000], after=False),
        pointers=archive.pointers,
        clock=lambda: NOW,
        by="AIDAERASER",
    )
    [outcomes] = erase(archive.chosen("1", "2"), at_once=in_turn)

    assert outcomes == [("1", ErasureOutcome.FAILED), ("2", ErasureOutcome.ERASED)]
    assert "AccessDenied" in str(erase.problems["1"])
    assert archive.item("1").state is State.ERASING


def test_what_came_back_of_an_erased_recording_is_erased_again(archive: KeptArchive) -> None:
    """Such as a sidecar that somebody restored: named by its id it goes, a second time."""
    recording = archive.archive("1")
    item = archive.item("1")
    archive.erase("1")
    archive.vault.store_sidecar(sidecar_key(recording), item=item, archived=archived_of(recording))

    assert archive.erase("1") == [ErasureOutcome.ERASED]
    assert archive.versions() == []
    assert archive.erase("1") == [ErasureOutcome.ERASED_ALREADY]


def rewritten(archive: KeptArchive, pointers: NumberIndex) -> None:
    """Archive a recording whose record is rewritten to another number."""
    recording = archive.archive("1")
    CatalogueInventory(
        archive.catalogue_table, archive.cloud.dynamodb, number_index=pointers
    ).follow_record(
        replace(recording, call_record={"id": "call-1", "from": {"phoneNumber": OTHER}})
    )


class KeepingIndex(NumberIndex):
    """An index whose owner dies before it removes anything."""

    def remove_keys(self, recording: Recording, keys: Iterable[str]) -> None:
        raise DiedError


def test_an_erasure_removes_former_numbers(archive: KeptArchive) -> None:
    """Those that a rewritten record no longer has, even where their removal was interrupted."""
    dying = KeepingIndex(archive.number_index_table, archive.cloud.dynamodb)
    with suppress(DiedError):
        rewritten(archive, dying)
    assert archive.cloud.dynamodb.scan(TableName=archive.number_index_table)["Count"] == 4

    assert archive.erase("1") == [ErasureOutcome.ERASED]

    assert archive.cloud.dynamodb.scan(TableName=archive.number_index_table)["Count"] == 0


def test_a_former_number_does_not_choose_a_recording(archive: KeptArchive) -> None:
    """The record itself is looked at, for an index may still say what it was before."""
    dying = KeepingIndex(archive.number_index_table, archive.cloud.dynamodb)
    with suppress(DiedError):
        rewritten(archive, dying)

    assert ids_of(archive, phone_number=NUMBER) == []
    assert ids_of(archive, phone_number=OTHER) == ["1"]


def test_a_number_chooses_no_recording_of_another_country(archive: KeptArchive) -> None:
    """Antwerp's +32 3 234 56 78 and Los Angeles' +1 (323) 234-5678 are two people."""
    archive.archive("1", call_record={"id": "c1", "from": {"phoneNumber": "+3232345678"}})
    archive.archive("2", call_record={"id": "c2", "from": {"phoneNumber": "+13232345678"}})

    assert ids_of(archive, phone_number="+32 3 234 56 78") == ["1"]
    assert ids_of(archive, phone_number="(323) 234-5678") == ["2"]


def test_what_is_held_is_not_erased(archive: KeptArchive) -> None:
    """It is refused, whole; the others go, and it goes when the hold is removed."""
    archive.archive("1")
    archive.archive("2")
    archive.hold("1")

    assert archive.erase("1", "2") == [ErasureOutcome.HELD, ErasureOutcome.ERASED]
    assert archive.item("1").state is State.ARCHIVED
    assert len(archive.versions()) == 3

    assert archive.release("1") == [HoldOutcome.RELEASED]
    assert archive.erase("1") == [ErasureOutcome.ERASED]


def test_a_hold_between_look_and_erasure_wins(archive: KeptArchive) -> None:
    """The change to ERASING presumes that nothing is held."""
    archive.archive("1")

    class HeldMeanwhile(Dying):
        def __getattr__(self, name: str) -> Any:
            if name == "begin_erasure":
                archive.hold("1")
            return getattr(self._inner, name)

    racing = HeldMeanwhile(archive.holds, [], after=False)
    assert archive.erase("1", catalogue=racing) == [ErasureOutcome.BEING_FETCHED]
    assert archive.item("1").hold == HOLD
    assert len(archive.versions()) == 3


def test_what_is_being_fetched_is_not_erased(archive: KeptArchive) -> None:
    """A claim may be of an archiver at work; after its longest invocation it is not."""
    archive.catalogue.add_new([recording_of("1")], listed_at=NOW)
    archive.catalogue.claim(archive.item("1"), now=NOW, until=NOW + timedelta(seconds=75))

    assert archive.erase("1", at=NOW + timedelta(minutes=16)) == [ErasureOutcome.BEING_FETCHED]
    assert archive.item("1").state is State.PENDING
    assert archive.erase("1", at=NOW + timedelta(minutes=18)) == [ErasureOutcome.ERASED]


def test_one_hold_a_recording(archive: KeptArchive) -> None:
    """A second reason leaves the first; the first again keeps its date and who said so."""
    archive.archive("1")
    assert archive.hold("1") == [HoldOutcome.HELD]

    later = Hold(HOLD.reason, since=NOW + timedelta(days=1), by="AIDAOTHER")
    other = Hold("file 99", since=NOW, by="AIDAOTHER")
    assert archive.hold("1", hold=later) == [HoldOutcome.HELD_ALREADY]
    assert archive.hold("1", hold=other) == [HoldOutcome.HELD_OTHERWISE]

    assert archive.item("1").hold == HOLD
    assert [it.recording.recording_id for it in archive.holds.held()] == ["1"]


def test_an_erased_recording_can_not_be_held(archive: KeptArchive) -> None:
    """A hold that comes too late says so."""
    archive.archive("1")
    archive.erase("1")

    assert archive.hold("1") == [HoldOutcome.ERASED]


def test_a_hold_outlives_what_the_archiver_writes(archive: KeptArchive) -> None:
    """What is held before it is archived is held after."""
    recording = recording_of("1")
    archive.catalogue.add_new([recording], listed_at=NOW)
    archive.hold("1")

    archive.catalogue.set_archived("1", archived_of(recording))

    assert archive.item("1").hold == HOLD


def test_recordings_are_chosen_by_what_is_known_of_them(archive: KeptArchive) -> None:
    """By id, call, extension, number and period, and a period narrows extension and number."""
    old = datetime(2026, 9, 30, 23, 59, tzinfo=UTC)
    record = {"id": "c", "telephonySessionId": "s-1", "from": {"phoneNumber": NUMBER}}
    archive.archive("1", call_record=record)
    archive.archive("2", extension_id="7", call_record=record)
    archive.archive("3", started_at=old)
    september = Period(datetime(2026, 9, 1).date(), datetime(2026, 9, 30).date())  # noqa: DTZ001 - a date

    assert ids_of(archive, recording_ids=("1", "3", "1")) == ["1", "3"]
    assert ids_of(archive, telephony_session_id="s-1") == ["1", "2"]
    assert ids_of(archive, extension_id="7") == ["2"]
    assert ids_of(archive, phone_number="650.555.0100") == ["1", "2", "3"]
    assert ids_of(archive, period=september) == ["3"]
    assert ids_of(archive, phone_number=NUMBER, period=september) == ["3"]
    assert ids_of(archive, extension_id="101", period=september) == ["3"]


def test_more_than_a_page_is_chosen(archive: KeptArchive) -> None:
    """Reading goes on until the index ends."""
    recordings = [recording_of(str(number)) for number in range(250)]
    archive.catalogue.add_new(recordings, listed_at=NOW)

    assert len(set(ids_of(archive, extension_id="101"))) == 250


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"recording_ids": ("1",), "extension_id": "2"},
        {"phone_number": "anybody"},
        {"telephony_session_id": "s", "period": Period(NOW.date(), NOW.date())},
        {"recording_ids": ("404",)},
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(
    archive: KeptArchive, named: dict[str, Any]
) -> None:
    """Nothing, two ways at once, no number, and unknown ids."""
    with pytest.raises(InvalidRequestError):
        ids_of(archive, **named)


def test_the_tombstone_comes_back_with_a_lost_catalogue(archive: KeptArchive) -> None:
    """The bucket alone tells that a recording was erased: it is not fetched again."""
    archive.archive("1")
    archive.erase("1")
    tombstone = archive.item("1")
    archive.cloud.empty_table(archive.catalogue_table)

    catalogue = CatalogueInventory(
        archive.catalogue_table, archive.cloud.dynamodb, number_index=archive.pointers
    )
    vault = VaultInventory(archive.bucket, archive.cloud.s3)
    list(rebuild_catalogue(vault=vault, catalogue=catalogue, at_once=in_turn))

    assert archive.item("1") == tombstone
