"""One token for all containers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ringvault.core.errors import ConflictError, CredentialsError, ServiceUnavailableError
from ringvault.core.ringcentral.access_token import LEASE, AccessToken, SharedAccessToken
from tests.support.fakes import START, Time

HOUR = timedelta(hours=1)


@dataclass
class Store:
    """The shared token in memory."""

    token: AccessToken | None = None
    lease: datetime | None = None

    def load(self) -> AccessToken | None:
        """Return the token."""
        return self.token

    def take_lease(self, *, now: datetime, until: datetime) -> None:
        """Lease unless somebody has."""
        if self.lease is not None and self.lease >= now:
            raise ConflictError("leased")
        self.lease = until

    def leased_until(self) -> datetime | None:
        """Return when the lease ends."""
        return self.lease

    def give_back_lease(self, *, until: datetime) -> None:
        """Give back."""
        if self.lease == until:
            self.lease = None

    def save(self, token: AccessToken) -> None:
        """Store and give back."""
        self.token, self.lease = token, None

    def drop(self, token: AccessToken) -> None:
        """Forget this token only."""
        if self.token == token:
            self.token = None


@dataclass
class SignIn:
    """Mints numbered tokens."""

    time: Time
    fails_with: Exception | None = None
    minted: list[AccessToken] = field(default_factory=list)

    def __call__(self) -> AccessToken:
        """Mint."""
        if self.fails_with is not None:
            raise self.fails_with
        token = AccessToken.minted(f"token-{len(self.minted)}", at=self.time.now, lives=HOUR)
        self.minted.append(token)
        return token


def shared(store: Store, sign_in: SignIn) -> SharedAccessToken:
    """Return the token as one container sees it."""
    return SharedAccessToken(store, sign_in=sign_in, clock=sign_in.time, sleep=sign_in.time.sleep)


def test_many_containers_sign_in_once() -> None:
    """A sixth session would kill the first."""
    store, sign_in = Store(), SignIn(Time())
    tokens = {shared(store, sign_in).current() for _ in range(20)}

    assert len(tokens) == len(sign_in.minted) == 1


def test_a_token_is_replaced_well_before_its_end() -> None:
    """After nine tenths of its life."""
    store, time = Store(), Time()
    sign_in = SignIn(time)
    token = shared(store, sign_in)
    token.current()
    time.now = START + timedelta(minutes=53)
    token.current()
    assert len(sign_in.minted) == 1

    time.now = START + timedelta(minutes=54)
    token.current()
    assert len(sign_in.minted) == 2


def test_while_one_replaces_it_the_others_use_the_old_one() -> None:
    """A token that still lives is used rather than waited for."""
    time = Time()
    store, sign_in = Store(), SignIn(time)
    old = shared(store, sign_in).current()
    time.now = START + timedelta(minutes=55)
    store.take_lease(now=time.now, until=time.now + LEASE)

    assert shared(store, sign_in).current() == old
    assert time.slept_s == []


def test_without_a_token_the_others_wait_for_who_signs_in() -> None:
    """They look again and again, and do not sign in themselves."""
    time = Time()
    store, sign_in = Store(), SignIn(time)
    store.take_lease(now=time.now, until=time.now + LEASE)
    ready = AccessToken.minted("other", at=START, lives=HOUR)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if time.now >= START + timedelta(seconds=3):
            store.save(ready)

    token = SharedAccessToken(store, sign_in=sign_in, clock=time, sleep=sleep)

    assert token.current() == ready
    assert sign_in.minted == []


def test_a_sign_in_that_died_is_taken_over_when_its_lease_ends() -> None:
    """A killed container holds the others back for the lease and no longer."""
    time = Time()
    store, sign_in = Store(), SignIn(time)
    store.take_lease(now=time.now, until=time.now + LEASE)
    shared(store, sign_in).current()

    assert len(sign_in.minted) == 1
    assert START + LEASE < time.now <= START + LEASE + timedelta(seconds=1)


def test_the_wait_for_a_lease_grows_and_ends_with_it() -> None:
    """A minute of failing sign-ins does not cost a hundred writes and decryptions."""
    time = Time()
    store, sign_in = Store(), SignIn(time)
    store.take_lease(now=time.now, until=time.now + LEASE)
    shared(store, sign_in).current()

    assert time.slept_s[:5] == [0.5, 1, 2, 4, 5]
    assert max(time.slept_s) == 5
    assert time.now == START + LEASE + timedelta(milliseconds=1)


def test_a_lease_that_is_given_back_meanwhile_is_not_waited_for() -> None:
    """The next look comes at once."""
    time = Time()

    class GivenBack(Store):
        def leased_until(self) -> datetime | None:
            self.lease = None
            return None

    shared(GivenBack(lease=time.now + LEASE), SignIn(time)).current()

    assert time.slept_s == []


def test_a_refused_sign_in_keeps_the_others_from_trying_at_once() -> None:
    """While the sign-in fails nobody else sends requests either."""
    time = Time()
    store, sign_in = Store(), SignIn(time, fails_with=CredentialsError("refused"))
    with pytest.raises(CredentialsError):
        shared(store, sign_in).current()

    assert store.lease == START + LEASE


def test_a_rejected_token_is_dropped_for_all_and_minted_once() -> None:
    """Two containers that are told 401 at once cost one sign-in."""
    time = Time()
    store, sign_in = Store(), SignIn(time)
    one, two = shared(store, sign_in), shared(store, sign_in)
    rejected = one.current()
    assert two.current() == rejected
    one.drop(rejected)
    fresh = one.current()
    two.drop(rejected)

    assert two.current() == fresh
    assert len(sign_in.minted) == 2


def test_waiting_without_end_is_an_error() -> None:
    """When the lease passes from one failing container to the next, each gives up in time."""
    time = Time()
    store, sign_in = Store(), SignIn(time)

    class AlwaysLeased(Store):
        def take_lease(self, *, now: datetime, until: datetime) -> None:
            self.lease = until
            raise ConflictError("leased")

    with pytest.raises(ServiceUnavailableError):
        shared(AlwaysLeased(), sign_in).current()
    assert store.token is None


def test_a_token_never_shows_itself() -> None:
    """Whatever prints a token prints its times only."""
    assert "token-0" not in repr(AccessToken.minted("token-0", at=START, lives=HOUR))
