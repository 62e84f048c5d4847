"""An archiver dies at any line, or two work at once: one object, nothing fetched in vain."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from ringvault.adapters.dynamodb.token_store import DynamoDBTokenStore
from ringvault.core.ringcentral.access_token import LEASE, SharedAccessToken
from tests.integration.faults.aws_proxy import WAIT_S, Action, Exchange, Victim, meanwhile
from tests.integration.faults.children import begun, ended
from tests.integration.faults.site import Site
from tests.support.archiver_events import batch, message
from tests.support.line import line_to
from tests.support.moving_time import MovingTime

CLAIM, STATE, QUOTA = "attribute_not_exists(claimed_until)", "object_key", "quota#"
LEASED, SAVED = ("UpdateItem", "lease_until_ms"), ("PutItem", "fingerprint")
AUDIO, SIDECAR = "/recordings/", "/metadata/"
COMPLETE = "CompleteMultipartUpload"
KILLED = -9

Death = Callable[[Victim, Exchange], None]
At = tuple[str, str]


def outcome_in(log: Path) -> str:
    """Return the outcome that a process logged."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    (line,) = (line for line in lines if line.get("message") == "archive_recording")
    return str(line["outcome"])


@pytest.mark.parametrize(
    ("size", "at", "death", "then", "downloads"),
    [
        ("small", ("PutItem", QUOTA), Victim.dies_after, "archived", 1),
        ("small", ("UpdateItem", CLAIM), Victim.dies_before, "archived", 1),
        ("small", ("UpdateItem", CLAIM), Victim.dies_after, "archived", 1),
        ("small", ("PutObject", AUDIO), Victim.dies_before, "archived", 2),
        ("small", ("PutObject", AUDIO), Victim.dies_after, "found_in_vault", 1),
        ("small", ("PutObject", SIDECAR), Victim.dies_before, "found_in_vault", 1),
        ("small", ("PutObject", SIDECAR), Victim.dies_after, "found_in_vault", 1),
        ("small", ("UpdateItem", STATE), Victim.dies_before, "found_in_vault", 1),
        ("small", ("UpdateItem", STATE), Victim.dies_after, "already_done", 1),
        ("large", ("CreateMultipartUpload", ""), Victim.dies_after, "archived", 2),
        ("large", ("UploadPart", "partNumber=1"), Victim.dies_after, "archived", 2),
        ("large", ("UploadPart", "partNumber=2"), Victim.dies_after, "archived", 2),
        ("large", (COMPLETE, ""), Victim.dies_before, "archived", 2),
        ("large", (COMPLETE, ""), Victim.dies_after, "found_in_vault", 1),
    ],
)
def test_the_next_delivery_finds_out_and_finishes(
    site: Site, tmp_path: Path, death: Death, *, size: str, at: At, then: str, downloads: int
) -> None:
    """Killed anywhere, a recording is finished by the next archiver, and fetched only if needed."""
    recording_id, victim = getattr(site, size), Victim()
    operation, where = at
    site.proxy.strike(operation, _of(victim, death), where=where)
    child = begun(batch(message(recording_id)), environ=site.environ, log=tmp_path / "log")
    victim.pid.set_result(child.pid)
    assert ended(child) == KILLED
    assert site.deliver_again(recording_id) == then
    assert site.downloads() == downloads
    site.assert_archived(recording_id)


@pytest.mark.parametrize(
    ("at", "death", "sign_ins"),
    [(LEASED, Victim.dies_after, 1), (SAVED, Victim.dies_before, 2)],
    ids=["before it signs in", "before it shares the token"],
)
def test_who_dies_signing_in_holds_the_others_back_for_the_lease(
    site: Site, tmp_path: Path, *, at: At, death: Death, sign_ins: int
) -> None:
    """The next one signs in when the lease is over; its token archives the recording."""
    victim = Victim()
    operation, where = at
    site.proxy.strike(operation, _of(victim, death), where=where)
    child = begun(batch(message(site.small)), environ=site.environ, log=tmp_path / "log")
    victim.pid.set_result(child.pid)
    assert ended(child) == KILLED
    site.proxy.heal()
    waited = _next_sign_in(site)
    assert LEASE / 2 < waited < LEASE + timedelta(seconds=2)
    assert site.deliver_again(site.small) == "archived"
    books: Any = site.simulator.books(sha256=False)
    assert (books["tokensMinted"], site.downloads()) == (sign_ins, 1)
    site.assert_archived(site.small)


def _next_sign_in(site: Site) -> timedelta:
    """Get a token as the next container does; return how long it had to wait."""
    cloud, time = site.deployed.cloud, MovingTime()
    store = DynamoDBTokenStore(
        site.deployed["STATE_TABLE"],
        cloud.dynamodb,
        kms=cloud.kms,
        key_arn=site.deployed["ACCESS_TOKEN_KEY_ARN"],
        service_user="1",
    )
    sign_in = line_to(site.simulator.base_url, cloud=cloud, time=time).sign_in
    SharedAccessToken(store, sign_in=sign_in, clock=time, sleep=time.sleep).current()
    return timedelta(seconds=time.slept_s)


def test_two_deliveries_at_once_are_one_download(site: Site, tmp_path: Path) -> None:
    """Of two archivers that ask for the claim in the same instant one gets it."""
    both = Barrier(2, timeout=WAIT_S)
    site.proxy.strike("UpdateItem", meanwhile(both.wait), where=CLAIM, times=2)
    logs = [tmp_path / "one", tmp_path / "other"]
    event = batch(message(site.small))
    children = [begun(event, environ=site.environ, log=log) for log in logs]
    assert [ended(child) for child in children] == [0, 0]
    assert sorted(map(outcome_in, logs)) == ["archived", "claimed_elsewhere"]
    assert site.downloads() == 1
    site.assert_archived(site.small)


def test_a_delivery_during_the_download_leaves_it_alone(site: Site, tmp_path: Path) -> None:
    """A second archiver neither fetches nor aborts what the first is about to store."""
    begins, ends = Event(), Event()

    def stay() -> None:
        begins.set()
        ends.wait(WAIT_S)

    site.proxy.strike("UploadPart", meanwhile(stay))
    log = tmp_path / "log"
    child = begun(batch(message(site.large)), environ=site.environ, log=log)
    assert begins.wait(WAIT_S)
    assert site.deliver(site.large) == "claimed_elsewhere"
    ends.set()
    assert ended(child) == 0
    assert outcome_in(log) == "archived"
    assert site.downloads() == 1
    site.assert_archived(site.large)


def _of(victim: Victim, death: Death) -> Action:
    return lambda exchange: death(victim, exchange)
