"""The sliding window and the gate, as a pure value."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringvault.core.quota.window import MAX_CLOSING, MAX_LIMIT, MAX_TURNS, MAX_WINDOW, Quota

START = datetime(2026, 11, 1, tzinfo=UTC)
S = timedelta(seconds=1)


def grant(quota: Quota, now: datetime) -> tuple[datetime, Quota]:
    """Take the next turn."""
    turn = quota.next_turn(now)
    return turn, quota.reserved(turn, now)


def test_as_many_turns_as_the_limit_come_at_once() -> None:
    """A fresh window grants its whole limit without waiting."""
    quota = Quota(limit=3)
    for _ in range(3):
        turn, quota = grant(quota, START)

        assert turn == START


def test_the_turn_beyond_the_limit_waits_for_the_window_and_the_guard() -> None:
    """The first turn has to leave the window before the fourth may come."""
    quota = Quota(limit=3, window=60 * S, guard=S / 2)
    for second in range(3):
        _, quota = grant(quota, START + second * S)

    assert quota.next_turn(START + 3 * S) == START + 60.5 * S


@given(
    limit=st.integers(1, 12),
    pauses_ms=st.lists(st.integers(0, 9_000), min_size=1, max_size=80),
)
def test_no_window_ever_holds_more_turns_than_the_limit(limit: int, pauses_ms: list[int]) -> None:
    """Whatever the rhythm of asking, any span of one window holds `limit` turns at most."""
    quota, now, turns = Quota(limit=limit, window=10 * S, guard=S / 10), START, []
    for pause_ms in pauses_ms:
        now += timedelta(milliseconds=pause_ms)
        turn, quota = grant(quota, now)
        turns.append(turn)

    assert turns == sorted(turns)
    for earlier, later in zip(turns, turns[limit:], strict=False):
        assert later - earlier >= 10 * S + S / 10


@given(st.lists(st.integers(0, 3_000), min_size=40, max_size=60))
def test_a_busy_window_wastes_nothing_but_the_guard(pauses_ms: list[int]) -> None:
    """With somebody always waiting, every `limit` turns take one window and one guard."""
    quota = Quota(limit=5, window=10 * S, guard=S / 10)
    turns = []
    for _ in pauses_ms:
        turn, quota = grant(quota, START)
        turns.append(turn)

    assert turns[-1] - START == (len(turns) - 1) // 5 * (10 * S + S / 10)


def test_a_closed_gate_moves_every_turn_behind_its_end() -> None:
    """Nothing is granted before the penalty ends."""
    quota = Quota().closed(START + 60 * S, START)

    assert quota.next_turn(START + S) == START + 60 * S


def test_a_gate_is_never_closed_for_less_long_than_it_was() -> None:
    """A second 429 with a shorter Retry-After does not open the gate early."""
    quota = Quota().closed(START + 60 * S, START).closed(START + 30 * S, START)

    assert quota.closed_until == START + 60 * S


def test_closing_frees_the_turns_that_are_still_to_come() -> None:
    """Who waits for a later turn has to ask anew; what was sent stays counted."""
    quota = Quota(limit=1, window=10 * S)
    first, quota = grant(quota, START)
    _, quota = grant(quota, START)

    assert quota.closed(START + 90 * S, START + S).turns == (first,)


def test_a_turn_reserved_before_a_closing_is_void_even_when_the_gate_is_open_again() -> None:
    """After a penalty everybody queues anew, so that nobody sends at a turn that was freed."""
    closed = Quota().closed(START + 60 * S, START)

    assert not closed.is_open(START + 61 * S, since_closing=0)
    assert closed.is_open(START + 61 * S, since_closing=1)


def test_nothing_is_open_during_the_penalty() -> None:
    """A request in the penalty would restart it."""
    assert not Quota().closed(START + 60 * S, START).is_open(START + 59 * S, since_closing=1)


def test_turns_of_the_running_window_are_kept_behind_those_that_wait() -> None:
    """However many turns are reserved ahead, what was sent is not forgotten when they are freed."""
    quota = Quota(limit=2, window=10 * S, guard=S / 10)
    for _ in range(10):
        _, quota = grant(quota, START)
    reopened = quota.closed(START + S, START)

    assert reopened.turns == (START, START)
    assert reopened.next_turn(START + S) == START + 10.1 * S


def test_turns_that_left_the_window_are_forgotten() -> None:
    """The item stays small: it holds one window and what is reserved ahead."""
    quota, now = Quota(limit=3, window=10 * S), START
    for _ in range(100):
        now, quota = grant(quota, now)

    assert len(quota.turns) <= 3 * quota.limit


def test_a_smaller_limit_learnt_counts_what_was_sent_a_moment_ago() -> None:
    """The new limit holds from the first turn on."""
    quota = Quota(limit=4, window=60 * S, guard=S)
    for second in range(4):
        _, quota = grant(quota, START + second * S)

    assert quota.with_limit(2, 60 * S).next_turn(START + 4 * S) == START + 63 * S


def test_requests_in_a_period_are_what_the_window_permits() -> None:
    """Ten a minute are a hundred in ten minutes."""
    assert Quota().requests_in(timedelta(minutes=10)) == 100


def test_a_limit_out_of_bounds_counts_as_the_largest() -> None:
    """A mistaken header makes nobody send, or count, millions."""
    assert Quota().with_limit(MAX_LIMIT + 1, 60 * S) == Quota(limit=MAX_LIMIT)


@pytest.mark.parametrize(
    ("limit", "window"),
    [(10, MAX_WINDOW + S), (1, timedelta(days=1_000)), (10, 0 * S), (10, -S), (0, 60 * S)],
)
def test_a_quota_that_stops_everything_is_not_believed(limit: int, window: timedelta) -> None:
    """Nothing would be sent any more, and so nothing learnt that corrects it."""
    assert Quota(limit=7).with_limit(limit, window) == Quota(limit=7)


def test_a_gate_is_closed_for_a_day_at_most() -> None:
    """Whoever closes it, and whatever was stored of it before."""
    closed = Quota().closed(START + timedelta(days=400), START)
    stored = replace(Quota(), closed_until=START + timedelta(days=400))

    assert closed.next_turn(START) == START + MAX_CLOSING
    assert stored.next_turn(START) == START
    assert stored.is_open(START, since_closing=0)
    assert stored.closed(START + 60 * S, START).closed_until == START + 60 * S


def test_a_day_is_kept_whatever_the_clock_of_who_closed_the_gate() -> None:
    """A container whose clock is late sees a longer closing than anyone made."""
    closed = Quota().closed(START + MAX_CLOSING, START)

    assert not closed.is_open(START - 60 * S, since_closing=1)


@given(
    limit=st.integers(1, 10**9),
    remaining=st.integers(0, 10**9),
    reserved=st.integers(0, 20),
)
def test_what_is_kept_never_goes_by_a_header(limit: int, remaining: int, reserved: int) -> None:
    """The turns of a quota fit into an item, whatever a header said."""
    quota = Quota(limit=limit)
    for _ in range(reserved):
        _, quota = grant(quota, START)
    for _ in range(3):
        quota = quota.believing(remaining, sent_at=START, now=START)

    assert len(quota.turns) <= MAX_TURNS


def test_turns_reserved_ahead_are_bounded() -> None:
    """A limit that shrank leaves no list behind that grows for ever."""
    quota = Quota(limit=2, window=S, turns=(START,) * MAX_TURNS)
    for _ in range(3):
        _, quota = grant(quota, START)

    assert len(quota.turns) == MAX_TURNS
