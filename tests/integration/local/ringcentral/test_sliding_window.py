"""The quota's window and penalty, with time as a number."""

from hypothesis import given
from hypothesis import strategies as st

from local.ringcentral.account.options import Quota
from local.ringcentral.limits.sliding_window import SlidingWindow


def _granted(window: SlidingWindow, *instants_s: float) -> list[bool]:
    return [window.request(now_s=now_s).granted for now_s in instants_s]


def test_grants_the_limit_and_refuses_one_more() -> None:
    """Within a window the limit is granted, the next request refused."""
    assert _granted(SlidingWindow(Quota(2, 60, 60)), 0, 59, 59.9) == [True, True, False]


def test_window_slides() -> None:
    """A grant stops counting exactly one window after its instant, not at a full minute."""
    assert _granted(SlidingWindow(Quota(2, 60, 60)), 0, 30, 60, 90) == [True, True, True, True]


def test_every_request_during_the_penalty_restarts_it() -> None:
    """Requests each 59 s after the first refusal are refused for ever."""
    window = SlidingWindow(Quota(1, 10, 60))
    assert _granted(window, 0, 1, 60, 119, 178) == [True, False, False, False, False]
    assert _granted(window, 238) == [True]


def test_remaining_and_retry_after() -> None:
    """Remaining counts down to 0; a refusal says how long to stay away."""
    window = SlidingWindow(Quota(2, 60, 45))
    verdicts = [window.request(now_s=0) for _ in range(3)]
    assert [verdict.remaining for verdict in verdicts] == [1, 0, 0]
    assert [verdict.retry_after_s for verdict in verdicts] == [0, 0, 45]


@given(
    gaps=st.lists(st.floats(0, 40), max_size=60),
    limit=st.integers(1, 5),
    penalty_s=st.integers(0, 90),
)
def test_no_window_ever_holds_more_grants_than_the_limit(
    gaps: list[float], limit: int, penalty_s: int
) -> None:
    """Whatever the arrivals, limit + 1 grants never lie within one window."""
    window, now_s, grants = SlidingWindow(Quota(limit, 60, penalty_s)), 0.0, []
    for gap in gaps:
        now_s += gap
        if window.request(now_s=now_s).granted:
            grants.append(now_s)
    for first, beyond in zip(grants, grants[limit:], strict=False):
        assert beyond - first > 60 - 1e-6
