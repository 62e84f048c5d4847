"""The sample through the real client, against what the simulator then really holds."""

from bisect import bisect_left
from collections.abc import Callable
from datetime import timedelta
from itertools import accumulate
from typing import Any

import pytest

from local.ringcentral.account.options import Options, Quota, quotas_with
from local.ringcentral.http.server import Simulator
from ringvault.adapters.ringcentral.rate_limit_groups import RequestKind
from ringvault.core.operations.estimate import CallLogSample, Estimate
from ringvault.core.spans import DAY
from tests.support.cloud import Cloud
from tests.support.line import LONG, line_to
from tests.support.moving_time import MovingTime

DAYS, RECORDINGS, MAX_REQUESTS = 90, 6_000, 12
Simulate = Callable[[Options], Simulator]


def growing_office() -> Callable[[float], float]:
    """Return the spread of an office that is shut at weekends and twelve times as busy now."""
    weights = [(0.05 if day % 7 in {2, 3} else 1.0) * (1.1 - day / DAYS) for day in range(DAYS)]
    passed = list(accumulate(weights, initial=0.0))

    def spread(share: float) -> float:
        met = share * passed[-1]
        day = max(1, bisect_left(passed, met))
        return (day - 1 + (met - passed[day - 1]) / weights[day - 1]) / DAYS

    return spread


def sampled(simulator: Simulator, *, cloud: Cloud, time: MovingTime, reach: timedelta) -> Estimate:
    """Return what a dozen requests tell of that time until now."""
    line = line_to(simulator.base_url, cloud=cloud, time=time)
    return CallLogSample(
        call_log=line.client,
        quota=line.gates[RequestKind.CALL_LOG],
        clock=time,
        wait=LONG,
        from_at=time() - reach,
        to_at=time(),
        max_requests=MAX_REQUESTS,
        on_read=lambda _sent: None,
    ).estimate()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("reach", [DAYS * DAY, 30 * DAY])
def test_a_sample_finds_what_the_simulator_holds(
    seed: int, reach: timedelta, simulate: Simulate, cloud: Cloud, time: MovingTime
) -> None:
    """Within a tenth, with weekends and growth, through the gate and without a 429."""
    simulator = simulate(
        Options(
            recordings=RECORDINGS,
            days=DAYS,
            seed=seed,
            spread=growing_office(),
            quotas=quotas_with(heavy=Quota(10, 60, 60)),
        )
    )
    since = time() - reach
    calls = (it for it in simulator.account.calls if it.started_at >= since)
    held = len({recording.id for call in calls for recording in call.recordings()})

    found = sampled(simulator, cloud=cloud, time=time, reach=reach)

    assert found.recordings == pytest.approx(held, rel=0.1)
    assert found.low <= held <= found.high
    books: Any = simulator.books(sha256=False)
    assert books["requests"]["heavy"] == found.requests <= MAX_REQUESTS
    assert books["throttled"] == 0
