"""The account's call log, read page by page, each for a turn of the quota."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from ringvault.core.catalogue.recording import CallLogRecord
from ringvault.core.errors import EndlessPagesError
from ringvault.core.quota.gate import Turn
from ringvault.core.spans import Span

# A quarter of a million calls in one span: the readers split their spans long before that.
MAX_PAGES = 1_000
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class CallLogPage:
    """One page of the call log; `next_uri` is None on the last page only.

    A page that names a next one may have no records.
    """

    records: Sequence[CallLogRecord]
    next_uri: str | None


@dataclass(frozen=True, slots=True)
class PartlyRead:
    """How far a span was read: `pages` of it, `next_uri` follows."""

    from_at: datetime
    to_at: datetime
    pages: int
    next_uri: str

    def is_of(self, span: Span) -> bool:
        """Whether this is a part of that span."""
        return (self.from_at, self.to_at) == (span.from_at, span.to_at)


class CallLog(Protocol):
    """RingCentral's account call log, recorded calls only."""

    def first_page(self, span: Span, turn: Turn) -> CallLogPage:
        """Return the first page of the calls that started in the span."""

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        """Return the page that an earlier page gave as its next."""


def pages_of(
    call_log: CallLog,
    span: Span,
    reserve: Callable[[], Turn],
    *,
    after: PartlyRead | None = None,
) -> Iterator[CallLogPage]:
    """Yield every page of the span; with `after`, those after the pages read already.

    `reserve` gets a turn before each page, and its errors end the reading.

    Raises:
        EndlessPagesError: a page's next page is an earlier one, or there are more than `MAX_PAGES`.
    """
    number, uri = (after.pages, after.next_uri) if after else (0, None)
    seen = {uri}
    while number < MAX_PAGES:
        turn = reserve()
        page = call_log.first_page(span, turn) if uri is None else call_log.next_page(uri, turn)
        number += 1
        yield page
        if page.next_uri is None:
            return
        if page.next_uri in seen or not _leads_on(uri, page.next_uri):
            raise EndlessPagesError(
                f"call log from {span.from_at} to {span.to_at}: page {number} names as its"
                " next one that was before it"
            )
        uri = page.next_uri
        seen.add(uri)
    raise EndlessPagesError(
        f"call log from {span.from_at} to {span.to_at}: no end after {MAX_PAGES} pages"
    )


def _leads_on(uri: str | None, next_uri: str) -> bool:
    """Whether the next page has a higher number, as far as the URIs have one."""
    number, next_number = 1 if uri is None else _page_number(uri), _page_number(next_uri)
    return number is None or next_number is None or next_number > number


def _page_number(uri: str) -> int | None:
    try:
        page = parse_qs(urlsplit(uri).query).get("page", [""])[0]
    except ValueError:
        return None
    return int(match[0]) if (match := _NUMBER.fullmatch(page)) else None
