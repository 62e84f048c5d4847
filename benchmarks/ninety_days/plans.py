"""The two runs: 90 days with all disasters, and the import of an old account."""

from datetime import timedelta

from benchmarks.ninety_days.disasters import Outage
from benchmarks.ninety_days.life import Plan
from benchmarks.ninety_days.traffic import DAY, HOUR, RECORDINGS_A_DAY, Habits
from ringvault.core.ringcentral.retention import Retention

DAY_S, HOUR_S = DAY.total_seconds(), HOUR.total_seconds()
STACK_DOWN_S, RINGCENTRAL_DOWN_S, SHARED_S = 3 * DAY_S, 6 * HOUR_S, 8 * HOUR_S
# A day until the wide look-back, three days without the stack, six hours without RingCentral, and
# time for the backlog that has gathered meanwhile.
SAVABLE_AFTER = timedelta(days=5)
DEATHS_IN_THOUSAND = 5.0
# Late files are 404 for up to 30 hours. Three or four recordings of the whole run are forbidden
# permanently: each is named by every report of its days.
HABITS = Habits(mislaid=0.5, unreadable=1.0, moved=1.0, forbidden=0.003, on_demand=5.0)
# On-demand recordings are kept two thirds as long: 60 days of 90.
ON_DEMAND_SHARE = 2 / 3
# Reports of the last weeks can find nothing missing, and so can be false.
CALM_SHARE = 0.3
# Records are rewritten within a week of their calls; a run may be three days late.
RECONCILED = timedelta(days=10)


def ninety_days(
    *, seed: int, days: float = 90, kept_days: float = 30, a_day: float = RECORDINGS_A_DAY
) -> Plan:
    """Return the plan of a busy account that keeps recordings for `kept_days`.

    It is full when the stack begins, and its limit is the number of recordings that arrive in that
    time: sometimes age deletes, sometimes number. RingCentral is down during the first backlog.
    Another program uses half of the quota for eight hours after the outage. The calls are as
    `HABITS` says, with nothing unreadable, mislaid or forbidden in the last days.
    """
    stack_down = Outage(0.2 * days * DAY_S, 0.2 * days * DAY_S + STACK_DOWN_S)
    return Plan(
        days=days,
        seed=seed,
        history=kept_days,
        savable_after=SAVABLE_AFTER,
        before_a_day=a_day,
        a_day=a_day,
        retention=_two_periods(timedelta(days=kept_days), round(a_day * kept_days)),
        ringcentral_down=Outage(0.4 * DAY_S, 0.4 * DAY_S + RINGCENTRAL_DOWN_S),
        habits=HABITS,
        calm_days=CALM_SHARE * days,
        stack_down=stack_down,
        # While the stack catches up on the missed days: it is refused again and again.
        shared=Outage(stack_down.to_s, stack_down.to_s + SHARED_S),
        deaths_in_thousand=DEATHS_IN_THOUSAND,
        reconciled=RECONCILED,
    )


def takeover(
    *, seed: int, days: float = 9, recordings: int = 100_000, left: timedelta = SAVABLE_AFTER
) -> Plan:
    """Return the plan of an account whose oldest recordings are `left` from their deletion."""
    period = Retention().period
    history = (period - left) / DAY
    # By number, too, the first ones are deleted after `left`.
    max_recordings = recordings + round(RECORDINGS_A_DAY * (left / DAY))
    return Plan(
        days=days,
        seed=seed,
        history=history,
        savable_after=left,
        before_a_day=recordings / history,
        retention=_two_periods(period, max_recordings),
        habits=Habits(on_demand=HABITS.on_demand),
    )


def _two_periods(period: timedelta, max_recordings: int) -> Retention:
    return Retention(period, max_recordings, shortest_period=ON_DEMAND_SHARE * period)
