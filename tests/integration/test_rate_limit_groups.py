"""Kinds of requests that RingCentral counts apart."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from local.ringcentral.account.options import Group, Options, Quota, quotas_with
from local.ringcentral.faults.faults import Fault
from local.ringcentral.http.server import Simulator
from ringvault.adapters.ringcentral.rate_limit_groups import RateLimitGroups, RequestKind
from ringvault.core.catalogue.recording import read_record
from ringvault.core.errors import ThrottledError
from ringvault.core.spans import Span
from tests.support.cloud import Cloud
from tests.support.line import Line, line_to
from tests.support.moving_time import MovingTime
from tests.support.tiny_server import Reply, TinyServer, in_turn

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TEN = Quota(10, 60, 60)
Simulate = Callable[[Options], Simulator]
CALL_LOG = "*/call-log"


def records(line: Line) -> list[Any]:
    """Return the records of the last days."""
    span = Span(line.time() - timedelta(days=10), line.time())
    return list(line.client.first_page(span, line.turn()).records)


def content_uri(line: Line) -> str:
    """Return where some recording's audio is."""
    found = [recording for record in records(line) for recording in read_record(record).recordings]
    return found[0].content_uri


def test_media_in_a_group_of_their_own_spend_no_turns_of_the_call_log(
    cloud: Cloud, time: MovingTime, simulate: Simulate
) -> None:
    """Two answers tell the group and its limit; from then on each has a window of its own."""
    options = Options(
        recordings=60, days=5, quotas=quotas_with(heavy=TEN), media_group=Group.MEDIUM
    )
    simulator = simulate(options)
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    uri = content_uri(line)
    started_at = time()
    for _ in range(1 + 40):
        line.client.open(uri, offset=0, turn=line.turn(RequestKind.MEDIA))
    for _ in range(8):
        records(line)

    assert line.gates[RequestKind.MEDIA].requests_in(MINUTE) == 40
    assert line.gate.requests_in(MINUTE) == 10
    assert time() - started_at < 2 * MINUTE
    books: Any = simulator.books(sha256=False)
    assert (books["requests"]["medium"], books["throttled"]) == (41, 0)


def test_another_container_hears_of_a_group_within_a_minute(cloud: Cloud, time: MovingTime) -> None:
    """What one learnt stands in the state table; until it is read, the old group is spared."""
    table = cloud.make_table("StateTable")
    mine, theirs = (RateLimitGroups(table, cloud.dynamodb, clock=time) for _ in range(2))
    assert theirs.of(RequestKind.MEDIA) == "heavy"
    for _ in range(2):
        mine.learn(RequestKind.MEDIA, "Medium")
    time.sleep(60)

    assert theirs.of(RequestKind.MEDIA) == mine.of(RequestKind.MEDIA) == "medium"
    assert theirs.of(RequestKind.CALL_LOG) == "heavy"


@pytest.mark.parametrize("told", ["", "#heavy", "x" * 33, "a b"])
def test_what_cannot_be_a_groups_name_is_left_aside(
    told: str, cloud: Cloud, time: MovingTime
) -> None:
    """A name becomes part of an item's name, so it is judged first."""
    groups = RateLimitGroups(cloud.make_table("StateTable"), cloud.dynamodb, clock=time)
    for _ in range(2):
        groups.learn(RequestKind.MEDIA, told)

    assert groups.of(RequestKind.MEDIA) == "heavy"


def test_one_odd_answer_moves_nothing(cloud: Cloud, time: MovingTime) -> None:
    """Two in a row have to name the same group, whichever containers they came to."""
    table = cloud.make_table("StateTable")
    groups = RateLimitGroups(table, cloud.dynamodb, clock=time)
    for told in ("medium", "heavy", "light", "medium", "light", "heavy", "medium"):
        groups.learn(RequestKind.MEDIA, told)
        assert groups.of(RequestKind.MEDIA) == "heavy"
    another = RateLimitGroups(table, cloud.dynamodb, clock=time)
    another.learn(RequestKind.MEDIA, "medium")
    assert another.of(RequestKind.MEDIA) == "medium"


def test_made_up_groups_give_one_new_quota_an_hour(cloud: Cloud, time: MovingTime) -> None:
    """However many names come, and each of them twice; the way back is always open."""
    groups = RateLimitGroups(cloud.make_table("StateTable"), cloud.dynamodb, clock=time)
    seen = set()
    for name in "abcdefghijklmnopqrstuvwxyz":
        for _ in range(2):
            groups.learn(RequestKind.MEDIA, f"group-{name}")
        seen.add(groups.of(RequestKind.MEDIA))
        time.sleep(5 * 60)
    assert len(seen) == 3
    for _ in range(2):
        groups.learn(RequestKind.MEDIA, "heavy")
    assert groups.of(RequestKind.MEDIA) == "heavy"


def test_the_limit_of_an_odd_group_is_not_taken_for_ours(cloud: Cloud, time: MovingTime) -> None:
    """What is said of another group says nothing of this one."""
    told = {
        "Content-Type": "application/json",
        "X-Rate-Limit-Group": "medium",
        "X-Rate-Limit-Limit": "40",
        "X-Rate-Limit-Window": "60",
    }
    with TinyServer(in_turn(Reply(200, told, b'{"records": []}'))) as server:
        line = line_to(server.url, cloud=cloud, time=time, credentials=None)
        records(line)
        assert line.gate.requests_in(MINUTE) == 10


def test_a_limiter_of_everybody_closes_every_group(
    cloud: Cloud, time: MovingTime, simulate: Simulate
) -> None:
    """A 429 without quota headers is no user's and no group's own."""
    options = Options(recordings=3, days=5, quotas=quotas_with(heavy=TEN), media_group=Group.MEDIUM)
    simulator = simulate(options)
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    uri = content_uri(line)
    line.client.open(uri, offset=0, turn=line.turn(RequestKind.MEDIA))
    simulator.inject(Fault(path=CALL_LOG, status=429, headers={"Retry-After": "45"}, times=1))
    with pytest.raises(ThrottledError):
        records(line)

    for kind in RequestKind:
        assert line.turn(kind).at == time() + 45 * SECOND
