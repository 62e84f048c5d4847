"""The gate: turns are reserved, waited for, and void after a 429."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from ringvault.core.errors import ConflictError, ThrottledError
from ringvault.core.quota.gate import QuotaGate
from ringvault.core.quota.window import Quota
from tests.support.fakes import START, MemoryQuotaStore, Time

S = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def gate_of(store: MemoryQuotaStore, time: Time) -> QuotaGate:
    """Return a gate over the store, on pretended time."""
    return QuotaGate({"1": store}, clock=time, sleep=time.sleep, jitter=lambda: 1.0)


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
    gate_of(store, time).close("1", START + 60 * S)
    gate.wait(turn)

    assert time.now == START + 60 * S


def test_who_waits_gives_up_when_the_penalty_is_longer_than_they_can_wait() -> None:
    """The new turn obeys the old limit of waiting."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=1, window=10 * S, guard=S))
    gate = gate_of(store, time)
    gate.reserve(latest=START)
    turn = gate.reserve(latest=START + 30 * S)
    gate.close("1", START + 60 * S)

    with pytest.raises(ThrottledError):
        gate.wait(turn)


def test_a_turn_that_has_come_is_void_when_the_gate_was_closed_since() -> None:
    """Nobody sends into the penalty, not even who had nothing to wait for."""
    time, store = Time(), MemoryQuotaStore(Quota())
    gate = gate_of(store, time)
    turn = gate.reserve(latest=START + 5 * MINUTE)
    gate_of(store, time).close("1", START + 60 * S)
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
    turn = gate.wait(gate.reserve(latest=START + MINUTE))
    gate.learn(turn, limit=50, window=60 * S)
    version = store.version
    gate.learn(turn, limit=50, window=60 * S)

    assert (store.quota.limit, store.version) == (50, version)


def test_two_gates_share_one_window() -> None:
    """Whoever asks, the limit is the store's."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=4, window=10 * S, guard=S))
    gates = [gate_of(store, time), gate_of(store, time)]
    turns = [gates[number % 2].reserve(latest=START + MINUTE).at for number in range(8)]

    assert turns == sorted(turns)
    for earlier, later in zip(turns, turns[4:], strict=False):
        assert later - earlier >= 11 * S


@dataclass
class Party:
    """Several service users behind one gate."""

    time: Time
    stores: dict[str, MemoryQuotaStore]

    @classmethod
    def of(cls, *names: str) -> "Party":
        """Return users with one request in ten seconds each."""
        quota = Quota(limit=1, window=10 * S, guard=S)
        return cls(Time(), {name: MemoryQuotaStore(quota) for name in names})

    def gate(self) -> QuotaGate:
        """Return a gate as one container has it."""
        return QuotaGate(self.stores, clock=self.time, sleep=self.time.sleep, jitter=lambda: 1.0)


def test_each_service_user_adds_its_own_window() -> None:
    """Three users permit three times as much, and every request goes through the next in turn."""
    gate = Party.of("a", "b", "c").gate()
    turns = [gate.reserve(latest=START + MINUTE) for _ in range(9)]

    assert [turn.at - START for turn in turns] == [0 * S] * 3 + [11 * S] * 3 + [22 * S] * 3
    assert {turn.service_user for turn in turns[:3]} == {"a", "b", "c"}


def test_a_429_of_one_user_leaves_the_others_working() -> None:
    """A closed gate is passed by, and its waiting requests go through another user."""
    party = Party.of("a", "b")
    gate = party.gate()
    turn = gate.reserve(latest=START + MINUTE)
    party.gate().close(turn.service_user, START + 60 * S)
    ready = gate.wait(turn)

    assert ready.service_user != turn.service_user
    assert party.time.now == START


def test_a_limit_that_concerns_everybody_closes_every_gate() -> None:
    """A 429 of the account's or the address's limiter stops all users."""
    gate = Party.of("a", "b").gate()
    gate.close_all(START + 60 * S)

    assert gate.reserve(latest=START + 2 * MINUTE).at == START + 60 * S


def test_all_users_together_permit_the_sum() -> None:
    """What is fed and listed grows with the number of service users."""
    assert Party.of("a", "b", "c").gate().requests_in(MINUTE) == 18


def test_what_others_use_of_the_quota_is_believed() -> None:
    """When less is left than we think, another program sends as the same user and app."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=3, window=10 * S, guard=S))
    gate = gate_of(store, time)
    turn = gate.wait(gate.reserve(latest=START + MINUTE))
    gate.learn(turn, limit=3, window=10 * S, remaining=0)

    assert gate.reserve(latest=START + MINUTE).at == START + 11 * S


def test_what_is_left_as_expected_changes_nothing() -> None:
    """Answers that say what we know cost no write, however late they come."""
    time, store = Time(), MemoryQuotaStore(Quota(limit=3, window=10 * S, guard=S))
    gate = gate_of(store, time)
    turns = [gate.wait(gate.reserve(latest=START + MINUTE)) for _ in range(3)]
    version = store.version
    time.sleep(0.4)
    for turn, remaining in zip(turns, (2, 1, 0), strict=True):
        gate.learn(turn, limit=3, window=10 * S, remaining=remaining)

    assert store.version == version
