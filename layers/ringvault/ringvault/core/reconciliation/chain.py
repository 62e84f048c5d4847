"""The chain of reports: each has its predecessor's digest, so that changes are detected."""

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ringvault.core.reconciliation.report import PREFIX, number_of, sha256_hex
from ringvault.core.reconciliation.run import ChainHead


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The fault of one report; `object_key` may be that of a missing one."""

    object_key: str
    problem: str


@dataclass(frozen=True, slots=True)
class _Link:
    object_key: str
    number: int
    content: bytes
    document: Mapping[str, Any]


def verify_chain(
    reports: Mapping[str, bytes], *, head: ChainHead | None = None
) -> tuple[ChainFault, ...]:
    """Return the faults of the chain of reports, empty if it is intact.

    `reports` are all objects under `reports/reconciliation/`, JSON and pages, by object key.
    `head` is the chain's end in the state table: without it, a last report that was
    removed, changed or added is not detected.
    """
    found = [
        _Link(key, number, reports[key], _parsed(reports[key]))
        for key in sorted(reports)
        if (number := number_of(key)) is not None
    ]
    passed_over = _passed_over(found, head)
    links = [link for link in found if link.number not in passed_over]
    faults = [
        *_strangers(reports, passed_over),
        *(
            ChainFault(link.object_key, "was added: the report after it follows an earlier one")
            for link in found
            if link.number in passed_over
        ),
        *(fault for link in links for fault in _of_itself(link, reports)),
        *_of_first(links),
        *(fault for before, after in pairwise(links) for fault in _between(before, after)),
        *_of_end(links, head),
    ]
    # A gap, and a page in it, are one fault.
    by_key = {fault.object_key: fault for fault in reversed(faults)}
    return tuple(by_key[key] for key in sorted(by_key))


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _key(number: int, suffix: str = "json") -> str:
    return f"{PREFIX}{number:06d}.{suffix}"


def _passed_over(links: Sequence[_Link], head: ChainHead | None) -> AbstractSet[int]:
    """Return the numbers that the chain leaves out, from its end back."""
    by_number = {link.number: link for link in links}
    last = max(by_number, default=0)
    number = last if head is None else head.number
    passed_over: set[int] = set()
    while number > 0:
        before = number - 1
        if number in by_number:
            before = _number_before(by_number[number])
        passed_over.update(range(before + 1, number))
        number = before
    return passed_over


def _number_before(link: _Link) -> int:
    """Return the number of the report before it; before schema 2 numbers had no gap."""
    document = link.document.get("previous_number", link.number - 1)
    is_earlier = (
        isinstance(document, int) and not isinstance(document, bool) and 0 < document < link.number
    )
    return document if is_earlier else link.number - 1


def _strangers(reports: Mapping[str, bytes], passed_over: AbstractSet[int]) -> Iterator[ChainFault]:
    for key in reports:
        number = number_of(key.removesuffix(".html") + ".json" if key.endswith(".html") else key)
        if number is None or key not in {_key(number), _key(number, "html")}:
            yield ChainFault(key, "was not written by ringvault")
        elif _key(number) not in reports and number in passed_over:
            yield ChainFault(key, "was added: the chain has no report of that number")
        elif _key(number) not in reports:
            yield ChainFault(_key(number), "was removed: its page is still there")


def _of_itself(link: _Link, reports: Mapping[str, bytes]) -> Iterator[ChainFault]:
    if link.document.get("number") != link.number:
        yield ChainFault(link.object_key, "was changed or added: it has another number")
        return
    page_key = _key(link.number, "html")
    page = reports.get(page_key)
    if page is None:
        yield ChainFault(page_key, "is not there: removed, or its writer was killed")
    elif sha256_hex(page) != link.document.get("page_sha256_hex"):
        yield ChainFault(page_key, "was changed: its JSON has another digest of it")


def _of_first(links: list[_Link]) -> Iterator[ChainFault]:
    if not links:
        return
    removed = range(1, _number_before(links[0]) + 1)
    yield from (ChainFault(_key(number), "was removed") for number in removed)
    if links[0].number == 1 and links[0].document.get("previous_sha256_hex") is not None:
        yield ChainFault(links[0].object_key, "was changed: the first report follows none")


def _between(before: _Link, after: _Link) -> Iterator[ChainFault]:
    missing = range(before.number + 1, _number_before(after) + 1)
    if missing:
        yield from (ChainFault(_key(number), "was removed") for number in missing)
    elif after.document.get("previous_sha256_hex") != sha256_hex(before.content):
        yield ChainFault(
            before.object_key,
            f"was changed or added: {after.object_key} has another digest of it",
        )


def _of_end(links: list[_Link], head: ChainHead | None) -> Iterator[ChainFault]:
    if head is None:
        return
    last = links[-1].number if links else 0
    yield from (
        ChainFault(_key(number), "was removed") for number in range(last + 1, head.number + 1)
    )
    for link in links:
        if link.number > head.number:
            yield ChainFault(link.object_key, "was added: the chain ends before it")
        elif link.number == head.number and sha256_hex(link.content) != head.sha256_hex:
            yield ChainFault(link.object_key, "was changed: the state table has another digest")
