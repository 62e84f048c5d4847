"""What it takes to believe that RingCentral no longer has a recording."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ringvault.core.catalogue.item import CatalogueItem, RepeatedAnswer
from ringvault.core.catalogue.recording import Recording, read_record
from ringvault.core.errors import ServiceUnavailableError
from ringvault.core.quota.gate import Turns
from ringvault.core.ringcentral.call_log import CallLog, CallLogPage
from ringvault.core.spans import Span

# One 404 may be a file that is made late, or a bad minute of the media host.
MIN_NOT_FOUND = 3
MIN_NOT_FOUND_FOR = timedelta(hours=24)
# RingCentral makes the file after the call has ended: a young one is asked for soon, an old one so
# often that a day has three answers.
MIN_WAIT = timedelta(minutes=5)
MAX_WAIT = timedelta(hours=12)
# RingCentral counts from the recording; ringvault counts from the start of the call.
RETENTION_MARGIN = timedelta(days=1)
# The call log selects by the start of a call, whose last digits may be rewritten.
_AROUND_START = timedelta(minutes=1)
# Two minutes of the busiest account known have two pages.
_MAX_PAGES = 10


@dataclass(frozen=True, slots=True)
class AccountEvidence:
    """What the account says about a recording whose content is not found.

    `longest_retention` is the longest that it keeps any recording.
    """

    call_log: CallLog
    quota: Turns
    longest_retention: Callable[[], timedelta]

    def has_expired(self, recording: Recording, *, now: datetime) -> bool:
        """Whether RingCentral has deleted the recording by its age."""
        return now - recording.started_at > self.longest_retention() + RETENTION_MARGIN

    def is_offered(self, recording: Recording, *, latest: datetime) -> bool:
        """Whether the call log still has the recording; `latest` is for each request's turn.

        Raises:
            RingvaultError: the call log can't be read to its end, and so says nothing.
        """
        for page in self._pages(recording, latest):
            read = [read_record(record) for record in page.records]
            if any(recording.recording_id == it.recording_id for r in read for it in r.recordings):
                return True
            # A part whose id can't be read may be the one.
            if any(
                it.recording_id in {None, recording.recording_id}
                for r in read
                for it in r.unreadable
            ):
                return True
        return False

    def _pages(self, recording: Recording, latest: datetime) -> Iterator[CallLogPage]:
        started_at = recording.call.own.started_at or recording.started_at
        span = Span(started_at - _AROUND_START, started_at + _AROUND_START)
        page = self.call_log.first_page(span, self.quota.reserve(latest=latest))
        for _ in range(_MAX_PAGES):
            yield page
            if page.next_uri is None:
                return
            page = self.call_log.next_page(page.next_uri, self.quota.reserve(latest=latest))
        raise ServiceUnavailableError(f"the call log has more than {_MAX_PAGES} pages of a minute")


def is_enough(not_found: RepeatedAnswer) -> bool:
    """Whether these 404s are enough to check if the recording is gone."""
    return not_found.times >= MIN_NOT_FOUND and not_found.lasted >= MIN_NOT_FOUND_FOR


def wait_after_not_found(item: CatalogueItem, *, now: datetime) -> timedelta:
    """Return how long to wait before the content is requested again."""
    recording = item.recording
    ended_at = recording.started_at + timedelta(seconds=recording.duration_s or 0)
    return min(max(MIN_WAIT, (now - ended_at) / 4), MAX_WAIT)
