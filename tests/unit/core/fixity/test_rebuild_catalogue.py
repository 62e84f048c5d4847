"""The catalogue made again in memory: what comes back, what does not, and death at any step."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.errors import InvalidRecordError
from ringvault.core.fixity.rebuild_catalogue import ADVICE, Fault, Rebuilt, rebuild_catalogue
from ringvault.core.lifecycle.erase_recordings import tombstone_of
from ringvault.core.vault.checksum import StoredSize
from ringvault.core.vault.layout import day_in, sidecar_key
from tests.support.damaged_archive import TIMES, alter_object, delete_object, delete_sidecar, key_of
from tests.support.in_turn import in_turn
from tests.support.vault_in_memory import DiedError, Outside, call


class Bucket(Outside):
    """An archive whose catalogue is to be rebuilt."""

    steps: list[Rebuilt]
    erased: tuple[CatalogueItem, ...] = ()

    def days(self) -> list[tuple[str, date]]:
        folders = (key.rpartition("/")[0] + "/" for key in (*self.audio, *self.sidecars))
        return sorted({day for folder in folders if (day := day_in(folder)) is not None})

    def tombstones(self) -> tuple[CatalogueItem, ...]:
        return self.erased

    def find_sidecar(self, object_key: str) -> CatalogueItem | None:
        found = self.sidecars.get(object_key)
        if found is not None and found.archived is None:
            raise InvalidRecordError("a sidecar is not of ringvault's writing")
        return found

    def measured(self, object_key: str) -> StoredSize | None:
        return self.audio.get(object_key)

    def rebuild(self) -> tuple[Rebuilt, dict[str, Fault]]:
        """Rebuild, and return the end and all that was found."""
        self.steps = list(rebuild_catalogue(vault=self, catalogue=self, at_once=in_turn))
        found = {it.recording_id: it.fault for step in self.steps for it in step.found}
        return self.steps[-1], found


def archived(**changes: Any) -> Bucket:
    """Return an account of ten recordings, all archived well."""
    bucket = Bucket(**changes)
    for number, started_at in enumerate(TIMES, start=1):
        bucket.archive(call(number, started_at))
    return bucket


def spoil_sidecar(outside: Outside, recording_id: str) -> None:
    """Put something where the sidecar was that ringvault did not write."""
    key = sidecar_key(outside.items[recording_id].recording)
    sidecar = outside.sidecars[key]
    assert sidecar is not None
    outside.sidecars[key] = replace(sidecar, archived=None)


def swap_sidecar(outside: Outside, recording_id: str) -> None:
    """Put another recording's sidecar where that of this one was."""
    other = next(it for it in outside.items if it != recording_id)
    key = sidecar_key(outside.items[recording_id].recording)
    outside.sidecars[key] = outside.items[other]


DAMAGES = {
    "audio_missing": delete_object,
    "audio_altered": alter_object,
    "sidecar_missing": delete_sidecar,
    "sidecar_unreadable": spoil_sidecar,
}


def test_the_lost_catalogue_comes_back() -> None:
    """Item by item as it was, day by day."""
    bucket = archived()
    lost, bucket.items = bucket.items, {}

    rebuilt, found = bucket.rebuild()

    assert bucket.items == lost
    assert (rebuilt.restored, rebuilt.known, rebuilt.unrestored) == (10, 0, 0)
    assert rebuilt.days_done == rebuilt.days == len({at.date() for at in TIMES})
    assert found == {}


@pytest.mark.parametrize("fault", DAMAGES)
def test_what_the_bucket_does_not_prove_is_not_restored(fault: str) -> None:
    """It is named with its own fault, and the others come back."""
    bucket = archived()
    DAMAGES[fault](bucket, "3")
    lost, bucket.items = bucket.items, {}

    rebuilt, found = bucket.rebuild()

    assert found == {"3": fault}
    assert rebuilt.unrestored == 1
    (step,) = (step for step in bucket.steps if step.found)
    tree = fault.partition("_")[0].replace("audio", "recordings").replace("sidecar", "metadata")
    assert step.found[0].object_key.startswith(f"{tree}/")
    assert bucket.items == {it: item for it, item in lost.items() if it != "3"}
    assert ADVICE[Fault(fault)]


def test_a_sidecar_in_anothers_place_is_not_believed() -> None:
    """What it tells is not about the recording that its key names."""
    bucket = archived()
    swap_sidecar(bucket, "3")
    bucket.items = {}

    _, found = bucket.rebuild()

    assert found == {"3": Fault.SIDECAR_UNREADABLE}


def test_what_is_there_is_never_overwritten() -> None:
    """Whatever the catalogue says by now is newer than any sidecar, and nothing of it is named."""
    bucket = archived()
    pending = replace(bucket.items["3"], state=State.PENDING, archived=None)
    delete_object(bucket, "4")
    kept = {"3": pending, "4": bucket.items["4"]}
    bucket.items = dict(kept)

    rebuilt, found = bucket.rebuild()

    assert {it: bucket.items[it] for it in kept} == kept
    assert (rebuilt.restored, rebuilt.known) == (8, 2)
    assert found == {}


def test_what_was_erased_comes_back_as_erased() -> None:
    """A proof makes the tombstone again; an object of the recording that is left is named."""
    bucket = archived()
    [item, *_] = bucket.items.values()
    bucket.erased = (tombstone_of(item),)
    bucket.items.clear()

    rebuilt, found = bucket.rebuild()

    assert bucket.items[item.recording.recording_id] == tombstone_of(item)
    assert found == {item.recording.recording_id: Fault.ERASED}
    assert (rebuilt.restored, rebuilt.unrestored) == (9, 1)


@pytest.mark.parametrize("state", [State.ARCHIVED, State.PENDING, State.EXPIRED])
def test_a_proof_wins_over_what_a_backup_brought_back(state: State) -> None:
    """The item becomes the tombstone, whatever its state; the others stay as they are."""
    bucket = archived()
    [item, *others] = list(bucket.items.values())
    recording_id = item.recording.recording_id
    bucket.erased = (tombstone_of(item),)
    bucket.items[recording_id] = replace(item, state=state)

    bucket.rebuild()

    assert bucket.items[recording_id] == tombstone_of(item)
    assert [bucket.items[it.recording.recording_id] for it in others] == others


def test_what_somebody_restores_meanwhile_is_his() -> None:
    """Two at once do no harm, and nothing is counted twice."""
    bucket = archived(at_step=1)
    lost, bucket.items = bucket.items, {}
    first = min(lost)
    bucket.happens = lambda: bucket.items.update({first: lost[first]})

    rebuilt, _ = bucket.rebuild()

    assert (rebuilt.restored, rebuilt.known) == (9, 1)
    assert bucket.items == lost


def test_strangers_are_passed_over() -> None:
    """A name that is no recording's may hold anything: it is neither read nor told."""
    bucket = archived()
    folder = key_of(bucket, "3").rpartition("/")[0]
    bucket.audio[f"{folder}/Ann +15550100.mp3"] = StoredSize(1, "")
    lost, bucket.items = bucket.items, {}

    _, found = bucket.rebuild()

    assert (found, bucket.items) == ({}, lost)


@settings(deadline=None)
@given(
    damages=st.dictionaries(st.sampled_from("12345678"), st.sampled_from(sorted(DAMAGES))),
    kept=st.sets(st.sampled_from("12345678")),
    dies_at=st.integers(1, 12),
)
def test_whoever_is_killed_runs_it_again(
    damages: dict[str, str], kept: set[str], dies_at: int
) -> None:
    """After a death at any step the second run finishes, and does nothing that was done."""
    bucket = archived()
    for recording_id, damage in damages.items():
        DAMAGES[damage](bucket, recording_id)
    lost = bucket.items
    bucket.items = {it: lost[it] for it in kept}
    bucket.at_step = dies_at
    with suppress(DiedError):
        bucket.rebuild()
    bucket.at_step = None
    already = len(bucket.items)

    rebuilt, found = bucket.rebuild()

    missing = damages.keys() - kept
    assert bucket.items == {it: item for it, item in lost.items() if it not in missing}
    assert found == {it: damages[it] for it in missing}
    # Those whose audio and sidecar are both gone are known to the catalogue only.
    assert rebuilt.known == already
    assert rebuilt.restored == len(bucket.items) - already


@pytest.mark.parametrize(
    "folder",
    [
        "recordings/account=1/year=2026/month=13/day=01/",
        "recordings/account=1/year=2026/month=10/",
        "recordings/account=1/year=2026/month=10/day=1/",
        "recordings/account=../year=2026/month=10/day=01/",
        "metadata/",
    ],
)
def test_a_folder_that_is_no_days_is_passed_over(folder: str) -> None:
    """Somebody may keep things beside ours."""
    assert day_in(folder) is None
    assert day_in("metadata/account=1/year=2026/month=10/day=01/") == ("1", date(2026, 10, 1))
