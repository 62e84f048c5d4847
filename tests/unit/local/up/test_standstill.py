"""When nothing moves any more: a stack that serves goes on, and one run gives up at last."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from local.up.standstill import STALLED_AFTER_S, Standing, Step, next_step, waiting_words
from local.up.stored import Tally

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PERIOD_S = 300.0
SOON, LATE, PAST = (NOW + timedelta(seconds=s) for s in (60, 3600, -60))
STALLED_S = STALLED_AFTER_S + 1


def standing(
    next_retry_at: datetime | None, *, still_s: float = 0, at_work: bool = False
) -> Standing:
    """Return how a job with three open recordings stands."""
    tally = Tally(Counter({"ARCHIVED": 5, "PENDING": 3}), 1000, next_retry_at)
    return Standing(
        tally=tally, is_idle=not at_work, is_archiving=at_work, still_s=still_s, now=NOW
    )


@pytest.mark.parametrize("next_retry_at", [None, PAST, SOON, LATE])
def test_a_stack_that_serves_never_gives_up(next_retry_at: datetime | None) -> None:
    """However long nothing moves, its schedule goes on with what is left."""
    found = next_step(standing(next_retry_at, still_s=STALLED_S), serves=True, period_s=PERIOD_S)

    assert found is Step.SERVE


@pytest.mark.parametrize(
    ("next_retry_at", "step"),
    [(LATE, Step.SERVE), (SOON, Step.GO_ON), (PAST, Step.GO_ON), (None, Step.GO_ON)],
)
def test_a_late_retry_is_left_to_the_schedule(next_retry_at: datetime | None, step: Step) -> None:
    """Only what the next scheduled run would be too late for keeps the job at work."""
    assert next_step(standing(next_retry_at), serves=True, period_s=PERIOD_S) is step


@pytest.mark.parametrize(
    ("next_retry_at", "step"),
    [(LATE, Step.GO_ON), (SOON, Step.GO_ON), (PAST, Step.GIVE_UP), (None, Step.GIVE_UP)],
)
def test_one_run_gives_up_only_when_no_retry_is_to_come(
    next_retry_at: datetime | None, step: Step
) -> None:
    """A recording that waits for its retry can still move."""
    stalled = standing(next_retry_at, still_s=STALLED_S)

    assert next_step(stalled, serves=False, period_s=PERIOD_S) is step


@pytest.mark.parametrize("serves", [True, False])
def test_while_anything_is_archived_the_job_goes_on(*, serves: bool) -> None:
    """A large recording may take longer than any bound."""
    busy = standing(LATE, still_s=STALLED_S, at_work=True)

    assert next_step(busy, serves=serves, period_s=PERIOD_S) is Step.GO_ON


def test_what_it_waits_for_is_said_with_its_time() -> None:
    """How many recordings, and when the first is tried again; nothing where none waits."""
    said = waiting_words(standing(LATE).tally, now=NOW)

    assert said == "3 recordings are not archived yet; next retry at 2026-11-20 13:00:00 UTC"
    assert waiting_words(standing(PAST).tally, now=NOW) is None
    assert waiting_words(standing(None).tally, now=NOW) is None
