"""One catalogue item that can't be read costs its own recording only, and is named."""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from ringvault.adapters.dynamodb.catalogue import CatalogueTable
from ringvault.adapters.dynamodb.counts import ArchivedInCatalogue
from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.adapters.dynamodb.inventory import CatalogueInventory
from ringvault.adapters.dynamodb.item import item_of
from ringvault.adapters.dynamodb.lifecycle import CatalogueExpiry, CatalogueHolds, CatalogueRetries
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.adapters.dynamodb.progress import (
    ListingProgressStore,
    ReconciliationProgressStore,
    VerificationProgressStore,
)
from ringvault.adapters.s3.inventory import MAX_DOCUMENT_BYTES, VaultInventory
from ringvault.api.search_parameters import read_search
from ringvault.core.catalogue.item import SCHEMA_VERSION, Erasure, Hold, State
from ringvault.core.errors import (
    DamagedStateError,
    InvalidRecordError,
    NewerCatalogueError,
    UnreadableItemError,
)
from ringvault.core.playback.rights import Listener
from ringvault.core.playback.search import recordings_of_call, search_recordings
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, STARTED_AT, archived_of, recording_of

DAY = timedelta(days=1)
HEARS_ALL = Listener("listener-1", hears_all=True, extension_id=None)
GOOD, BAD = "2", "1"

# An attribute and what somebody's slip in the console, or half a restore, may have made of it.
DAMAGES: dict[str, tuple[str, dict[str, Any] | None]] = {
    "record that is not compressed": ("call_record", {"B": b"\x00"}),
    "record that ends early": ("call_record", {"B": b"x\x9c\xab"}),
    "record of another type": ("call_record", {"M": {}}),
    "record that is not compressed text": ("call_record", {"S": "{}"}),
    "record that is a list": ("call_record", {"B": zlib.compress(b"[]")}),
    "record that is deeply nested": ("call_record", {"B": zlib.compress(b"[" * 100_000)}),
    "no record": ("call_record", None),
    "unknown state": ("state", {"S": "LOST"}),
    "listed in no zone": ("listed_at", {"S": "2026-11-20"}),
    "listed beyond the calendar": ("listed_at", {"S": "9999-12-31T23:59:59-14:00"}),
    "attempts as a text": ("attempts", {"S": "3"}),
    "archived in no zone": ("archived_at", {"S": "2026-11-20"}),
    "no digest": ("sha256_hex", None),
    "negative size": ("size_bytes", {"N": "-1"}),
    "negative duration": ("audio_duration_s", {"N": "-0.5"}),
    "hold without its reason": ("held", {"M": {}}),
    "schema that is no number": ("schema_version", {"S": "two"}),
    "no schema": ("schema_version", None),
}


@dataclass(frozen=True, slots=True)
class Tables:
    """A catalogue of two archived recordings of one call, of which one item gets damaged."""

    cloud: Cloud
    catalogue: str
    numbers: str

    def damage(self, name: str, value: dict[str, Any] | None) -> None:
        """Change one attribute of BAD, or remove it."""
        attributes = self.attributes()
        attributes.pop(name, None)
        self.put(attributes | ({name: value} if value is not None else {}))

    def put(self, attributes: dict[str, Any]) -> None:
        """Put an item as it is."""
        self.cloud.dynamodb.put_item(TableName=self.catalogue, Item=attributes)

    def attributes(self, recording_id: str = BAD) -> dict[str, Any]:
        """Return an item as it is."""
        found: dict[str, Any] = self.cloud.dynamodb.get_item(
            TableName=self.catalogue, Key={"recording_id": {"S": recording_id}}
        )["Item"]
        return found

    def set_both(self, **attributes: dict[str, Any]) -> None:
        """Change both items."""
        for recording_id in (GOOD, BAD):
            self.put(self.attributes(recording_id) | attributes)

    def indexes(self) -> CatalogueIndexes:
        """Return the catalogue as listeners search it."""
        return CatalogueIndexes(
            self.cloud.dynamodb, catalogue_table=self.catalogue, number_index_table=self.numbers
        )

    def inventory(self) -> CatalogueInventory:
        """Return the catalogue as reconciliation and verification read it."""
        return CatalogueInventory(
            self.catalogue, self.cloud.dynamodb, number_index=self.number_index()
        )

    def number_index(self) -> NumberIndex:
        """Return the index by numbers."""
        return NumberIndex(self.numbers, self.cloud.dynamodb)


@pytest.fixture
def tables(cloud: Cloud) -> Tables:
    """Return a catalogue with two archived recordings."""
    found = Tables(cloud, cloud.make_table("CatalogueTable"), cloud.make_table("NumberIndexTable"))
    catalogue = CatalogueTable(found.catalogue, cloud.dynamodb)
    record = {"telephonySessionId": "s-1", "from": {"phoneNumber": "+16505550100"}}
    for recording_id in (GOOD, BAD):
        recording = recording_of(recording_id, call_record={"id": recording_id, **record})
        found.number_index().add([recording])
        catalogue.add_new([recording], listed_at=NOW)
        catalogue.set_archived(recording_id, archived_of(recording))
    return found


def ids(errors: Sequence[UnreadableItemError]) -> list[str | None]:
    """Return which items could not be read."""
    return [error.recording_id for error in errors]


every_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())


@every_damage
def test_every_reader_of_many_goes_on_with_the_others(
    tables: Tables, damage: tuple[str, dict[str, Any] | None]
) -> None:
    """Search by span, number and call, reconciliation and verification: the good one is there."""
    tables.damage(*damage)
    indexes, inventory = tables.indexes(), tables.inventory()
    span = {"from": "2026-11-01", "to": "2026-11-30"}
    for parameters in (span, span | {"phoneNumber": "+16505550100"}):
        page = search_recordings(
            read_search(parameters, now=NOW), listener=HEARS_ALL, catalogue=indexes
        )
        assert [it.recording.recording_id for it in page.items] == [GOOD]
        assert ids(indexes.take_unreadable()) == [BAD]
    assert not indexes.take_unreadable()
    of_call = recordings_of_call("s-1", listener=HEARS_ALL, catalogue=indexes)
    assert [it.recording.recording_id for it in of_call] == [GOOD]
    for read in (
        inventory.started_in(STARTED_AT, STARTED_AT + DAY),
        inventory.find_all([BAD, GOOD]),
    ):
        assert [it.recording.recording_id for it in read.items] == [GOOD]
        assert ids(read.unreadable) == [BAD]


@every_damage
def test_the_error_names_the_item_and_repeats_nothing_of_it(
    tables: Tables, damage: tuple[str, dict[str, Any] | None]
) -> None:
    """A record holds names and numbers, which no log may have."""
    tables.damage(*damage)
    with pytest.raises(UnreadableItemError) as caught:
        tables.inventory().find(BAD)
    assert caught.value.recording_id == BAD
    assert "6505550100" not in str(caught.value)
    assert "LOST" not in str(caught.value)


def test_an_item_of_a_newer_release_blinds_no_list(tables: Tables) -> None:
    """It is named as such; a reader of this one alone still refuses."""
    tables.damage("schema_version", {"N": "99"})
    read = tables.inventory().find_all([BAD, GOOD])
    assert [it.recording.recording_id for it in read.items] == [GOOD]
    (error,) = read.unreadable
    assert isinstance(error, NewerCatalogueError)


def test_an_item_of_a_newer_release_is_refused_and_stays(tables: Tables) -> None:
    """The error names both schemas; nothing of the item is changed."""
    tables.damage("schema_version", {"N": str(SCHEMA_VERSION + 1)})
    before = tables.attributes()
    problem = f"newer release: schema {SCHEMA_VERSION + 1}, and this one knows {SCHEMA_VERSION}"
    with pytest.raises(NewerCatalogueError, match=problem):
        CatalogueTable(tables.catalogue, tables.cloud.dynamodb).find(BAD)
    assert tables.attributes() == before


def test_holds_are_listed_without_it(tables: Tables) -> None:
    """What is held besides stays known."""
    holds = CatalogueHolds(tables.catalogue, tables.cloud.dynamodb)
    for recording_id in (GOOD, BAD):
        holds.hold(recording_id, Hold("case", NOW, "1"))
    tables.damage("listed_at", None)
    assert [it.recording.recording_id for it in holds.held()] == [GOOD]
    assert ids(holds.take_unreadable()) == [BAD]


def test_unfinished_erasures_are_found_without_it(tables: Tables) -> None:
    """The others are finished."""
    holds = CatalogueHolds(tables.catalogue, tables.cloud.dynamodb)
    for recording_id in (GOOD, BAD):
        holds.begin_erasure(recording_id, Erasure(NOW, "1"), claimed_before=NOW)
    tables.damage("listed_at", None)
    assert [it.recording_id for it in holds.erasing()] == [GOOD]
    assert ids(holds.take_unreadable()) == [BAD]


def test_expiry_goes_on_without_it(tables: Tables) -> None:
    """Both of what is due and of what is being deleted."""
    expiry = CatalogueExpiry(tables.catalogue, tables.cloud.dynamodb)
    tables.damage("sha256_hex", None)
    due = [it for some in expiry.archived_before(NOW) for it in some]
    assert [it.recording.recording_id for it in due] == [GOOD]
    assert ids(expiry.take_unreadable()) == [BAD]
    tables.set_both(state={"S": State.EXPIRING})
    expiring = [it for some in expiry.expiring(due_at=NOW) for it in some]
    assert [it.recording.recording_id for it in expiring] == [GOOD]
    assert ids(expiry.take_unreadable()) == [BAD]


def test_what_failed_is_tried_again_without_it(tables: Tables) -> None:
    """`ringvault retry` finds the others."""
    retries = CatalogueRetries(tables.catalogue, tables.cloud.dynamodb)
    tables.set_both(state={"S": State.FAILED})
    tables.damage("reason", {"N": "5"})
    assert [it.recording_id for it in retries.ended(State.FAILED, None)] == [GOOD]
    assert [it.recording_id for it in retries.find_ended([BAD, GOOD])] == [GOOD]
    assert ids(retries.take_unreadable()) == [BAD]


def test_the_forecast_of_expiry_is_made_without_it(tables: Tables) -> None:
    """It counts what can be read."""
    archived = ArchivedInCatalogue(tables.catalogue, tables.cloud.dynamodb)
    tables.damage("size_bytes", {"S": "many"})
    assert [len(some) for some in archived.batches(before_at=NOW)] == [1]
    assert ids(archived.take_unreadable()) == [BAD]


def test_a_start_that_is_none_is_passed_over_by_verification(tables: Tables) -> None:
    """The index is in the order of starts, and takes any text."""
    inventory = tables.inventory()
    tables.damage("started_at", {"S": "somewhen"})
    assert [it.recording_id for it in inventory.archived()] == [GOOD]
    assert ids(inventory.take_unreadable()) == [BAD]


def test_what_an_earlier_release_kept_is_normalised_when_it_is_read(tables: Tables) -> None:
    """A record from before the border may hold whatever RingCentral sent."""
    record = {"id": BAD, "from": {"name": "Ann \ud83c"}, "cost": float("nan"), "direction": 5}
    tables.damage("call_record", {"B": zlib.compress(json.dumps(record).encode())})
    item = item_of(tables.attributes())
    assert item.recording.call_record["from"] == {"name": "Ann \ufffd"}
    assert item.recording.call_record["cost"] is None
    assert item.recording.call.direction is None


def test_an_item_has_a_place_in_time(tables: Tables) -> None:
    """The damage of one day is found by that day's reading."""
    tables.damage("state", {"S": "LOST"})
    day = datetime(2026, 11, 21, tzinfo=NOW.tzinfo)
    assert ids(tables.inventory().started_in(day, day + DAY).unreadable) == [BAD]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b" " * (MAX_DOCUMENT_BYTES + 1), "longer than"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff", "not JSON"),
    ],
    ids=["long", "deep", "no text"],
)
def test_an_object_too_long_to_be_a_sidecar_is_not_read_to_its_end(
    cloud: Cloud, content: bytes, problem: str
) -> None:
    """Nor one that is no JSON: it is none of ringvault's, and the reader goes on."""
    bucket = cloud.make_bucket()
    cloud.s3.put_object(Bucket=bucket, Key="metadata/x.json", Body=content + b"{}")
    with pytest.raises(InvalidRecordError, match=rf"metadata/x\.json is {problem}"):
        VaultInventory(bucket, cloud.s3).find_sidecar("metadata/x.json")


STATE: dict[str, Callable[[str, Any], Any]] = {
    "listing_progress": lambda table, client: ListingProgressStore(table, client).load(),
    "reconciliation_progress": lambda table, client: ReconciliationProgressStore(
        table, client
    ).load(),
    "verification_progress": lambda table, client: VerificationProgressStore(table, client).load(),
}


@pytest.mark.parametrize("name", STATE)
@pytest.mark.parametrize("attributes", [{}, {"version": {"N": "1"}, "runs": {"S": "x"}}])
def test_a_damaged_item_of_the_state_table_is_never_taken_for_an_empty_one(
    cloud: Cloud, name: str, attributes: dict[str, Any]
) -> None:
    """The error names the item, and what mends it."""
    table = cloud.make_table("StateTable")
    cloud.dynamodb.put_item(TableName=table, Item={"name": {"S": name}, **attributes})
    with pytest.raises(DamagedStateError, match=rf"'{name}' of the table .* delete-item"):
        STATE[name](table, cloud.dynamodb)
