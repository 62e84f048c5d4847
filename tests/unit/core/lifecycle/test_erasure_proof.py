"""What stays of an erased recording, and what reconciliation makes of it."""

from dataclasses import replace
from datetime import date

import pytest

from ringvault.core.catalogue.item import CatalogueItem, Erasure, State
from ringvault.core.errors import InvalidRecordError
from ringvault.core.lifecycle.erase_recordings import proof_of, tombstone_of, tombstone_of_proof
from ringvault.core.reconciliation.finding import Evidence, Verdict
from ringvault.core.reconciliation.judge import judge
from tests.support.catalogued import ARCHIVED, NOW, recorded

ERASING = replace(
    recorded(State.ERASING), archived=ARCHIVED, erasure=Erasure(began_at=NOW, by="AIDA")
)
ON = date(2026, 11, 20)


def test_a_proof_holds_nothing_of_the_call() -> None:
    """Neither number, name, extension nor where RingCentral keeps it."""
    told = str(proof_of(ERASING, erased_at=NOW))

    for personal in ("5550100", "Ann", "'9'", "media.example", "call-1", "s-1"):
        assert personal not in told
    assert ARCHIVED.sha256_hex in told


def test_only_what_is_being_erased_has_a_proof() -> None:
    """A proof is never written before the erasure began."""
    with pytest.raises(ValueError, match="not being erased"):
        proof_of(recorded(), erased_at=NOW)


def test_the_tombstone_is_the_same_from_item_and_proof() -> None:
    """The bucket alone tells as much as the catalogue."""
    proof = proof_of(ERASING, erased_at=NOW)

    assert tombstone_of_proof(proof) == tombstone_of(ERASING)


@pytest.mark.parametrize(
    "change", [{"schema_version": 2}, {"recording_id": "../x"}, {"started_at": "yesterday"}]
)
def test_a_strangers_proof_is_refused(change: dict[str, object]) -> None:
    """What ringvault did not write makes no tombstone."""
    with pytest.raises(InvalidRecordError):
        tombstone_of_proof(proof_of(ERASING, erased_at=NOW) | change)


@pytest.mark.parametrize("item", [ERASING, tombstone_of(ERASING)], ids=["erasing", "erased"])
def test_what_was_erased_is_not_missing(item: CatalogueItem) -> None:
    """RingCentral may list it for as long as it likes: it is erased, and nothing is to be done."""
    listed = recorded().recording
    [judged] = judge(Evidence(on=ON, listed={"77": listed}, items={"77": item}))

    assert judged.finding.verdict is Verdict.ERASED
    assert not judged.finding.is_named
    assert not judged.finding.is_rewritten


def test_an_object_of_an_erased_recording_is_unexpected() -> None:
    """Audio that came back is told."""
    found = list(
        judge(
            Evidence(
                on=ON,
                items={"77": tombstone_of(ERASING)},
                object_keys=frozenset({ARCHIVED.object_key}),
            )
        )
    )

    assert [it.finding.verdict for it in found] == [Verdict.ERASED, Verdict.UNEXPECTED]
