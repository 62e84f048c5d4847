"""`python -m benchmarks.search`: the reads of one search page, for any size of catalogue."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from benchmarks.search.memory_dynamodb import CATALOGUE, NUMBER_INDEX, Counted, MemoryDynamoDB
from benchmarks.search.recordings import NOW, extension_id, phone_number
from ringvault.adapters.dynamodb.indexes import CatalogueIndexes
from ringvault.api.search_parameters import DEFAULT_LIMIT, Parameters, format_cursor, read_search
from ringvault.core.playback.rights import Listener
from ringvault.core.playback.search import search_recordings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SIZES = (1_000, 100_000, 1_000_000)
HEARS_ALL = Listener(user_id="supervisor", hears_all=True, extension_id=None)
AGENT = Listener(user_id="agent", hears_all=False, extension_id=extension_id(0))
SEARCHES: dict[str, tuple[Parameters, Listener]] = {
    "no filter": ({}, HEARS_ALL),
    "phoneNumber": ({"phoneNumber": phone_number(0)}, HEARS_ALL),
    "extension": ({"extension": extension_id(0)}, HEARS_ALL),
    "state": ({"state": "FAILED"}, HEARS_ALL),
    "direction": ({"direction": "Outbound"}, HEARS_ALL),
    "extension, direction": ({"extension": extension_id(0), "direction": "Outbound"}, HEARS_ALL),
    "own extension": ({}, AGENT),
    "own, phoneNumber": ({"phoneNumber": phone_number(0)}, AGENT),
}


@dataclass(frozen=True, slots=True)
class Row:
    """The first two pages of a search, and their reads, for a number of recordings."""

    search: str
    recordings: int
    shown: tuple[int, int]
    read: tuple[Counted, Counted]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 if a page's cost depends on the size of the catalogue."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object, no table")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="recordings to hold")
    options = parser.parse_args(arguments)
    rows = [row for many in options.sizes for row in measured(many)]
    grown = sorted(set(misses(rows)))
    if options.json:
        told = {"rows": [asdict(row) for row in rows], "missed": grown}
        sys.stdout.write(f"{json.dumps(told)}\n")
    else:
        sys.stdout.write(as_text(rows, grown))
    return 1 if grown else 0


def measured(many: int) -> Iterator[Row]:
    """Yield a row for each search with so many recordings."""
    sys.stderr.write(f"{many:,} recordings\n")
    client = MemoryDynamoDB(many)
    for name in SEARCHES:
        first, first_cursor, first_read = _page(client, name, cursor=None)
        second, _, second_read = _page(client, name, cursor=first_cursor)
        yield Row(name, many, (first, second), (first_read, second_read))


def _page(
    client: MemoryDynamoDB, name: str, *, cursor: str | None
) -> tuple[int, str | None, Counted]:
    parameters, listener = SEARCHES[name]
    before = client.counted
    page = search_recordings(
        read_search({**parameters, "cursor": cursor} if cursor else parameters, now=NOW),
        listener=listener,
        catalogue=CatalogueIndexes(
            cast("DynamoDBClient", client),
            catalogue_table=CATALOGUE,
            number_index_table=NUMBER_INDEX,
        ),
    )
    next_cursor = format_cursor(page.next) if page.next else None
    return len(page.items), next_cursor, client.counted.since(before)


def misses(rows: Sequence[Row]) -> Iterator[str]:
    """Yield, as text, each page that is not full or whose cost changes with the size."""
    fewest = min(row.recordings for row in rows)
    costs = {row.search: row.read for row in rows if row.recordings == fewest}
    for row in rows:
        if row.shown != (DEFAULT_LIMIT, DEFAULT_LIMIT):
            yield f"{row.search}: pages of {row.shown} among {row.recordings:,}"
        if row.read != costs[row.search]:
            yield f"{row.search}: another cost among {row.recordings:,} than among {fewest:,}"


def as_text(rows: Sequence[Row], grown: Sequence[str]) -> str:
    """Return the table: entries evaluated, items fetched and queries, for two pages of 50."""
    head = f"{'search':22}{'recordings':>12}   evaluated  fetched  queries   second page"
    lines = [
        f"{row.search:22}{row.recordings:12,}   {_told(row.read[0])}   {_told(row.read[1])}"
        for row in sorted(rows, key=lambda row: (list(SEARCHES).index(row.search), row.recordings))
    ]
    verdict = [f"MISSED {miss}" for miss in grown] or ["Each page reads the same, however many."]
    return "\n".join([head, *lines, *verdict, ""])


def _told(read: Counted) -> str:
    return f"{read.evaluated:9}{read.fetched:9}{read.queries:9}"


if __name__ == "__main__":
    sys.exit(main())
