"""Which spans of the call log are open, and when they are closed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringvault.core.listing.windows import (
    MAX_WINDOWS,
    MIN_STRIDE,
    Kind,
    ListingProgress,
    LookBacks,
    Window,
    bounded,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
H = timedelta(hours=1)
DAY = timedelta(days=1)
REACH = 90 * DAY
LOOK_BACKS = LookBacks()


def opened(progress: ListingProgress, now: datetime, reach: timedelta) -> ListingProgress:
    """Open what is due while nothing waits for its turn."""
    return progress.opened(now, look_backs=LOOK_BACKS, first_run_reach=reach, is_busy=False)


def busy(progress: ListingProgress, now: datetime) -> ListingProgress:
    """Open what is due while recordings wait."""
    return progress.opened(now, look_backs=LOOK_BACKS, first_run_reach=H, is_busy=True)


def head_read(progress: ListingProgress) -> ListingProgress:
    """Read the head, which brought one recording and nearly filled the run."""
    return progress.head_read(new=1, seen=1, would_fit_twice=False)


def read_all(progress: ListingProgress) -> tuple[list[Window], ListingProgress]:
    """Read head after head; return them and what is left."""
    heads = []
    while progress.head is not None:
        heads.append(progress.head)
        progress = head_read(progress)
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
    heads, _ = read_all(opened(ListingProgress(), NOW, REACH))

    assert covers(heads, NOW - REACH, NOW)
    assert heads[0] == Window(Kind.LOOK_BACK, NOW - 26 * H, NOW)
    assert heads[1].from_at == NOW - REACH
    assert [head.from_at for head in heads[1:]] == sorted(head.from_at for head in heads[1:])


def test_a_backfill_is_read_a_day_at_a_time() -> None:
    """A window that ends early is short, none is longer than a day."""
    heads, _ = read_all(opened(ListingProgress(), NOW, REACH))

    assert max(head.to_at - head.from_at for head in heads[1:]) == DAY


def test_a_sparse_backfill_is_crossed_in_ever_longer_strides() -> None:
    """An empty account costs a handful of requests, not one a day."""
    progress = opened(ListingProgress(), NOW, REACH)
    heads = []
    while progress.head is not None:
        heads.append(progress.head)
        progress = progress.head_read(new=0, seen=1, would_fit_twice=True)

    assert [(head.to_at - head.from_at) // DAY for head in heads[1:]] == [1, 2, 4, 8, 16, 32, 25]
    assert covers(heads, NOW - REACH, NOW)


def test_a_stride_too_long_for_one_run_is_halved() -> None:
    """The window stays one, and everything in it is still to be read."""
    progress = head_read(opened(ListingProgress(), NOW, REACH))
    halved = progress.head_halved()

    assert len(halved.windows) == 1
    assert halved.head == Window(Kind.BACKFILL, NOW - REACH, NOW - REACH + DAY / 2, stride=DAY / 2)


def test_a_short_reach_opens_no_backfill() -> None:
    """A first run that reaches back an hour reads that hour."""
    heads, _ = read_all(opened(ListingProgress(), NOW, H))

    assert heads == [Window(Kind.LOOK_BACK, NOW - H, NOW)]


def test_a_run_five_minutes_later_looks_back_five_hours_from_where_the_last_ended() -> None:
    """The overlap is what catches records that appear late."""
    _, progress = read_all(opened(ListingProgress(), NOW, H))
    heads, _ = read_all(opened(progress, NOW + H / 12, H))

    assert heads == [Window(Kind.LOOK_BACK, NOW - 5 * H, NOW + H / 12)]


def test_an_hour_later_the_deep_look_back_takes_the_short_one_in() -> None:
    """Two look-backs at once are read as one."""
    _, progress = read_all(opened(ListingProgress(), NOW, H))
    heads, _ = read_all(opened(progress, NOW + H, H))

    assert heads == [Window(Kind.LOOK_BACK, NOW - 26 * H, NOW + H)]


def test_a_stack_that_was_down_for_days_misses_nothing() -> None:
    """The look-back starts where the last one ended, however long ago that was."""
    _, progress = read_all(opened(ListingProgress(), NOW, H))
    heads, _ = read_all(opened(progress, NOW + 3 * DAY, H))

    assert covers(heads, NOW - 26 * H, NOW + 3 * DAY)


@pytest.mark.parametrize(
    ("new", "is_busy", "minutes", "looks"),
    [(0, True, 5, False), (0, True, 10, True), (0, False, 5, True), (1, True, 5, True)],
)
def test_a_quiet_account_is_looked_at_less_often_while_recordings_wait(
    *, new: int, is_busy: bool, minutes: int, looks: bool
) -> None:
    """Every other run is enough then; new calls or idle archivers bring every run back."""
    progress = opened(ListingProgress(), NOW, H).head_read(new=new, seen=1, would_fit_twice=True)
    later = progress.opened(
        NOW + minutes * H / 60, look_backs=LOOK_BACKS, first_run_reach=H, is_busy=is_busy
    )

    assert (later.head is not None) is looks


def test_a_look_back_that_was_left_out_is_made_up_for() -> None:
    """The next one starts where the last one that was opened ended."""
    quiet = opened(ListingProgress(), NOW, H).head_read(new=0, seen=1, would_fit_twice=True)
    left_out = busy(quiet, NOW + H / 12)
    heads, _ = read_all(busy(left_out, NOW + H / 6))

    assert heads == [Window(Kind.LOOK_BACK, NOW - 5 * H, NOW + H / 6)]


def test_a_wide_look_back_is_read_behind_the_backfills() -> None:
    """What it may find is rare: neither today's calls nor old ones near deletion wait for it."""
    progress = head_read(opened(ListingProgress(), NOW, REACH))
    later = opened(progress, NOW + DAY, REACH)

    assert [window.kind for window in later.windows] == [
        Kind.LOOK_BACK,
        Kind.BACKFILL,
        Kind.WIDE_LOOK_BACK,
    ]
    assert later.windows[-1].from_at == NOW - 7 * DAY


def test_a_wide_look_back_is_not_opened_twice() -> None:
    """One that is still open is read first; the next one reaches back to where it ended."""
    progress = opened(head_read(opened(ListingProgress(), NOW, REACH)), NOW + DAY, REACH)
    heads, progress = read_all(opened(progress, NOW + 2 * DAY, REACH))
    last = opened(progress, NOW + 2 * DAY + H, REACH)

    assert sum(head.kind is Kind.WIDE_LOOK_BACK for head in heads) == 8
    assert last.windows[-1] == Window(Kind.WIDE_LOOK_BACK, NOW - 6 * DAY, NOW + 2 * DAY + H)


def test_several_backfills_are_read_oldest_first() -> None:
    """Whoever asks for an older span gets it before the newer one, whenever it was asked for."""
    _, progress = read_all(opened(ListingProgress(), NOW, H))
    progress = progress.with_backfill(NOW - 20 * DAY, NOW - 10 * DAY)
    progress = progress.with_backfill(NOW - 60 * DAY, NOW - 50 * DAY)
    heads, _ = read_all(progress)

    assert [head.from_at for head in heads] == sorted(head.from_at for head in heads)
    assert covers(heads[:10], NOW - 60 * DAY, NOW - 50 * DAY)
    assert covers(heads[10:], NOW - 20 * DAY, NOW - 10 * DAY)


def test_backfills_can_be_given_up() -> None:
    """Look-backs stay: what is new is always found."""
    progress = opened(ListingProgress(), NOW, REACH).without_backfills()

    assert [window.kind for window in progress.windows] == [Kind.LOOK_BACK]


def test_a_long_look_back_tells_how_many_recordings_a_day_has() -> None:
    """A short one says nothing about a day."""
    first = opened(ListingProgress(), NOW, REACH)
    told = first.head_read(new=3, seen=1300, would_fit_twice=False).without_backfills()
    short = opened(told, NOW + H / 12, REACH).head_read(new=1, seen=1, would_fit_twice=False)

    assert told.recordings_a_day == short.recordings_a_day == pytest.approx(1200)


@pytest.mark.parametrize(("a_day", "requests"), [(0, 313), (1_111, 440), (10_000, 3928)])
def test_what_look_backs_cost_is_known(a_day: int, requests: int) -> None:
    """288 short ones, 24 deep ones and a wide one, by the pages that each takes."""
    assert LookBacks().requests_a_day(a_day, per_page=250) == requests


def test_an_unread_window_stays_open() -> None:
    """A run that dies before reading leaves its windows to the next."""
    died = opened(ListingProgress(), NOW, REACH)
    heads, _ = read_all(opened(died, NOW + H / 12, REACH))

    assert covers(heads, NOW - REACH, NOW + H / 12)


def test_a_head_that_is_too_much_for_one_run_is_halved_and_covers_the_same() -> None:
    """The older half is read first, and the newer one grows to the present meanwhile."""
    progress = opened(ListingProgress(), NOW, H).head_halved()
    heads, _ = read_all(opened(progress, NOW + H / 12, H))

    assert heads == [
        Window(Kind.LOOK_BACK, NOW - H, NOW - H / 2),
        Window(Kind.LOOK_BACK, NOW - H / 2, NOW + H / 12),
    ]


def test_a_deep_look_back_that_had_to_wait_is_made_up_for() -> None:
    """While a look-back is open no other begins; the deep one is still due afterwards."""
    stuck = opened(opened(ListingProgress(), NOW, H), NOW + 2 * H, H)
    _, progress = read_all(stuck)
    heads, _ = read_all(opened(progress, NOW + 2 * H + H / 12, H))

    assert heads[0].from_at == NOW - 26 * H


@given(st.lists(st.sampled_from(["run", "read", "halve"]), max_size=40))
def test_whatever_happens_no_span_is_left_out(events: list[str]) -> None:
    """Runs, reads and halvings in any order: what was read and what is open covers everything."""
    now, read = NOW, []
    progress = opened(ListingProgress(), now, REACH)
    for event in events:
        if event == "run":
            now += H / 12
            progress = opened(progress, now, REACH)
        elif progress.head is not None and event == "read":
            read.append(progress.head)
            progress = head_read(progress)
        elif progress.head is not None:
            progress = progress.head_halved()

    assert covers([*read, *progress.windows], NOW - REACH, now)


def test_no_stride_is_shorter_than_a_minute() -> None:
    """A window that is halved again and again keeps a length, whatever halves it."""
    progress = opened(ListingProgress(), NOW, REACH)
    for kind in (Kind.LOOK_BACK, Kind.BACKFILL):
        for _ in range(40):
            progress = progress.head_halved()
        assert progress.head is not None
        assert progress.head.kind is kind
        assert progress.head.to_at - progress.head.from_at >= MIN_STRIDE
        look_backs = [it for it in progress.windows if it.kind is Kind.LOOK_BACK]
        for _ in look_backs:
            progress = head_read(progress)


def test_more_windows_than_may_be_open_become_fewer_and_cover_the_same() -> None:
    """Neighbours with the smallest gap are joined, each kind for itself."""
    many = [
        Window(kind, NOW + number * H, NOW + number * H + H / 2)
        for kind in Kind
        for number in range(150)
    ]
    found = bounded(many)

    assert len(found) == MAX_WINDOWS
    for kind in Kind:
        of_kind = [it for it in found if it.kind is kind]
        for window in (it for it in many if it.kind is kind):
            assert any(it.from_at <= window.from_at and window.to_at <= it.to_at for it in of_kind)


def test_what_comes_to_no_end_is_cut_and_put_behind_all_else() -> None:
    """A look-back that is broken lets a new one open for the newest calls."""
    progress = opened(ListingProgress(), NOW, REACH).head_broken(NOW)
    later = opened(progress, NOW + H / 12, REACH)

    assert [it.broken_at for it in later.windows] == [None, None, NOW, NOW]
    assert [it.kind for it in later.windows[:2]] == [Kind.LOOK_BACK, Kind.BACKFILL]
    assert covers(list(later.windows), NOW - REACH, NOW + H / 12)


def test_a_look_back_that_was_read_in_part_does_not_grow() -> None:
    """Of another length it would have to be read from its first page."""
    progress = opened(ListingProgress(), NOW, REACH).with_partly_read(3, "page 4")
    later = opened(progress, NOW + H / 12, REACH)

    assert later.head == progress.head
    assert later.is_head_partly_read
    assert head_read(later).partly_read is None
