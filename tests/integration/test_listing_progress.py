"""How far the call log has been read, in the state table."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ringvault.adapters.dynamodb.progress import ListingProgressStore
from ringvault.core.errors import ConflictError
from ringvault.core.listing.read_windows import MAX_KEPT_URI
from ringvault.core.listing.windows import (
    MAX_WINDOWS,
    MIN_STRIDE,
    Kind,
    ListingProgress,
    LookBacks,
    Window,
    bounded,
)
from ringvault.core.ringcentral.retention import Retention
from ringvault.core.spans import DAY
from tests.support.cloud import Cloud
from tests.support.recordings import NOW

REACH = timedelta(days=90)


@pytest.fixture
def store(cloud: Cloud, state_table: str) -> ListingProgressStore:
    """Return a store in an empty table."""
    return ListingProgressStore(state_table, cloud.dynamodb)


def opened(progress: ListingProgress, now: datetime, reach: timedelta) -> ListingProgress:
    """Open what is due."""
    return progress.opened(now, look_backs=LookBacks(), first_run_reach=reach, is_busy=False)


def _opened(progress: ListingProgress, now: datetime) -> ListingProgress:
    return opened(progress, now, REACH)


def test_nothing_yet(store: ListingProgressStore) -> None:
    """A new stack has read nothing, as version 0."""
    assert store.load() == (ListingProgress(), 0)


def test_progress_comes_back_as_it_was_saved(store: ListingProgressStore) -> None:
    """Windows and look-backs survive the table, in order and to the millisecond."""
    first = _opened(ListingProgress(), NOW + timedelta(milliseconds=123))
    quiet = first.head_read(new=0, seen=7, would_fit_twice=True).head_halved()
    later = _opened(quiet, NOW + timedelta(hours=2)).head_halved()
    assert len(later.windows) > 2
    for version, progress in enumerate((first, later)):
        assert store.save(progress, version=version) == version + 1
        assert store.load() == (progress, version + 1)


def test_everything_read(store: ListingProgressStore) -> None:
    """Progress without an open window is not the same as no progress."""
    first = opened(ListingProgress(), NOW, timedelta(hours=1))
    done = first.head_read(new=1, seen=1, would_fit_twice=False)
    store.save(done, version=0)
    assert store.load() == (done, 1)
    assert done.head is None


def test_who_was_overtaken_changes_nothing(store: ListingProgressStore) -> None:
    """Of two listers that loaded the same version, the second to save is told so."""
    mine, theirs = (opened(ListingProgress(), NOW, timedelta(days=days)) for days in (1, 2))
    store.save(theirs, version=0)
    with pytest.raises(ConflictError):
        store.save(mine, version=0)
    assert store.load() == (theirs, 1)


def test_a_stride_without_length_heals(store: ListingProgressStore) -> None:
    """What an earlier release halved to nothing is read in strides of a minute."""
    backfill = Window(Kind.BACKFILL, NOW - REACH, NOW, stride=timedelta(0))
    store.save(ListingProgress(windows=(backfill,)), version=0)
    progress, _ = store.load()
    assert progress.windows[0].stride == MIN_STRIDE


def test_what_was_read_in_part_and_what_is_broken_come_back(store: ListingProgressStore) -> None:
    """The next run goes on with the page that follows, and leaves the broken window for later."""
    retention = Retention(period=REACH, shortest_period=timedelta(days=7))
    first = replace(_opened(ListingProgress(), NOW), retention=retention)
    progress = first.head_broken(NOW).with_partly_read(7, "https://example.com/?page=8")
    store.save(progress, version=0)
    assert store.load() == (progress, 1)


def test_the_largest_progress_fits_into_an_item(store: ListingProgressStore) -> None:
    """As many windows as may be open, and the longest URI that is kept."""
    windows = bounded(
        Window(Kind.BACKFILL, NOW + number * REACH, NOW + number * REACH + DAY, broken_at=NOW)
        for number in range(2 * MAX_WINDOWS)
    )
    progress = ListingProgress(windows=windows).with_partly_read(999, "u" * MAX_KEPT_URI)
    store.save(progress, version=0)
    assert store.load() == (progress, 1)
