"""One access token for all containers, in the state table and under a key of the stack's own."""

import base64
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from botocore.stub import Stubber

from ringvault.adapters.dynamodb.token_store import DynamoDBTokenStore
from ringvault.core.errors import (
    ConflictError,
    CredentialsError,
    RingvaultError,
)
from ringvault.core.ringcentral.access_token import LEASE, AccessToken, SharedAccessToken
from tests.support.cloud import Cloud
from tests.support.moving_time import MovingTime

HOUR = timedelta(hours=1)
CONTAINERS = 8
LOOK_AGAIN_S = 0.01
WAIT_MOST_S = 10


@dataclass
class Stage:
    """Containers that share one token, and the sign-ins that they made."""

    cloud: Cloud
    table: str
    key_arn: str
    time: MovingTime
    sign_ins: list[str] = field(default_factory=list)

    def store(self, service_user: str = "1") -> DynamoDBTokenStore:
        """Return the store as one container has it."""
        return DynamoDBTokenStore(
            self.table,
            self.cloud.dynamodb,
            kms=self.cloud.kms,
            key_arn=self.key_arn,
            service_user=service_user,
        )

    def minted(self) -> AccessToken:
        """Sign in."""
        self.sign_ins.append("signed in")
        value = f"canary-token-{len(self.sign_ins)}"
        return AccessToken.minted(value, at=self.time(), lives=HOUR)

    def shared(
        self,
        sign_in: Callable[[], AccessToken] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> SharedAccessToken:
        """Return the token as one container sees it."""
        return SharedAccessToken(
            self.store(),
            sign_in=sign_in or self.minted,
            clock=self.time,
            sleep=sleep or self.time.sleep,
        )


@pytest.fixture
def stage(cloud: Cloud, state_table: str, time: MovingTime) -> Stage:
    """Return a stage without a token."""
    return Stage(cloud, state_table, cloud.key_arn, time)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Run containers side by side."""
    with ThreadPoolExecutor(CONTAINERS) as running:
        yield running


def values(pool: ThreadPoolExecutor, containers: list[SharedAccessToken]) -> list[AccessToken]:
    """Return what every container gets when all ask at once."""
    start = threading.Barrier(len(containers))

    def current(container: SharedAccessToken) -> AccessToken:
        start.wait(timeout=10)
        return container.current()

    return list(pool.map(current, containers, timeout=30))


def waiting_containers(stage: Stage) -> list[SharedAccessToken]:
    """Return containers for which, while they wait for another's sign-in, time stands still."""
    never = threading.Event()
    give_up_at_s = monotonic() + WAIT_MOST_S

    def wait(_: float) -> None:
        never.wait(LOOK_AGAIN_S)
        assert monotonic() < give_up_at_s, "nobody signs in, and nobody may"

    return [stage.shared(sleep=wait) for _ in range(CONTAINERS)]


def test_a_token_comes_back_as_it_was_saved(stage: Stage) -> None:
    """Value and instants survive the table to the millisecond."""
    assert stage.store().load() is None
    token = stage.minted()
    stage.store().save(token)
    assert stage.store().load() == token


def test_the_table_does_not_hold_the_token(stage: Stage) -> None:
    """Whoever reads the table without the key has ciphertext only."""
    token = stage.minted()
    stage.store().save(token)
    stored = repr(stage.cloud.dynamodb.scan(TableName=stage.table)["Items"])
    assert "ciphertext" in stored
    assert token.value not in stored
    assert base64.b64encode(token.value.encode()).decode() not in stored


def test_a_token_is_bound_to_its_service_user(stage: Stage) -> None:
    """Ciphertext that was moved to another user's item is not accepted there."""
    stage.store().save(stage.minted())
    (item,) = stage.cloud.dynamodb.scan(TableName=stage.table)["Items"]
    stage.cloud.dynamodb.put_item(
        TableName=stage.table, Item={**item, "name": {"S": "access_token#2"}}
    )
    with suppress(RingvaultError):
        assert stage.store("2").load() is None


def test_a_token_under_a_lost_key_is_no_token(stage: Stage) -> None:
    """After the key was replaced, the next container signs in anew."""
    stage.store().save(stage.minted())
    kms = stage.cloud.own_client("kms")
    with Stubber(kms) as stub:
        # moto refuses another key as if the role might not use it.
        stub.add_client_error("decrypt", "IncorrectKeyException")
        assert replace(stage, cloud=replace(stage.cloud, kms=kms)).store().load() is None


class Overtaken:
    """A store whose container is overtaken between its look at the token and its lease."""

    def __init__(self, store: DynamoDBTokenStore, overtake: Callable[[], object]) -> None:
        self._store = store
        self._overtake = overtake
        self.load = store.load
        self.save = store.save
        self.drop = store.drop
        self.give_back_lease = store.give_back_lease
        self.leased_until = store.leased_until

    def take_lease(self, **arguments: Any) -> None:
        """Let the other sign in first."""
        self._overtake()
        self._store.take_lease(**arguments)


def test_who_was_overtaken_does_not_sign_in_again(stage: Stage) -> None:
    """A container that saw no token, and gets the lease after another's sign-in, uses that."""
    late = SharedAccessToken(
        Overtaken(stage.store(), stage.shared().current),
        sign_in=stage.minted,
        clock=stage.time,
        sleep=stage.time.sleep,
    )
    assert late.current().value == "canary-token-1"
    assert len(stage.sign_ins) == 1
    # The lease is given back: whoever has to replace the token next need not wait for its end.
    stage.store().take_lease(now=stage.time(), until=stage.time() + LEASE)


def test_many_containers_sign_in_once(stage: Stage, pool: ThreadPoolExecutor) -> None:
    """Eight containers that start at once get the same token from one sign-in."""
    tokens = values(pool, waiting_containers(stage))
    assert len(stage.sign_ins) == 1
    assert {token.value for token in tokens} == {"canary-token-1"}


def test_a_rejected_token_is_replaced_once(stage: Stage, pool: ThreadPoolExecutor) -> None:
    """Eight containers that met the same 401 drop the token and sign in once together."""
    containers = waiting_containers(stage)
    tokens = values(pool, containers)
    for container, token in zip(containers, tokens, strict=True):
        container.drop(token)
    again = values(pool, containers)
    assert len(stage.sign_ins) == 2
    assert {token.value for token in again} == {"canary-token-2"}


def test_a_late_drop_leaves_the_new_token(stage: Stage) -> None:
    """Who drops what somebody has replaced already does not drop the replacement."""
    early, late = stage.shared(), stage.shared()
    old = early.current()
    assert late.current() == old
    early.drop(old)
    stage.time.sleep(1)
    new = early.current()
    late.drop(old)
    assert late.current() == new
    assert len(stage.sign_ins) == 2


def test_a_token_is_used_without_asking_until_it_is_to_be_replaced(stage: Stage) -> None:
    """A container signs in anew a while before the token ends, and not before."""
    container = stage.shared()
    container.current()
    stage.time.sleep(0.89 * 3600)
    container.current()
    assert len(stage.sign_ins) == 1
    stage.time.sleep(0.02 * 3600)
    assert container.current().expires_at == stage.time() + HOUR
    assert len(stage.sign_ins) == 2


def test_the_lease_is_one_containers(stage: Stage) -> None:
    """Nobody else may sign in until the lease is over or given back."""
    now = stage.time()
    assert stage.store().leased_until() is None
    stage.store().take_lease(now=now, until=now + LEASE)
    assert stage.store().leased_until() == now + LEASE
    with pytest.raises(ConflictError):
        stage.store().take_lease(now=now + LEASE, until=now + 2 * LEASE)
    after = now + LEASE + timedelta(milliseconds=1)
    stage.store().take_lease(now=after, until=after + LEASE)
    stage.store().save(stage.minted())
    stage.store().take_lease(now=after, until=after + LEASE)


def test_while_another_signs_in_the_old_token_does(stage: Stage) -> None:
    """A token that is due for replacement but still good is used meanwhile."""
    old = stage.shared().current()
    stage.time.sleep(0.95 * 3600)
    stage.store().take_lease(now=stage.time(), until=stage.time() + LEASE)
    assert stage.shared().current() == old


def test_a_dead_containers_lease_ends(stage: Stage) -> None:
    """A container that died while it signed in delays the others by its lease only."""
    stage.store().take_lease(now=stage.time(), until=stage.time() + LEASE)
    assert stage.shared().current().value == "canary-token-1"
    assert LEASE.total_seconds() < stage.time.slept_s < LEASE.total_seconds() + 5


def test_a_refused_sign_in_is_not_repeated_at_once(stage: Stage) -> None:
    """After wrong credentials nobody signs in until the lease is over."""
    attempts: list[str] = []

    def refused() -> AccessToken:
        attempts.append("tried")
        raise CredentialsError("wrong")

    with pytest.raises(CredentialsError):
        stage.shared(refused).current()
    with pytest.raises(CredentialsError):
        stage.shared(refused).current()
    assert len(attempts) == 2
    assert stage.time.slept_s > LEASE.total_seconds()
