"""Which spans of the call log are open, and when they are closed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ringvault.core.windows import Kind, ListingProgress, Window

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
H = timedelta(hours=1)
DAY = timedelta(days=1)
REACH = 90 * DAY


def read_all(progress: ListingProgress) -> tuple[list[Window], ListingProgress]:
    """Read head after head; return them and what is left."""
    heads = []
    while progress.head is not None:
        heads.append(progress.head)
        progress = progress.head_read()
    return heads, progress


def covers(windows: list[Window], from_at: datetime, to_at: datetime) -> bool:
    """Whether the windows leave no gap between the two instants."""
    reached = from_at
    for window in sorted(windows, key=lambda window: window.from_at):
        if window.from_at > reached:
            return False
        reached = max(reached, window.to_at)
    return reached >= to_at


def test_the_first_run_opens_the_whole_reach() -> None:
    """Everything back to the reach is read, newest day first, then oldest first."""
    heads, _ = read_all(ListingProgress().opened(NOW, REACH))

    assert covers(heads, NOW - REACH, NOW)
    assert heads[0] == Window(Kind.LOOK_BACK, NOW - 26 * H, NOW)
    assert heads[1].from_at == NOW - REACH
    assert [head.from_at for head in heads[1:]] == sorted(head.from_at for head in heads[1:])


def test_a_backfill_is_read_a_day_at_a_time() -> None:
    """A window that ends early is short, none is longer than a day."""
    heads, _ = read_all(ListingProgress().opened(NOW, REACH))

    assert max(head.to_at - head.from_at for head in heads[1:]) == DAY


def test_a_short_reach_opens_no_backfill() -> None:
    """A first run that reaches back an hour reads that hour."""
    heads, _ = read_all(ListingProgress().opened(NOW, H))

    assert heads == [Window(Kind.LOOK_BACK, NOW - H, NOW)]


def test_a_run_five_minutes_later_looks_back_an_hour_from_where_the_last_ended() -> None:
    """The overlap is what catches records that appear late."""
    _, progress = read_all(ListingProgress().opened(NOW, H))
    heads, _ = read_all(progress.opened(NOW + H / 12, H))

    assert heads == [Window(Kind.LOOK_BACK, NOW - H, NOW + H / 12)]


def test_an_hour_later_the_deep_look_back_takes_the_short_one_in() -> None:
    """Two look-backs at once are read as one."""
    _, progress = read_all(ListingProgress().opened(NOW, H))
    heads, _ = read_all(progress.opened(NOW + H, H))

    assert heads == [Window(Kind.LOOK_BACK, NOW - 26 * H, NOW + H)]


def test_a_stack_that_was_down_for_days_misses_nothing() -> None:
    """The look-back starts where the last one ended, however long ago that was."""
    _, progress = read_all(ListingProgress().opened(NOW, H))
    heads, _ = read_all(progress.opened(NOW + 3 * DAY, H))

    assert covers(heads, NOW - 26 * H, NOW + 3 * DAY)


def test_an_unread_window_stays_open() -> None:
    """A run that dies before reading leaves its windows to the next."""
    died = ListingProgress().opened(NOW, REACH)
    heads, _ = read_all(died.opened(NOW + H / 12, REACH))

    assert covers(heads, NOW - REACH, NOW + H / 12)


def test_a_head_that_is_too_much_for_one_run_is_halved_and_covers_the_same() -> None:
    """The older half is read first, and the newer one grows to the present meanwhile."""
    progress = ListingProgress().opened(NOW, H).head_halved()
    heads, _ = read_all(progress.opened(NOW + H / 12, H))

    assert heads == [
        Window(Kind.LOOK_BACK, NOW - H, NOW - H / 2),
        Window(Kind.LOOK_BACK, NOW - H / 2, NOW + H / 12),
    ]


def test_a_deep_look_back_that_had_to_wait_is_made_up_for() -> None:
    """While a look-back is open no other begins; the deep one is still due afterwards."""
    stuck = ListingProgress().opened(NOW, H).opened(NOW + 2 * H, H)
    _, progress = read_all(stuck)
    heads, _ = read_all(progress.opened(NOW + 2 * H + H / 12, H))

    assert heads[0].from_at == NOW - 26 * H


@given(st.lists(st.sampled_from(["run", "read", "halve"]), max_size=40))
def test_whatever_happens_no_span_is_left_out(events: list[str]) -> None:
    """Runs, reads and halvings in any order: what was read and what is open covers everything."""
    now, read = NOW, []
    progress = ListingProgress().opened(now, REACH)
    for event in events:
        if event == "run":
            now += H / 12
            progress = progress.opened(now, REACH)
        elif progress.head is not None and event == "read":
            read.append(progress.head)
            progress = progress.head_read()
        elif progress.head is not None:
            progress = progress.head_halved()

    assert covers([*read, *progress.windows], NOW - REACH, now)
