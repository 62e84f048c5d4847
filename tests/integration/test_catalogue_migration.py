"""A catalogue that an earlier release wrote: read as it is, and brought up to today's schema."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ringvault.adapters.at_once import at_once
from ringvault.adapters.catalogue_indexes import CatalogueIndexes
from ringvault.adapters.catalogue_migration import CatalogueMigration
from ringvault.adapters.catalogue_table import CatalogueTable
from ringvault.adapters.number_index import NumberIndex
from ringvault.core.catalogue import SCHEMA_VERSION
from ringvault.core.errors import NewerCatalogueError
from ringvault.core.migrate_catalogue import Migrated, migrate_catalogue
from ringvault.core.phone_number import number_key
from tests.integration.cloud import Cloud
from tests.integration.recordings import NOW, recording_of
from tests.integration.schema_1 import CALL_RECORD, item_1

LATER = {"N": str(SCHEMA_VERSION + 1)}


class Tables:
    """A catalogue and its number index, and what reads and migrates them."""

    def __init__(self, cloud: Cloud) -> None:
        self.dynamodb = cloud.dynamodb
        self.catalogue = cloud.make_table("CatalogueTable")
        self.numbers = cloud.make_table("NumberIndexTable")

    def put(self, *items: dict[str, Any]) -> None:
        """Store items as they are."""
        for item in items:
            self.dynamodb.put_item(TableName=self.catalogue, Item=item)

    def read(self, recording_id: str) -> dict[str, Any]:
        """Return an item as it is."""
        key = {"recording_id": {"S": recording_id}}
        found: dict[str, Any] = self.dynamodb.get_item(TableName=self.catalogue, Key=key)["Item"]
        return found

    def migration(self) -> CatalogueMigration:
        """Return what brings the catalogue up."""
        index = NumberIndex(self.numbers, self.dynamodb)
        return CatalogueMigration(self.catalogue, self.dynamodb, number_index=index)

    def migrate(self) -> Migrated:
        """Bring it all up."""
        [*_, done] = migrate_catalogue(self.migration().pages(), at_once=at_once)
        return done

    def of_call(self, session: str) -> list[str]:
        """Return the recordings of a call."""
        indexes = CatalogueIndexes(
            self.dynamodb, catalogue_table=self.catalogue, number_index_table=self.numbers
        )
        return [item.recording.recording_id for item in indexes.of_call(session)]

    def by_number(self, number: str) -> int:
        """Return how many recordings a number leads to."""
        key = {":key": {"S": number_key(number, extension_id=None)}}
        found = self.dynamodb.query(
            TableName=self.numbers,
            KeyConditionExpression="number_key = :key",
            ExpressionAttributeValues=key,
        )
        return found["Count"]


@pytest.fixture
def tables(cloud: Cloud) -> Tables:
    """Return an empty catalogue."""
    return Tables(cloud)


def test_an_item_of_the_first_release_is_read_as_it_is(tables: Tables) -> None:
    """Functions need no migration to work: record, state and object are understood."""
    tables.put(item_1("1"))

    item = CatalogueTable(tables.catalogue, tables.dynamodb).find("1")

    assert item is not None
    assert item.recording.call_record == json.loads(CALL_RECORD)
    assert item.archived is not None
    assert item.archived.size_bytes == 61_000


def test_migration_has_old_calls_found(tables: Tables) -> None:
    """Call and number lead to what was archived before there were such indexes."""
    tables.put(item_1("1"), item_1("2", state={"S": "ERASED"}))
    assert tables.of_call("s-1") == []

    done = tables.migrate()

    assert done == Migrated(items=2, brought_up=2)
    assert tables.of_call("s-1") == ["1"]
    # Nothing that is gone is pointed at again.
    assert tables.by_number("+15550100001") == 1


def test_migration_changes_nothing_else(tables: Tables) -> None:
    """State, object, hold and whatever else an item has stay as they were."""
    hold = {"reason": "case 7", "since": "2026-11-21T12:06:00.000Z", "by": "somebody"}
    before = item_1("1", held={"M": {name: {"S": value} for name, value in hold.items()}})
    tables.put(before)

    tables.migrate()

    after = tables.read("1")
    assert after["schema_version"] == {"N": str(SCHEMA_VERSION)}
    assert after["telephony_session_id"] == {"S": "s-1"}
    changed = {"call_record", "schema_version", "telephony_session_id"}
    assert {name: it for name, it in after.items() if name not in changed} == {
        name: it for name, it in before.items() if name not in changed
    }


def test_a_second_migration_finds_nothing_to_do(tables: Tables) -> None:
    """What is written today is of today's schema; it and what was brought up are left alone."""
    catalogue = CatalogueTable(tables.catalogue, tables.dynamodb)
    catalogue.add_new([recording_of("2")], listed_at=NOW)
    tables.put(item_1("1"))

    first, second = tables.migrate(), tables.migrate()

    assert first == Migrated(items=2, brought_up=1)
    assert second == Migrated(items=2)


def test_what_changes_meanwhile_is_left(tables: Tables) -> None:
    """A record that is rewritten between reading and writing is not put back."""
    tables.put(item_1("1"))
    [page] = tables.migration().pages()
    tables.put(item_1("1", call_record={"S": '{"id":"newer"}'}))

    [*_, done] = migrate_catalogue([page], at_once=at_once)

    assert done == Migrated(items=1, overtaken=1)
    assert tables.read("1")["call_record"] == {"S": '{"id":"newer"}'}


@pytest.mark.parametrize(
    "work",
    [
        lambda tables: CatalogueTable(tables.catalogue, tables.dynamodb).find("1"),
        lambda tables: tables.migrate(),
    ],
    ids=["archive", "migrate"],
)
def test_what_a_newer_release_wrote_is_refused(
    tables: Tables, work: Callable[[Tables], object]
) -> None:
    """Nobody reads it half and nobody changes it; the error says what to do."""
    newer = item_1("1", schema_version=LATER, telephony_session_id={"S": "s-1"})
    tables.put(newer)

    with pytest.raises(NewerCatalogueError, match="item 1: written by a newer release"):
        work(tables)

    assert tables.read("1") == newer
