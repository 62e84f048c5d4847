"""The catalogue as reconciliation reads it and puts it right, against moto."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.core.catalogue.item import ItemsRead, State
from ringvault.core.catalogue.recording import Recording
from ringvault.core.errors import ConflictError
from ringvault.core.lifecycle.erase_recordings import tombstone_of
from tests.support.cloud import Cloud
from tests.support.dying import DiedError
from tests.support.recordings import NOW, STARTED_AT, archived_of, recording_of

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
    inventory.add_indexed(recordings, listed_at=NOW)
    inventory._catalogue.set_archived("last", archived_of(recordings[2]))

    found = inventory.started_in(STARTED_AT, STARTED_AT + DAY).items
    assert [it.recording.recording_id for it in found] == ["first", "last"]
    assert inventory.started_in(STARTED_AT, STARTED_AT) == ItemsRead()
    assert inventory.known(["first", "nobody"]) == {"first"}


def test_a_deleted_item_is_restored_whole(inventory: CatalogueInventory) -> None:
    """What comes back is what was there, and nothing is put over what is there."""
    recording = recording_of("1", duration_s=None)
    inventory.add_indexed([recording], listed_at=NOW)
    inventory._catalogue.set_archived("1", archived_of(recording))
    item = inventory.find("1")
    assert item is not None
    other = CatalogueInventory(
        inventory._items.table, inventory._items.client, number_index=inventory._number_index
    )
    with pytest.raises(ConflictError):
        other.restore(item)
    inventory._items.client.delete_item(
        TableName=inventory._items.table, Key={"recording_id": {"S": "1"}}
    )
    other.restore(item)

    assert inventory.find("1") == item
    assert len(inventory.started_in(STARTED_AT, STARTED_AT + DAY).items) == 1


def test_an_archived_item_becomes_pending_again(inventory: CatalogueInventory) -> None:
    """All that told of the object is gone; the feed finds it, and the archiver looks first."""
    recording = recording_of("1")
    inventory.add_indexed([recording], listed_at=NOW)
    inventory._catalogue.set_archived("1", archived_of(recording))
    item = inventory.find("1")
    assert item is not None
    inventory.set_pending_again(item, reason="deleted", retry_at=NOW)

    again = inventory.find("1")
    assert again is not None
    assert (again.state, again.archived, again.reason) == (State.PENDING, None, "deleted")
    pending = replace(item, state=State.PENDING, archived=None, reason="deleted", retry_at=NOW)
    assert again == pending
    assert [it.recording_id for it in inventory._catalogue.candidates(max_items=5, now=NOW)] == [
        "1"
    ]


def test_what_was_archived_anew_stays_archived(inventory: CatalogueInventory) -> None:
    """A state never goes back by an old view."""
    recording = recording_of("1")
    inventory.add_indexed([recording], listed_at=NOW)
    inventory._catalogue.set_archived("1", archived_of(recording))
    seen = inventory.find("1")
    assert seen is not None
    inventory._catalogue.set_archived("1", archived_of(recording, archived_at=NOW + DAY))

    with pytest.raises(ConflictError):
        inventory.set_pending_again(seen, reason="deleted", retry_at=NOW)
    now = inventory.find("1")
    assert now is not None
    assert now.state is State.ARCHIVED


OLD, NEW = "+16505550100", "+16505550199"


def keys_in(inventory: CatalogueInventory) -> set[str]:
    """Return the keys in the number index."""
    index = inventory._number_index
    return {
        it["number_key"]["S"]
        for it in inventory._items.client.scan(TableName=index._table)["Items"]
    }


class DyingIndex(NumberIndex):
    """An index whose owner dies before it removes anything."""

    def remove_keys(self, recording: Recording, keys: Iterable[str]) -> None:
        raise DiedError


def test_a_number_that_a_record_no_longer_has_leaves_the_index(
    inventory: CatalogueInventory,
) -> None:
    """The new ones, of number and extension, take the place of the old ones."""
    recording = recording_of("1", call_record={"id": "c", "from": {"phoneNumber": OLD}})
    rewritten = replace(
        recording, extension_id="102", call_record={"id": "c", "from": {"phoneNumber": NEW}}
    )
    inventory.add_indexed([recording], listed_at=NOW)

    after = inventory.follow_record(rewritten)

    assert after == inventory.find("1")
    assert keys_in(inventory) == inventory._number_index.keys_of(rewritten)


def test_a_number_that_was_not_removed_goes_with_the_next_rewrite(
    inventory: CatalogueInventory,
) -> None:
    """Killed between item and index, the item itself says what is left."""
    index = inventory._number_index
    recording = recording_of("1", call_record={"id": "c", "from": {"phoneNumber": OLD}})
    rewritten = replace(recording, call_record={"id": "c", "from": {"phoneNumber": NEW}})
    inventory.add_indexed([recording], listed_at=NOW)
    dying = CatalogueInventory(
        inventory._items.table,
        inventory._items.client,
        number_index=DyingIndex(index._table, inventory._items.client),
    )
    with pytest.raises(DiedError):
        dying.follow_record(rewritten)

    found = inventory.find("1")
    assert found is not None
    assert found.former_numbers == index.keys_of(recording)
    inventory.follow_record(replace(rewritten, duration_s=5))
    assert keys_in(inventory) == index.keys_of(rewritten)


def test_what_has_a_proof_of_erasure_is_buried(inventory: CatalogueInventory) -> None:
    """Nothing of the item stays, nor of its numbers, whatever it says of itself."""
    recording = recording_of("1", call_record={"id": "c", "from": {"phoneNumber": OLD}})
    inventory.add_indexed([recording], listed_at=NOW)
    inventory._catalogue.set_archived("1", archived_of(recording))
    item = inventory.find("1")
    assert item is not None

    inventory.bury_erased(tombstone_of(item))

    assert inventory.find("1") == tombstone_of(item)
    assert keys_in(inventory) == set()
    with pytest.raises(ConflictError):
        inventory.bury_erased(tombstone_of(item))
    [attributes] = inventory._items.client.scan(TableName=inventory._items.table)["Items"]
    assert OLD not in str(attributes)
    assert "object_key" not in attributes


def test_a_rewritten_record_is_followed(inventory: CatalogueInventory) -> None:
    """What it says is taken over, what it no longer says is gone; the state stays."""
    recording = recording_of("1")
    inventory.add_indexed([recording], listed_at=NOW)
    inventory._catalogue.set_archived("1", archived_of(recording))
    before = inventory.find("1")
    assert before is not None
    rewritten = replace(recording, duration_s=None, call_record={"id": "call-1", "new": True})
    after = inventory.follow_record(rewritten)

    assert after == inventory.find("1") == replace(before, recording=rewritten)
    with pytest.raises(ConflictError):
        inventory.follow_record(recording_of("nobody"))
