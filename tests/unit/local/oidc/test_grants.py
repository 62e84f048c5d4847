"""What the local issuer hands out is good for so long and no longer."""

import pytest

from local.oidc.authorization import Authorization
from local.oidc.grants import Grant, Grants

GRANT = Grant("agent", Authorization(state="s", challenge="c" * 43, nonce=None))


class Clock:
    """Counts the seconds that the test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


def test_code_is_good_once(clock: Clock) -> None:
    """A code gives what it stands for, and nothing the second time."""
    grants = Grants(now=clock)
    code = grants.code_for(GRANT)

    assert [grants.redeem(code), grants.redeem(code)] == [GRANT, None]


@pytest.mark.parametrize(("after_s", "found"), [(59, GRANT), (60, None)])
def test_code_is_good_for_a_minute(clock: Clock, after_s: int, found: Grant | None) -> None:
    """After a minute a code is nothing."""
    grants = Grants(now=clock)
    code = grants.code_for(GRANT)
    clock.now = after_s

    assert grants.redeem(code) == found


@pytest.mark.parametrize(("after_s", "found"), [(86_399, "agent"), (86_400, None)])
def test_refresh_token_is_good_for_a_day(clock: Clock, after_s: int, found: str | None) -> None:
    """A refresh token can be used again and again, for a day."""
    grants = Grants(now=clock)
    refresh_token = grants.refresh_token_for("agent")
    clock.now = after_s

    assert [grants.user_of(refresh_token), grants.user_of(refresh_token)] == [found, found]


def test_what_was_never_handed_out_is_nothing(clock: Clock) -> None:
    """A guess finds nothing, at no time."""
    grants = Grants(now=clock)

    assert (grants.redeem("guess"), grants.user_of("guess")) == (None, None)
