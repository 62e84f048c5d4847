"""Recordings read back in memory: each damage has its verdict, and death at any step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringvault.core.catalogue.indexes import Position
from ringvault.core.catalogue.item import CatalogueItem, ItemsRead, State
from ringvault.core.errors import (
    ConfigurationError,
    ConflictError,
    InvalidRecordError,
    InvalidRequestError,
    NewerCatalogueError,
    RingvaultError,
    ServiceUnavailableError,
    UnreadableItemError,
)
from ringvault.core.fixity.check import ATTEMPTS, Condition, Digest
from ringvault.core.fixity.verification import MAX_NAMED, Sample, Verification
from ringvault.core.fixity.verify_vault import COUNTED_AT_ONCE, RECORDINGS_AT_ONCE, verify_vault
from ringvault.core.vault.cold_storage import InColdStorageError, StorageState
from ringvault.core.vault.layout import sidecar_key
from tests.support.fakes import START, Time
from tests.support.in_turn import in_turn
from tests.support.vault_in_memory import DiedError, archived_item, call, recording_in

ALL = Sample()
NUMBER = 2 * RECORDINGS_AT_ONCE + 10
SIZE_BYTES = 1000


def item_of(number: int) -> CatalogueItem:
    """Return an archived recording; each started a minute after the one before."""
    at = START + number * timedelta(minutes=1)
    return archived_item(recording_in(call(number, at)))


@dataclass
class Archive:
    """Catalogue, bucket and state; dies before it saves for the `dies_at`th time."""

    items: dict[str, CatalogueItem]
    sha256: dict[str, str]
    sidecars: dict[str, CatalogueItem]
    refused: dict[str, RingvaultError] = field(default_factory=dict)
    damaged: dict[str, UnreadableItemError] = field(default_factory=dict)
    passed_over: tuple[UnreadableItemError, ...] = ()
    breaks: int = 0
    saved: tuple[Verification | None, int] = (None, 0)
    dies_at: int | None = None
    read: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, number: int) -> "Archive":
        items = [item_of(it) for it in range(1, number + 1)]
        archived = [(item, item.archived) for item in items if item.archived is not None]
        return cls(
            items={item.recording.recording_id: item for item in items},
            sha256={it.object_key: it.sha256_hex for _, it in archived},
            sidecars={sidecar_key(item.recording): item for item in items},
        )

    # Catalogue
    def archived(self, *, after: Position | None = None) -> Iterator[Position]:
        positions = [
            Position(it.recording.started_at, it.recording.recording_id)
            for it in self.items.values()
            if it.archived is not None
        ]
        behind = positions.index(after) + 1 if after is not None else 0
        return iter(positions[behind:])

    def find_all(self, recording_ids: Sequence[str]) -> ItemsRead:
        there = [it for it in recording_ids if it in self.items]
        return ItemsRead(
            tuple(self.items[it] for it in there if it not in self.damaged),
            tuple(self.damaged[it] for it in there if it in self.damaged),
        )

    def take_unreadable(self) -> Sequence[UnreadableItemError]:
        return self.passed_over

    # Vault
    def digest(self, object_key: str) -> Digest | None:
        self.read.append(object_key.rpartition("/")[2].removesuffix(".mp3"))
        self._refuse(object_key)
        if self.breaks:
            self.breaks -= 1
            raise ServiceUnavailableError("read a recording: ReadTimeoutError")
        found = self.sha256.get(object_key)
        return None if found is None else Digest(found, SIZE_BYTES)

    def find_sidecar(self, object_key: str) -> CatalogueItem | None:
        self._refuse(object_key)
        return self.sidecars.get(object_key)

    def _refuse(self, object_key: str) -> None:
        if object_key in self.refused:
            raise self.refused[object_key]

    # Progress
    def load(self) -> tuple[Verification | None, int]:
        return self.saved

    def save(self, verification: Verification, *, version: int) -> int:
        if version == self.dies_at:
            raise DiedError
        if version != self.saved[1]:
            raise ConflictError("somebody was quicker")
        self.saved = (verification, version + 1)
        return version + 1

    def steps(self, asked: Sample = ALL, *, restart: bool = False) -> Iterator[Verification]:
        """Verify step by step."""
        return verify_vault(
            asked=asked,
            restart=restart,
            catalogue=self,
            vault=self,
            progress=self,
            at_once=in_turn,
            clock=Time(),
        )

    def verify(self, asked: Sample = ALL, *, restart: bool = False) -> Verification:
        """Verify to the end."""
        *_, last = self.steps(asked, restart=restart)
        return last

    def audio(self, recording_id: str) -> str:
        """Return the object key of the audio."""
        archived = self.items[recording_id].archived
        assert archived is not None
        return archived.object_key

    def sidecar(self, recording_id: str) -> str:
        """Return the object key of the sidecar."""
        return sidecar_key(self.items[recording_id].recording)


def cold(archive: Archive, restore: str | None = None) -> InColdStorageError:
    """Return what S3 says of a recording in Glacier."""
    return InColdStorageError(
        StorageState("vault", archive.audio("2"), "DEEP_ARCHIVE", None, restore)
    )


def forget(archive: Archive) -> None:
    """Have the sidecar tell another digest than the catalogue."""
    item = archive.sidecars[archive.sidecar("2")]
    assert item.archived is not None
    changed = replace(item, archived=replace(item.archived, sha256_hex="cd" * 32))
    archive.sidecars[archive.sidecar("2")] = changed


DAMAGES: dict[str, tuple[Any, str, Condition]] = {
    "audio altered": (lambda it: it.sha256.update({it.audio("2"): "x"}), "mp3", Condition.ALTERED),
    "audio missing": (lambda it: it.sha256.pop(it.audio("2")), "mp3", Condition.MISSING),
    "audio cold": (
        lambda it: it.refused.update({it.audio("2"): cold(it)}),
        "mp3",
        Condition.UNREADABLE,
    ),
    "audio refused": (
        lambda it: it.refused.update({it.audio("2"): ConfigurationError(["read: AccessDenied"])}),
        "mp3",
        Condition.UNREADABLE,
    ),
    "sidecar tells another digest": (forget, "json", Condition.ALTERED),
    "sidecar is a stranger's": (
        lambda it: it.refused.update({it.sidecar("2"): InvalidRecordError("no JSON")}),
        "json",
        Condition.ALTERED,
    ),
    "sidecar missing": (lambda it: it.sidecars.pop(it.sidecar("2")), "json", Condition.MISSING),
    "sidecar cold": (
        lambda it: it.refused.update({it.sidecar("2"): cold(it)}),
        "json",
        Condition.UNREADABLE,
    ),
}


def test_a_whole_archive_is_intact() -> None:
    """Every recording is read once, oldest first, and counted with its bytes."""
    archive = Archive.of(NUMBER)
    found = archive.verify()

    assert found.verdicts == {"intact": NUMBER}
    assert found.is_intact
    assert (found.done, found.total, found.damages) == (NUMBER, NUMBER, ())
    assert found.read_bytes == NUMBER * SIZE_BYTES
    assert archive.read == [str(it) for it in range(1, NUMBER + 1)]
    assert found.finished_at == START


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_has_its_verdict(damage: str) -> None:
    """One damaged object is named with its key, a problem and advice; the others are intact."""
    spoil, suffix, verdict = DAMAGES[damage]
    archive = Archive.of(3)
    spoil(archive)
    found = archive.verify()

    (named,) = found.damages
    assert (named.recording_id, named.verdict) == ("2", verdict)
    assert named.object_key.endswith(f"/2.{suffix}")
    assert named.problem
    assert named.advice
    assert found.verdicts == {"intact": 2, verdict: 1}
    assert not found.is_intact


def test_audio_and_sidecar_may_both_be_damaged() -> None:
    """Both are named; the recording is counted once, by its audio."""
    archive = Archive.of(3)
    DAMAGES["audio altered"][0](archive)
    DAMAGES["sidecar missing"][0](archive)
    found = archive.verify()

    assert [it.verdict for it in found.damages] == [Condition.ALTERED, Condition.MISSING]
    assert found.verdicts == {"intact": 2, "altered": 1}


def test_what_is_cold_says_how_it_is_restored() -> None:
    """The command is there to be copied, until somebody has run it."""
    archive = Archive.of(3)
    archive.refused[archive.audio("2")] = cold(archive)
    (named,) = archive.verify().damages
    archive.refused[archive.audio("2")] = cold(archive, restore='ongoing-request="true"')
    (waiting,) = archive.verify().damages

    assert named.command is not None
    assert named.command.startswith("aws s3api restore-object --bucket vault")
    assert "DEEP_ARCHIVE" in named.problem
    assert (waiting.verdict, waiting.command) == (Condition.UNREADABLE, None)
    assert waiting.advice != named.advice


def test_a_body_that_breaks_is_read_again() -> None:
    """So often, and then the whole stops: nobody is told that a recording is damaged."""
    archive = Archive.of(3)
    archive.breaks = ATTEMPTS - 1
    assert archive.verify().is_intact

    archive.breaks = ATTEMPTS
    with pytest.raises(ServiceUnavailableError):
        archive.verify()
    assert archive.verify().verdicts == {"intact": 3}


def test_what_is_no_longer_archived_is_passed_over() -> None:
    """Reconciliation may have put it back, or somebody deleted the item."""
    archive = Archive.of(NUMBER)
    steps = archive.steps()
    next(steps)
    pending = replace(archive.items["2"], state=State.PENDING, archived=None)
    archive.items["2"] = pending
    *_, last = steps

    assert last.verdicts == {"intact": NUMBER - 1}


@settings(deadline=None, max_examples=30)
@given(dies_at=st.integers(0, 6), sample=st.none() | st.integers(1, NUMBER + 5))
def test_whoever_is_killed_goes_on_where_it_was(dies_at: int, sample: int | None) -> None:
    """After a death at any step the end is the same, and no more than one batch is read again."""
    asked, spoilt = Sample(sample, "s" if sample else None), ("3", "70", "135")
    straight, archive = Archive.of(NUMBER), Archive.of(NUMBER)
    for one in (straight, archive):
        for recording_id in spoilt:
            one.sha256[one.audio(recording_id)] = "x"
    archive.dies_at = dies_at
    try:
        found = archive.verify(asked)
    except DiedError:
        archive.dies_at = None
        found = archive.verify(asked)

    assert found == straight.verify(asked)
    assert set(archive.read) == set(straight.read)
    assert len(archive.read) - len(straight.read) <= RECORDINGS_AT_ONCE


@settings(deadline=None)
@given(sample=st.integers(1, 30), seed=st.text(max_size=5))
def test_a_sample_is_the_same_for_the_same_seed(sample: int, seed: str) -> None:
    """And reads no more than it is large."""
    one, other = Archive.of(20), Archive.of(20)
    asked = Sample(sample, seed)

    assert one.verify(asked).done == min(sample, 20)
    other.verify(asked)
    assert one.read == other.read
    assert len(set(one.read)) == len(one.read)


def test_samples_of_other_seeds_differ() -> None:
    """A daily sample comes to every recording in time; without a seed it is that of the day."""
    archive = Archive.of(NUMBER)
    found = archive.verify(Sample(sample=20))
    first, archive.read = set(archive.read), []
    archive.verify(Sample(sample=20, seed="other"))

    assert found.selection.seed == f"{START:%Y-%m-%d}"
    assert first != set(archive.read)


def test_an_open_one_is_gone_on_with_or_left() -> None:
    """Another selection is refused until it is through, or somebody begins anew."""
    archive = Archive.of(NUMBER)
    begun = archive.steps(Sample(sample=80, seed="a"))
    while archive.saved[0] is None:
        next(begun)

    for other in (ALL, Sample(sample=80, seed="b"), Sample(sample=81)):
        with pytest.raises(InvalidRequestError, match="sample of 80, seed a is not finished"):
            next(archive.steps(other))
    assert next(archive.steps(Sample(sample=80))).selection.seed == "a"
    assert next(archive.steps(ALL, restart=True)).selection == ALL


def test_two_at_once_do_not_count_twice() -> None:
    """Whoever is overtaken stops."""
    archive = Archive.of(NUMBER)
    overtaken = archive.steps()
    next(overtaken)
    archive.verify()
    with pytest.raises(ConflictError):
        next(overtaken)


def test_damages_beyond_what_is_named_are_counted() -> None:
    """The state stays small however much is damaged."""
    archive = Archive.of(MAX_NAMED + 7)
    archive.sha256.clear()
    found = archive.verify()

    assert (len(found.damages), found.unnamed) == (MAX_NAMED, 7)
    assert found.verdicts == {"missing": MAX_NAMED + 7}


def test_the_count_of_many_is_told_while_it_goes_on() -> None:
    """Nobody waits before a still screen, and a sample is no larger than was asked for."""
    archive = Archive.of(0)
    many = [Position(START, str(it)) for it in range(2 * COUNTED_AT_ONCE + 5)]
    archive.archived = lambda **_: iter(many)  # type: ignore[method-assign]
    counts = [step.total for step, _ in zip(archive.steps(), range(3), strict=False)]
    sampled = next(archive.steps(Sample(sample=7), restart=True))

    assert counts == [COUNTED_AT_ONCE, 2 * COUNTED_AT_ONCE, len(many)]
    assert sampled.total == 7


def test_an_empty_archive_is_intact() -> None:
    """There is nothing to be damaged."""
    found = Archive.of(0).verify()

    assert (found.done, found.total, found.is_intact) == (0, 0, True)
    assert found.finished_at is not None


def test_an_item_that_can_not_be_read_is_named_and_the_others_are_verified() -> None:
    """Also one whose start can't be read, which has no place in the order."""
    archive = Archive.of(RECORDINGS_AT_ONCE + 5)
    archive.damaged["3"] = UnreadableItemError("3", "attribute 'state' is missing")
    archive.passed_over = (UnreadableItemError("99", "an attribute is damaged (ValueError)"),)
    last = archive.verify()
    assert last.verdicts == {Condition.INTACT: RECORDINGS_AT_ONCE + 4, Condition.UNREADABLE: 2}
    assert [it.recording_id for it in last.damages] == ["3", "99"]
    assert {it.object_key for it in last.damages} == {"catalogue item"}
    assert not last.is_intact


def test_an_item_of_a_newer_release_asks_for_that_release() -> None:
    """It is not damaged: nobody has to bring it back."""
    archive = Archive.of(2)
    archive.damaged["1"] = NewerCatalogueError("1", "written by a newer release")
    (damage,) = archive.verify().damages
    assert (damage.verdict, damage.advice) == (
        Condition.UNREADABLE,
        "deploy that release, and run this again",
    )
