"""The number index made again, against tables in moto."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ringvault.adapters.dynamodb.number_index import CatalogueRecords, NumberIndexUpkeep, pointer_to
from ringvault.core.catalogue.phone_number import number_key
from ringvault.core.fixity.rebuild_index import GRACE, IndexRebuilt, rebuild_index
from tests.support.cloud import Cloud
from tests.support.kept_recordings import KeptArchive
from tests.support.recordings import recording_of

if TYPE_CHECKING:
    from collections.abc import Callable


class Indexed:
    """An archive whose index is made again."""

    def __init__(self, archive: KeptArchive) -> None:
        self.archive = archive
        self.dynamodb = archive.cloud.dynamodb
        self.index = NumberIndexUpkeep(archive.number_index_table, self.dynamodb)
        self.waited: list[timedelta] = []
        self.meanwhile: Callable[[], object] = list

    def rebuild(self) -> IndexRebuilt:
        """Rebuild, and return the end."""
        catalogue = CatalogueRecords(self.archive.catalogue_table, self.dynamodb)
        return list(rebuild_index(catalogue=catalogue, index=self.index, wait=self._wait))[-1]

    def _wait(self, time: timedelta) -> None:
        self.waited.append(time)
        self.meanwhile()

    def keys(self) -> set[str]:
        """Return the keys in the index."""
        table = self.archive.number_index_table
        return {it["number_key"]["S"] for it in self.dynamodb.scan(TableName=table)["Items"]}

    def put_old(self, recording_id: str, number: str) -> None:
        """Put an entry as an earlier release wrote it."""
        entry = pointer_to(recording_of(recording_id), number_key(number, extension_id=None))
        del entry["key_version"]
        self.dynamodb.put_item(TableName=self.archive.number_index_table, Item=entry)


@pytest.fixture
def indexed(cloud: Cloud) -> Indexed:
    """Return an archive of two recordings."""
    archive = KeptArchive.new(cloud, s3=cloud.s3, bucket=cloud.make_bucket())
    archive.archive("1")
    archive.archive("2")
    return Indexed(archive)


def test_a_lost_index_comes_back(indexed: Indexed) -> None:
    """It holds nothing that the catalogue does not have; a second run changes nothing."""
    before = indexed.keys()
    indexed.archive.cloud.empty_table(indexed.archive.number_index_table)

    assert indexed.rebuild() == IndexRebuilt(items=2, added=4, entries=4)
    assert indexed.keys() == before
    assert indexed.rebuild() == IndexRebuilt(items=2, entries=4)
    assert indexed.waited == []


def test_keys_of_an_earlier_release_are_replaced(indexed: Indexed) -> None:
    """They are seen before, and gone after."""
    before = indexed.keys()
    indexed.archive.cloud.empty_table(indexed.archive.number_index_table)
    indexed.put_old("1", "6505550100")
    indexed.put_old("1", "+16505550100")
    assert not indexed.index.is_current()

    assert indexed.rebuild() == IndexRebuilt(items=2, added=4, entries=5, removed=1)

    assert indexed.keys() == before
    assert indexed.index.is_current()


def test_an_entry_that_no_recording_has_goes_at_the_second_look(indexed: Indexed) -> None:
    """Of a number that a record no longer has, or of a recording that is not there."""
    before = indexed.keys()
    indexed.archive.pointers.add([recording_of("3", call_record=_from("+16505550177"))])
    indexed.archive.pointers.add([recording_of("2", call_record=_from("+16505550177"))])

    done = indexed.rebuild()

    assert (done.removed, indexed.waited) == (4, [GRACE])
    assert indexed.keys() == before


def test_an_entry_of_what_is_just_being_listed_stays(indexed: Indexed) -> None:
    """Its item comes after it, while the second look is waited for."""
    recording = recording_of("3", call_record=_from("+16505550177"))
    indexed.archive.pointers.add([recording])
    indexed.meanwhile = lambda: indexed.archive.catalogue.add_new(
        [recording], listed_at=recording.started_at
    )

    assert indexed.rebuild().removed == 0
    assert indexed.keys() >= indexed.index.keys_of(recording)


def test_what_was_erased_loses_its_entries(indexed: Indexed) -> None:
    """Such as those that a restored index brought back."""
    recording = indexed.archive.item("1").recording
    indexed.archive.erase("1")
    indexed.archive.pointers.add([recording])

    assert indexed.rebuild().removed == 2


def test_a_damaged_item_keeps_its_entries_and_is_named(indexed: Indexed) -> None:
    """What its numbers are is not known."""
    before = indexed.keys()
    indexed.dynamodb.update_item(
        TableName=indexed.archive.catalogue_table,
        Key={"recording_id": {"S": "1"}},
        UpdateExpression="SET call_record = :damaged",
        ExpressionAttributeValues={":damaged": {"B": b"x"}},
    )

    done = indexed.rebuild()

    assert (done.unreadable, done.removed) == (("1",), 0)
    assert indexed.keys() == before


def _from(number: str) -> dict[str, object]:
    return {"id": "c", "from": {"phoneNumber": number}}
