"""The search benchmark's stand-in for DynamoDB answers as a DynamoDB does."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from benchmarks.search import __main__ as benchmark
from benchmarks.search.memory_dynamodb import (
    CATALOGUE,
    NUMBER_INDEX,
    Counted,
    MemoryDynamoDB,
    NotAnsweredError,
)
from benchmarks.search.recordings import NOW, recording, state
from ringvault.adapters.dynamodb.attributes import attribute_of
from ringvault.adapters.dynamodb.batches import put_batches
from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.adapters.dynamodb.item import new_attributes
from ringvault.adapters.dynamodb.number_index import NumberIndex
from ringvault.api.search_parameters import format_cursor, read_search
from ringvault.core.playback.search import search_recordings
from tests.support.cloud import Cloud

MANY = 130


@pytest.fixture(scope="module")
def stored(cloud: Cloud) -> CatalogueIndexes:
    """Write the benchmark's recordings into tables as template.yaml defines them."""
    catalogue, numbers = cloud.make_table("CatalogueTable"), cloud.make_table("NumberIndexTable")
    recordings = [recording(number) for number in range(MANY)]
    items = [
        new_attributes(it, NOW) | {"state": attribute_of(state(number))}
        for number, it in enumerate(recordings)
    ]
    put_batches(cloud.dynamodb, catalogue, items)
    NumberIndex(numbers, cloud.dynamodb).add(recordings)
    return CatalogueIndexes(cloud.dynamodb, catalogue_table=catalogue, number_index_table=numbers)


def pages(indexes: CatalogueIndexes, name: str) -> Iterator[list[str]]:
    """Yield the ids on each page of one of the benchmark's searches, seven at a time."""
    parameters, listener = benchmark.SEARCHES[name]
    cursor: dict[str, str] = {}
    for _ in range(MANY):
        page = search_recordings(
            read_search({**parameters, **cursor, "limit": "7"}, now=NOW),
            listener=listener,
            catalogue=indexes,
        )
        yield [item.recording.recording_id for item in page.items]
        if page.next is None:
            return
        cursor = {"cursor": format_cursor(page.next)}


@pytest.mark.parametrize("name", benchmark.SEARCHES)
def test_the_stand_in_answers_as_the_tables_do(stored: CatalogueIndexes, name: str) -> None:
    """Every search shows the same pages, ties and cursors included."""
    memory = CatalogueIndexes(
        cast("Any", MemoryDynamoDB(MANY)),
        catalogue_table=CATALOGUE,
        number_index_table=NUMBER_INDEX,
    )
    shown = list(pages(memory, name))

    assert shown == list(pages(stored, name))
    assert len(shown) > 1


def test_the_stand_in_refuses_what_it_does_not_know() -> None:
    """A request that is answered wrongly would be counted wrongly."""
    memory = MemoryDynamoDB(1)
    query: dict[str, Any] = {
        "TableName": CATALOGUE,
        "IndexName": "by_state",
        "KeyConditionExpression": "#partition = :key",
        "ExpressionAttributeNames": {"#partition": "state", "#sort": "started_at"},
        "ScanIndexForward": False,
    }
    with pytest.raises(NotAnsweredError):
        memory.query(**query)
    key = {"recording_id": {"S": "1"}}
    with pytest.raises(NotAnsweredError):
        memory.batch_get_item(RequestItems={CATALOGUE: {"Keys": [key, key]}})


def test_a_page_that_grows_is_a_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """The benchmark says which search costs more among more recordings, and ends with 1."""
    few, more = Counted(1, 51, 51), Counted(2, 60, 60)
    rows = [
        benchmark.Row("state", 1000, (50, 50), (few, few)),
        benchmark.Row("state", 100_000, (50, 50), (few, more)),
        benchmark.Row("extension", 1000, (50, 7), (few, few)),
    ]

    assert list(benchmark.misses(rows)) == [
        "state: another cost among 100,000 than among 1,000",
        "extension: pages of (50, 7) among 1,000",
    ]
    assert benchmark.main(["--json", "--sizes", "1000", "2000"]) == 0
    assert '"missed": []' in capsys.readouterr().out
    assert benchmark.main(["--sizes", "100"]) == 1
    assert "MISSED" in capsys.readouterr().out
