"""What the doctor says of expiry."""

from collections.abc import Collection
from datetime import timedelta

import pytest

from ringvault.core.operations.doctor import ExpiryRule, Level, expiry_finding, lock_finding

AUDIO = ExpiryRule("recordings/", 365, is_tagged=True)
SIDECARS = ExpiryRule("metadata/", 1, is_tagged=True)
NO_RULES = frozenset[ExpiryRule]()


def days(number: int) -> timedelta:
    """Return so many days."""
    return timedelta(days=number)


@pytest.mark.parametrize(
    ("rules", "after_days", "message"),
    [
        ({AUDIO, SIDECARS}, 365, "after 365 days"),
        (NO_RULES, 0, "never"),
        # What is neither audio nor sidecar is the owner's own matter.
        ({AUDIO, SIDECARS, ExpiryRule("reports/", 30, is_tagged=False)}, 365, "after 365 days"),
    ],
)
def test_the_bucket_is_as_the_stack_says(
    rules: Collection[ExpiryRule], after_days: int, message: str
) -> None:
    """OK tells when recordings expire."""
    found = expiry_finding(rules, after=days(after_days))

    assert (found.level, found.message) == (Level.OK, message)


@pytest.mark.parametrize(
    ("rules", "after_days", "message"),
    [
        (NO_RULES, 365, "the stack says after 365 days, the bucket never"),
        ({AUDIO}, 365, "never for its JSON"),
        ({AUDIO, SIDECARS}, 364, "the bucket after 365 days"),
        ({AUDIO, SIDECARS}, 0, "the stack says never, the bucket after 365 days"),
        ({SIDECARS}, 0, "after 1 day for its JSON"),
    ],
)
def test_another_rule_than_the_stacks_fails(
    rules: Collection[ExpiryRule], after_days: int, message: str
) -> None:
    """In either direction, for audio and for sidecars; with both numbers and a remedy."""
    found = expiry_finding(rules, after=days(after_days))

    assert found.level is Level.FAIL
    assert message in found.message
    assert found.remedy


@pytest.mark.parametrize("prefix", ["", "rec", "recordings/", "recordings/account=1/", "metadata/"])
@pytest.mark.parametrize("after_days", [0, 365])
def test_a_rule_that_asks_for_no_tag_fails(prefix: str, after_days: int) -> None:
    """It deletes what is held, on a date too, whatever the stack's own rules are."""
    own = {AUDIO, SIDECARS} if after_days else NO_RULES

    found = expiry_finding(
        {*own, ExpiryRule(prefix, None, is_tagged=False)}, after=days(after_days)
    )

    assert found.level is Level.FAIL
    assert "held" in found.message


@pytest.mark.parametrize(
    ("locked_days", "after_days", "level"),
    [
        (0, 0, Level.OK),
        (0, 30, Level.OK),
        (30, 0, Level.OK),
        (30, 30, Level.OK),
        (31, 30, Level.WARN),
    ],
)
def test_a_lock_that_outlasts_expiry_is_told(
    locked_days: int, after_days: int, level: Level
) -> None:
    """With its remedy; where nothing expires a lock may last for ever."""
    found = lock_finding(object_lock=days(locked_days), after=days(after_days))

    assert found.level is level
    assert bool(found.remedy) is (level is Level.WARN)
