"""Adding and giving up backfills beside a lister that is at work."""

from datetime import UTC, datetime

import pytest

from ringvault.core.errors import ConflictError, InvalidRequestError
from ringvault.core.listing.backfill import add_backfill, open_backfills, stop_backfills
from ringvault.core.listing.windows import Kind, ListingProgress, Window
from ringvault.core.versioned import MAX_ATTEMPTS
from tests.unit.ringvault_cli.stand_ins import ProgressInMemory

JUNE, JULY, AUGUST = (datetime(2026, month, 1, tzinfo=UTC) for month in (6, 7, 8))
RUN_ALREADY = ListingProgress(opened_to={"short": AUGUST})


def test_several_are_open_at_once_oldest_first() -> None:
    """A backfill is opened beside those that are open, in the order of age."""
    progress = ProgressInMemory(RUN_ALREADY)

    add_backfill(progress=progress, from_at=JULY, to_at=AUGUST)
    add_backfill(progress=progress, from_at=JUNE, to_at=JULY)

    assert [it.from_at for it in open_backfills(progress.state)] == [JUNE, JULY]


def test_a_lister_at_work_loses_nothing() -> None:
    """Whoever finds the progress changed reads it again and adds to the newest."""
    progress = ProgressInMemory(RUN_ALREADY, races=3)

    add_backfill(progress=progress, from_at=JUNE, to_at=JULY)

    assert len(open_backfills(progress.state)) == 1


def test_a_lister_that_is_always_faster_is_told() -> None:
    """The tries are bounded, and nothing was changed."""
    progress = ProgressInMemory(RUN_ALREADY, races=MAX_ATTEMPTS + 1)

    with pytest.raises(ConflictError, match="saved first 20 times"):
        add_backfill(progress=progress, from_at=JUNE, to_at=JULY)
    assert progress.state == RUN_ALREADY


def test_the_same_twice_is_refused() -> None:
    """The very same window is not read twice by mistake."""
    progress = ProgressInMemory(RUN_ALREADY)
    add_backfill(progress=progress, from_at=JUNE, to_at=JULY)

    with pytest.raises(InvalidRequestError, match="open already"):
        add_backfill(progress=progress, from_at=JUNE, to_at=JULY)


def test_before_the_first_run_there_is_none() -> None:
    """The first run opens its own windows and would drop what was there before."""
    with pytest.raises(InvalidRequestError, match="first run"):
        add_backfill(progress=ProgressInMemory(ListingProgress()), from_at=JUNE, to_at=JULY)


def test_stopping_gives_up_backfills_only() -> None:
    """A look-back goes on; every backfill is gone."""
    look_back = Window(Kind.LOOK_BACK, JULY, AUGUST)
    backfill = Window(Kind.BACKFILL, JUNE, JULY)
    progress = ProgressInMemory(ListingProgress(windows=(look_back, backfill)), races=1)

    stop_backfills(progress=progress)

    assert progress.state.windows == (look_back,)
