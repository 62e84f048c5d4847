"""One access token for all containers.

RingCentral ends older tokens when one user has more than five sessions, and permits five
sign-ins a minute: so the container with a short lease signs in, and the others use its token.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ringvault.core.errors import ConflictError, ServiceUnavailableError
from ringvault.core.instants import Clock, Sleep

# Longer than a sign-in takes, timeouts included. A failed sign-in keeps its lease: until it
# ends no other container tries, as RingCentral asks.
LEASE = timedelta(seconds=40)
# A sign-in takes about a second. The wait doubles from try to try, since each one costs a write
# and, where an old token is stored, a decryption; the last one is at the end of the lease.
FIRST_WAIT_S, MAX_WAIT_S = 0.5, 5.0
# A lease is still valid in its last millisecond.
_AFTER_LEASE_S = 0.001
# A token is used until shortly before its end, and replaced well before.
LAST_USE_BEFORE_END = timedelta(seconds=30)
USED_SHARE_OF_LIFE = 0.9


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token; its value is never shown."""

    value: str = field(repr=False)
    refresh_at: datetime
    expires_at: datetime

    @classmethod
    def minted(cls, value: str, *, at: datetime, lives: timedelta) -> "AccessToken":
        """Return the token that was issued at `at` for `lives`."""
        return cls(value, refresh_at=at + lives * USED_SHARE_OF_LIFE, expires_at=at + lives)

    def is_usable(self, now: datetime) -> bool:
        """Whether RingCentral will still accept it when it arrives."""
        return now < self.expires_at - min(LAST_USE_BEFORE_END, self.expires_at - self.refresh_at)

    def is_fresh(self, now: datetime) -> bool:
        """Whether it is too early to replace it."""
        return now < self.refresh_at


class TokenStore(Protocol):
    """Where the containers share the token."""

    def load(self) -> AccessToken | None:
        """Return the token, None where there is none."""

    def take_lease(self, *, now: datetime, until: datetime) -> None:
        """Become the only one who signs in until `until`; ConflictError if there is one."""

    def leased_until(self) -> datetime | None:
        """Return when the lease ends or ended, None if it was given back or never taken."""

    def give_back_lease(self, *, until: datetime) -> None:
        """Give back the lease that was taken until `until`; does nothing if it is over."""

    def save(self, token: AccessToken) -> None:
        """Store the token and give the lease back."""

    def drop(self, token: AccessToken) -> None:
        """Delete the token if it is still the stored one."""


class SharedAccessToken:
    """The token that every request uses."""

    def __init__(
        self,
        store: TokenStore,
        *,
        sign_in: Callable[[], AccessToken],
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._store = store
        self._sign_in = sign_in
        self._clock = clock
        self._sleep = sleep
        self._held: AccessToken | None = None

    def current(self) -> AccessToken:
        """Return a usable token; signs in unless another container does.

        Raises:
            CredentialsError: RingCentral refuses the sign-in.
            ServiceUnavailableError: no container got a token within the time of a lease.
        """
        if self._held is None or not self._held.is_fresh(self._clock()):
            self._held = self._shared_or_new()
        return self._held

    def drop(self, token: AccessToken) -> None:
        """Drop a token that RingCentral rejected, here and for all containers."""
        self._held = None
        self._store.drop(token)

    def _shared_or_new(self) -> AccessToken:
        give_up_at = self._clock() + LEASE + timedelta(seconds=5)
        max_wait_s = FIRST_WAIT_S
        while self._clock() < give_up_at:
            stored = self._store.load()
            if stored is not None and stored.is_fresh(self._clock()):
                return stored
            lease_until = self._clock() + LEASE
            try:
                self._store.take_lease(now=self._clock(), until=lease_until)
            except ConflictError:
                if stored is not None and stored.is_usable(self._clock()):
                    return stored
                self._wait_for_lease(max_wait_s)
                max_wait_s = min(2 * max_wait_s, MAX_WAIT_S)
            else:
                return self._unless_overtaken(lease_until)
        raise ServiceUnavailableError("no access token: another container's sign-in did not end")

    def _wait_for_lease(self, max_wait_s: float) -> None:
        """Wait until the lease ends, but no longer than `max_wait_s`."""
        leased_until = self._store.leased_until()
        if leased_until is None:
            return  # given back meanwhile
        left_s = (leased_until - self._clock()).total_seconds() + _AFTER_LEASE_S
        self._sleep(min(max(left_s, _AFTER_LEASE_S), max_wait_s))

    def _unless_overtaken(self, lease_until: datetime) -> AccessToken:
        """Sign in, unless another container did between the check and the lease."""
        stored = self._store.load()
        if stored is not None and stored.is_fresh(self._clock()):
            self._store.give_back_lease(until=lease_until)
            return stored
        token = self._sign_in()
        self._store.save(token)
        return token
