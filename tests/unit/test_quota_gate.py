"""The gate: turns are reserved, waited for, and void after a 429."""

from datetime import timedelta

import pytest

from ringvault.core.errors import ConflictError, ThrottledError
from ringvault.core.quota import Quota
from ringvault.core.quota_gate import QuotaGate
from tests.unit.fakes import START, MemoryQuotaStore, Time

S = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def gate_of(store: MemoryQuotaStore, time: Time) -> QuotaGate:
    """Return a gate over the store, on pretended time."""
    return QuotaGate(store, clock=time, sleep=time.sleep, jitter=lambda: 1.0)


def test_a_turn_is_waited_for_to_the_instant() -> None:
    """The wait ends when the turn has come, not earlier and not later."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=1, window=10 * S, guard=S))
    gate = gate_of(store, time)
    gate.wait(gate.reserve(latest=START + MINUTE))
    gate.wait(gate.reserve(latest=START + MINUTE))

    assert time.now == START + 11 * S


def test_a_turn_that_comes_too_late_is_not_reserved() -> None:
    """Who can't wait so long learns when to come back, and takes nobody's turn."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=1, window=60 * S, guard=S))
    gate = gate_of(store, time)
    gate.reserve(latest=START)
    before = store.quota

    with pytest.raises(ThrottledError) as caught:
        gate.reserve(latest=START + 10 * S)

    assert caught.value.retry_at == START + 61 * S
    assert store.quota == before


def test_a_429_meanwhile_sends_the_waiting_back_to_the_end_of_the_penalty() -> None:
    """A turn reserved before the 429 is not used in the penalty."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=1, window=10 * S, guard=S))
    gate = gate_of(store, time)
    gate.reserve(latest=START)
    turn = gate.reserve(latest=START + 5 * MINUTE)
    gate_of(store, time).close(START + 60 * S)
    gate.wait(turn)

    assert time.now == START + 60 * S


def test_who_waits_gives_up_when_the_penalty_is_longer_than_they_can_wait() -> None:
    """The new turn obeys the old limit of waiting."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=1, window=10 * S, guard=S))
    gate = gate_of(store, time)
    gate.reserve(latest=START)
    turn = gate.reserve(latest=START + 30 * S)
    gate.close(START + 60 * S)

    with pytest.raises(ThrottledError):
        gate.wait(turn)


def test_a_turn_that_has_come_is_void_when_the_gate_was_closed_since() -> None:
    """Nobody sends into the penalty, not even who had nothing to wait for."""
    time, store = Time(), MemoryQuotaStore(Quota())
    gate = gate_of(store, time)
    turn = gate.reserve(latest=START + 5 * MINUTE)
    gate_of(store, time).close(START + 60 * S)
    gate.wait(turn)

    assert time.now == START + 60 * S


def test_lost_races_are_run_again() -> None:
    """A conflict costs a moment, not the turn."""
    time, store = Time(), MemoryQuotaStore(Quota(), conflicts_to_come=3)
    gate = gate_of(store, time)
    gate.reserve(latest=START + MINUTE)

    assert store.version == 1
    assert len(time.slept_s) == 3


def test_races_lost_without_end_are_an_error() -> None:
    """A store that never takes a change is told, not tried for ever."""
    time, store = Time(), MemoryQuotaStore(Quota(), conflicts_to_come=10_000)

    with pytest.raises(ConflictError):
        gate_of(store, time).reserve(latest=START + MINUTE)


def test_what_the_headers_say_is_learnt_once() -> None:
    """The same limit and window again cost no write."""
    time, store = Time(), MemoryQuotaStore(Quota())
    gate = gate_of(store, time)
    gate.learn(limit=50, window=60 * S)
    version = store.version
    gate.learn(limit=50, window=60 * S)

    assert (store.quota.limit, store.version) == (50, version)


def test_two_gates_share_one_window() -> None:
    """Whoever asks, the limit is the store's."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=4, window=10 * S, guard=S))
    gates = [gate_of(store, time), gate_of(store, time)]
    turns = [gates[number % 2].reserve(latest=START + MINUTE).at for number in range(8)]

    assert turns == [START] * 4 + [START + 11 * S] * 4
