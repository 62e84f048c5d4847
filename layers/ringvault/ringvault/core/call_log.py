"""The account's call log as use cases read it: page by page, each for a turn of the quota."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.quota_gate import Turn
from ringvault.core.recording import CallLogRecord
from ringvault.core.windows import Window


@dataclass(frozen=True, slots=True)
class CallLogPage:
    """One page of the call log; `next_uri` is None on the last."""

    records: Sequence[CallLogRecord]
    next_uri: str | None


class CallLog(Protocol):
    """RingCentral's account call log, recorded calls only."""

    def first_page(self, window: Window, turn: Turn) -> CallLogPage:
        """Return the first page of the calls that started in the window."""

    def next_page(self, uri: str, turn: Turn) -> CallLogPage:
        """Return the page that an earlier one named as its next."""


class Quota(Protocol):
    """Turns to send a request."""

    def reserve(self, *, latest: datetime) -> Turn:
        """Reserve the next turn; ThrottledError when it comes after `latest`."""

    def requests_in(self, period: timedelta) -> float:
        """Return how many requests the quota permits in `period`."""
