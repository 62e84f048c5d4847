"""The shared quota in the state table, and the gate before it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ringvault.adapters.dynamodb.quota_store import DynamoDBQuotaStore
from ringvault.core.errors import ConflictError, ThrottledError
from ringvault.core.quota.gate import QuotaGate
from ringvault.core.quota.window import MAX_LIMIT, MAX_TURNS, Quota
from tests.support.cloud import Cloud
from tests.support.moving_time import MovingTime

SECOND = timedelta(seconds=1)
LONG = timedelta(hours=1)
SMALL = Quota(limit=3, window=10 * SECOND)


def store_of(
    cloud: Cloud, table: str, *, user: str = "1", group: str = "heavy", default: Quota = SMALL
) -> DynamoDBQuotaStore:
    """Return a store as one container has it."""
    return DynamoDBQuotaStore(
        table, cloud.dynamodb, service_user=user, group=lambda: group, default=default
    )


def gate_of(cloud: Cloud, table: str, time: MovingTime) -> QuotaGate:
    """Return a gate as one container has it."""
    store = store_of(cloud, table)
    return QuotaGate({"1": store}, clock=time, sleep=time.sleep, jitter=lambda: 0.0)


def test_a_new_quota_is_the_default(cloud: Cloud, state_table: str) -> None:
    """Before anything was learnt the default holds, as version 0."""
    assert store_of(cloud, state_table).load() == (SMALL, 0)


def test_a_quota_comes_back_as_it_was_saved(
    cloud: Cloud, state_table: str, time: MovingTime
) -> None:
    """Turns, gate and what was learnt survive the table to the millisecond."""
    store = store_of(cloud, state_table)
    now = time() + timedelta(milliseconds=987)
    quota = replace(SMALL, limit=7, window=3 * SECOND, turns=(now, now + SECOND))
    store.save(quota, version=0)
    assert store.load() == (quota, 1)
    closed = replace(quota, closed_until=now + LONG)
    store.save(closed, version=1)
    assert store.load() == (closed, 2)


def test_what_is_stored_out_of_bounds_is_healed(
    cloud: Cloud, state_table: str, time: MovingTime
) -> None:
    """An item that an earlier release wrote by a mistaken header stops nobody."""
    store = store_of(cloud, state_table)
    turns = (time(),) * (MAX_TURNS + 1)
    store.save(replace(SMALL, limit=MAX_LIMIT + 1, turns=turns), version=0)
    assert store.load() == (replace(SMALL, limit=MAX_LIMIT, turns=turns[1:]), 1)
    store.save(replace(SMALL, window=timedelta(days=365)), version=1)
    assert store.load() == (SMALL, 2)


def test_who_was_overtaken_changes_nothing(cloud: Cloud, state_table: str) -> None:
    """Of two containers that loaded the same version, the second to save is told so."""
    mine, theirs = store_of(cloud, state_table), store_of(cloud, state_table)
    for version in (0, 1):
        theirs.save(replace(SMALL, limit=8 + version), version=version)
        with pytest.raises(ConflictError):
            mine.save(replace(SMALL, limit=1), version=version)
    assert mine.load() == (replace(SMALL, limit=9), 2)


def test_users_and_groups_have_quotas_of_their_own(cloud: Cloud, state_table: str) -> None:
    """What one service user spends in one group is nobody else's."""
    store_of(cloud, state_table).save(replace(SMALL, limit=1), version=0)
    for other in (
        store_of(cloud, state_table, user="2"),
        store_of(cloud, state_table, group="auth"),
    ):
        assert other.load() == (SMALL, 0)


def test_two_containers_never_exceed_the_quota(
    cloud: Cloud, state_table: str, time: MovingTime
) -> None:
    """However two containers race, no window holds more turns than the limit, and none is lost."""
    start = threading.Barrier(2)

    def reserve_many(_: int) -> list[datetime]:
        gate = gate_of(cloud, state_table, time)
        start.wait(timeout=10)
        return [gate.reserve(latest=time() + LONG).at for _ in range(15)]

    with ThreadPoolExecutor(2) as pool:
        turns = sorted(turn for some in pool.map(reserve_many, range(2)) for turn in some)
    assert len(turns) == 30
    apart = [later - turn for turn, later in zip(turns, turns[SMALL.limit :], strict=False)]
    assert min(apart) > SMALL.window
    assert store_of(cloud, state_table).load()[1] == 30


def test_a_closed_gate_is_closed_for_everybody(
    cloud: Cloud, state_table: str, time: MovingTime
) -> None:
    """After one container's 429 no other sends before the gate opens."""
    mine, theirs = gate_of(cloud, state_table, time), gate_of(cloud, state_table, time)
    opens_at = time() + 30 * SECOND
    mine.close("1", opens_at)
    with pytest.raises(ThrottledError) as told:
        theirs.reserve(latest=time() + 29 * SECOND)
    assert told.value.retry_at == opens_at
    assert theirs.reserve(latest=time() + LONG).at == opens_at


def test_a_turn_that_became_void_is_renewed(
    cloud: Cloud, state_table: str, time: MovingTime
) -> None:
    """Who waits for a turn while another closes the gate waits for a new one."""
    mine, theirs = gate_of(cloud, state_table, time), gate_of(cloud, state_table, time)
    turns = [mine.reserve(latest=time() + LONG) for _ in range(SMALL.limit + 1)]
    opens_at = time() + 60 * SECOND
    theirs.close("1", opens_at)
    mine.wait(turns[-1])
    assert time() >= opens_at


def test_what_one_container_learns_holds_for_all(
    cloud: Cloud, state_table: str, time: MovingTime
) -> None:
    """The limit that a response names decides everybody's next turns."""
    mine, theirs = gate_of(cloud, state_table, time), gate_of(cloud, state_table, time)
    turn = mine.wait(mine.reserve(latest=time() + LONG))
    mine.learn(turn, limit=1, window=20 * SECOND)
    first, second = (theirs.reserve(latest=time() + LONG).at for _ in range(2))
    assert second - first >= 20 * SECOND
    assert theirs.requests_in(60 * SECOND) == 3
