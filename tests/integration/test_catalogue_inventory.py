"""The catalogue as reconciliation reads it and puts it right, against moto."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ringvault.adapters.catalogue_inventory import CatalogueInventory
from ringvault.adapters.number_index import NumberIndex
from ringvault.core.catalogue import ItemsRead, State
from ringvault.core.errors import ConflictError
from tests.integration.cloud import Cloud
from tests.integration.recordings import NOW, STARTED_AT, archived_of, recording_of

DAY = timedelta(days=1)


@pytest.fixture
def inventory(cloud: Cloud) -> CatalogueInventory:
    """Return an empty catalogue."""
    return CatalogueInventory(
        cloud.make_table("CatalogueTable"),
        cloud.dynamodb,
        number_index=NumberIndex(cloud.make_table("NumberIndexTable"), cloud.dynamodb),
    )


def test_items_are_found_by_their_day(inventory: CatalogueInventory) -> None:
    """The first instant belongs to it, the last does not; states don't matter."""
    starts = {
        "before": STARTED_AT - timedelta(milliseconds=1),
        "first": STARTED_AT,
        "last": STARTED_AT + DAY - timedelta(milliseconds=1),
        "after": STARTED_AT + DAY,
    }
    recordings = [recording_of(it, started_at=at) for it, at in starts.items()]
    inventory.add_new(recordings, listed_at=NOW)
    inventory.set_archived("last", archived_of(recordings[2]))

    found = inventory.started_in(STARTED_AT, STARTED_AT + DAY)
    assert [it.recording.recording_id for it in found.items] == ["first", "last"]
    assert inventory.started_in(STARTED_AT, STARTED_AT) == ItemsRead(())
    assert inventory.known(["first", "nobody"]) == {"first"}


def test_a_deleted_item_is_restored_whole(inventory: CatalogueInventory) -> None:
    """What comes back is what was there, and nothing is put over what is there."""
    recording = recording_of("1", duration_s=None)
    inventory.add_new([recording], listed_at=NOW)
    inventory.set_archived("1", archived_of(recording))
    item = inventory.find("1")
    assert item is not None
    other = CatalogueInventory(
        inventory._table, inventory._client, number_index=inventory._number_index
    )
    with pytest.raises(ConflictError):
        other.restore(item)
    inventory._client.delete_item(TableName=inventory._table, Key={"recording_id": {"S": "1"}})
    other.restore(item)

    assert inventory.find("1") == item
    assert len(inventory.started_in(STARTED_AT, STARTED_AT + DAY).items) == 1


def test_an_archived_item_becomes_pending_again(inventory: CatalogueInventory) -> None:
    """All that told of the object is gone; the feed finds it, and the archiver looks first."""
    recording = recording_of("1")
    inventory.add_new([recording], listed_at=NOW)
    inventory.set_archived("1", archived_of(recording))
    item = inventory.find("1")
    assert item is not None
    inventory.set_pending_again(item, reason="deleted", retry_at=NOW)

    again = inventory.find("1")
    assert again is not None
    assert (again.state, again.archived, again.reason) == (State.PENDING, None, "deleted")
    pending = replace(item, state=State.PENDING, archived=None, reason="deleted", retry_at=NOW)
    assert again == pending
    assert [it.recording_id for it in inventory.candidates(most=5, now=NOW)] == ["1"]


def test_what_was_archived_anew_stays_archived(inventory: CatalogueInventory) -> None:
    """A state never goes back by an old view."""
    recording = recording_of("1")
    inventory.add_new([recording], listed_at=NOW)
    inventory.set_archived("1", archived_of(recording))
    seen = inventory.find("1")
    assert seen is not None
    inventory.set_archived("1", archived_of(recording, archived_at=NOW + DAY))

    with pytest.raises(ConflictError):
        inventory.set_pending_again(seen, reason="deleted", retry_at=NOW)
    now = inventory.find("1")
    assert now is not None
    assert now.state is State.ARCHIVED


def test_a_rewritten_record_is_followed(inventory: CatalogueInventory) -> None:
    """What it says is taken over, what it no longer says is gone; the state stays."""
    recording = recording_of("1")
    inventory.add_new([recording], listed_at=NOW)
    inventory.set_archived("1", archived_of(recording))
    before = inventory.find("1")
    assert before is not None
    rewritten = replace(recording, duration_s=None, call_record={"id": "call-1", "new": True})
    after = inventory.follow_record(rewritten)

    assert after == inventory.find("1") == replace(before, recording=rewritten)
    with pytest.raises(ConflictError):
        inventory.follow_record(recording_of("nobody"))
