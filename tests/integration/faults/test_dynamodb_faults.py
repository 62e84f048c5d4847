"""DynamoDB fails, or somebody else is quicker: no state ever goes backwards."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.cloudformation.transform import REGION
from ringvault.adapters.aws.session import patient_session
from ringvault.adapters.clock import now
from ringvault.core.archiving.archive_recording import CLAIM as CLAIM_LASTS
from ringvault.core.archiving.archive_recording import (
    RENEW_CLAIM_BEFORE,
    ArchiveOutcome,
    ArchiveRecording,
)
from ringvault.core.catalogue.item import State
from ringvault.core.errors import RingvaultError, ServiceUnavailableError
from ringvault.core.instants import format_instant
from tests.integration.faults.aws_proxy import (
    Action,
    damaged,
    dropped,
    lost,
    meanwhile,
    refused,
)
from tests.integration.faults.site import Site
from tests.support.moving_time import MovingTime

THROTTLED = refused(400, "ProvisionedThroughputExceededException")
INTERNAL_ERROR = refused(500, "InternalServerError")
BAD_DIGEST = refused(400, "BadDigest")
# What tells the changes of a catalogue item apart.
CLAIM, STATE, PUT_OFF = "attribute_not_exists(claimed_until)", "object_key", ":pending"
NEARLY_OVER_S = CLAIM_LASTS.total_seconds() - 20
RENEW = '"ConditionExpression": "claimed_'
QUOTA = "quota#"


@pytest.mark.parametrize(
    ("operation", "where", "action"),
    [
        ("GetItem", "", THROTTLED),
        ("GetItem", "", damaged("x-amz-crc32", "1")),
        ("PutItem", QUOTA, THROTTLED),
        ("PutItem", QUOTA, lost),
        ("UpdateItem", CLAIM, INTERNAL_ERROR),
        ("UpdateItem", STATE, THROTTLED),
        ("UpdateItem", STATE, dropped),
        ("UpdateItem", STATE, lost),
    ],
)
def test_one_failure_is_retried_at_once(
    site: Site, operation: str, where: str, action: Action
) -> None:
    """What DynamoDB refuses once is sent again in the same delivery."""
    site.proxy.strike(operation, action, where=where)
    assert site.deliver(site.small) == "archived"
    assert site.downloads() == 1
    site.assert_archived(site.small)


@pytest.mark.parametrize(
    ("operation", "where"), [("GetItem", ""), ("PutItem", QUOTA), ("UpdateItem", CLAIM)]
)
def test_without_dynamodb_nothing_is_begun(site: Site, operation: str, where: str) -> None:
    """Throttled for good before the claim, nothing is fetched, and the message comes again."""
    site.proxy.strike(operation, THROTTLED, where=where, times=None)
    with pytest.raises(ServiceUnavailableError):
        site.archiver()(site.small)
    assert site.downloads() == 0
    assert site.deliver_again(site.small) == "archived"
    site.assert_archived(site.small)


def test_a_state_that_can_not_be_written_is_found_out(site: Site) -> None:
    """When only the last write fails, the recording is put off, then found whole."""
    site.proxy.strike("UpdateItem", THROTTLED, where=STATE, times=None)
    assert site.archiver()(site.small).outcome is ArchiveOutcome.DEFERRED
    assert site.deliver_again(site.small) == "found_in_vault"
    assert site.downloads() == 1
    site.assert_archived(site.small)


def test_a_state_that_can_not_even_be_put_off_is_found_out(site: Site) -> None:
    """When DynamoDB takes no write at all any more, the message comes again and finishes."""
    for where in (STATE, PUT_OFF):
        site.proxy.strike("UpdateItem", THROTTLED, where=where, times=None)
    with pytest.raises(ServiceUnavailableError):
        site.archiver()(site.small)
    assert site.deliver_again(site.small) == "found_in_vault"
    assert site.downloads() == 1
    site.assert_archived(site.small)


def test_a_state_that_was_written_unheard_stays(site: Site) -> None:
    """ARCHIVED whose answers were all lost is not taken back by what looks like a failure."""
    site.proxy.strike("UpdateItem", lost, where=STATE, times=None)
    _whatever_comes(site.archiver(), site.small)
    site.assert_archived(site.small)
    assert site.deliver_again(site.small) == "already_done"
    assert site.downloads() == 1


def test_a_quota_that_was_changed_underneath_is_read_again(site: Site) -> None:
    """A turn that somebody else was quicker to take is followed by the next."""
    site.proxy.strike("PutItem", refused(400, "ConditionalCheckFailedException"), where=QUOTA)
    assert site.deliver(site.small) == "archived"
    assert site.downloads() == 1


def test_a_claim_that_somebody_else_got_is_left_alone(site: Site) -> None:
    """Claimed between our look and our claim, a recording is not fetched by us."""
    theirs = _soon()
    site.proxy.strike("UpdateItem", meanwhile(lambda: _claim_elsewhere(site, theirs)), where=CLAIM)
    assert site.deliver(site.small) == "claimed_elsewhere"
    assert site.downloads() == 0
    assert site.deployed.item(site.small).claimed_until == theirs


@pytest.mark.parametrize("state", [State.ARCHIVED, State.ABSENT])
def test_what_ended_before_our_claim_is_not_fetched(site: Site, state: State) -> None:
    """Ended between our look and our claim, a recording stays as it is."""
    site.proxy.strike("UpdateItem", meanwhile(lambda: _set(site, state)), where=CLAIM)
    assert site.deliver(site.small) == "claimed_elsewhere"
    assert site.downloads() == 0
    assert site.deployed.item(site.small).state is state


@pytest.mark.parametrize("state", [State.ARCHIVED, State.ABSENT])
def test_our_failure_takes_nothing_back(site: Site, state: State) -> None:
    """What came to an end while we failed does not become PENDING again."""
    site.proxy.strike("PutObject", BAD_DIGEST)
    site.proxy.strike("UpdateItem", meanwhile(lambda: _set(site, state)), where=PUT_OFF)
    _whatever_comes(site.archiver(), site.small)
    item = site.deployed.item(site.small)
    assert (item.state, item.retry_at, item.attempts) == (state, None, 0)
    assert site.deliver_again(site.small) == "already_done"


def test_our_giving_up_takes_nothing_back(site: Site) -> None:
    """What was archived while we gave it up does not become FAILED."""
    site.change(site.small, "SET content_uri = :it", "http://127.0.0.2/recording")
    site.proxy.strike("UpdateItem", meanwhile(lambda: _set(site, State.ARCHIVED)), nth=2)
    _whatever_comes(site.archiver(), site.small)
    item = site.deployed.item(site.small)
    assert (item.state, item.reason) == (State.ARCHIVED, None)


def test_the_object_is_the_proof(site: Site) -> None:
    """What another archiver found absent while we stored it is ARCHIVED."""
    site.proxy.strike("PutObject", meanwhile(lambda: _set(site, State.ABSENT)))
    assert site.deliver(site.small) == "archived"
    site.assert_archived(site.small)


def test_our_failure_after_somebody_elses_end_is_no_error(site: Site) -> None:
    """The message is done: it does not come again for nothing."""
    site.proxy.strike("PutObject", BAD_DIGEST)
    site.proxy.strike("UpdateItem", meanwhile(lambda: _set(site, State.ARCHIVED)), where=PUT_OFF)
    assert site.deliver(site.small) == "claimed_elsewhere"


def test_our_failure_leaves_a_successors_claim(site: Site) -> None:
    """Who stalled for longer than a claim and then fails does not disturb the successor."""
    theirs = _soon()
    site.proxy.strike("PutObject", BAD_DIGEST)
    site.proxy.strike(
        "UpdateItem", meanwhile(lambda: _claim_elsewhere(site, theirs)), where=PUT_OFF
    )
    _whatever_comes(site.archiver(), site.small)
    item = site.deployed.item(site.small)
    assert (item.claimed_until, item.retry_at) == (theirs, None)


def test_a_claim_outlives_the_longest_silence() -> None:
    """What is left of a claim when a part goes out covers all attempts to send it."""
    config: Any = patient_session().client("s3", region_name=REGION).meta.config
    attempts = config.retries["total_max_attempts"]
    waits_s = sum(2**retry for retry in range(attempts - 1))
    longest_s = attempts * (config.connect_timeout + config.read_timeout) + waits_s
    assert timedelta(seconds=longest_s) <= RENEW_CLAIM_BEFORE


def test_a_claim_is_renewed_while_content_comes(site: Site, time: MovingTime) -> None:
    """A transfer that takes long goes on with a longer claim."""
    site.proxy.strike("UpdateItem", meanwhile(lambda: time.sleep(NEARLY_OVER_S)), where=CLAIM)
    assert site.archiver(clock=time)(site.large).outcome is ArchiveOutcome.ARCHIVED
    assert site.proxy.asked.count("UpdateItem") > 3
    site.assert_archived(site.large)


def test_a_claim_that_was_lost_ends_the_transfer(site: Site, time: MovingTime) -> None:
    """Whose claim somebody else took stores nothing, and leaves the other's claim."""
    theirs = _soon()
    site.proxy.strike("UpdateItem", meanwhile(lambda: time.sleep(NEARLY_OVER_S)), where=CLAIM)
    site.proxy.strike("UpdateItem", meanwhile(lambda: _claim_elsewhere(site, theirs)), where=RENEW)
    assert site.archiver(clock=time)(site.small).outcome is ArchiveOutcome.CLAIMED_ELSEWHERE
    assert site.deployed.object_keys() == []
    assert site.open_uploads() == []
    assert site.deployed.item(site.small).claimed_until == theirs
    assert site.deliver_again(site.small) == "archived"
    site.assert_archived(site.small)


def test_a_claim_whose_answer_was_lost_is_ours(site: Site) -> None:
    """The repeated claim meets itself: the recording is fetched, no turn is wasted."""
    site.proxy.strike("UpdateItem", lost, where=CLAIM)
    assert site.deliver(site.small) == "archived"


def test_a_renewal_whose_answer_was_lost_is_ours(site: Site, time: MovingTime) -> None:
    """The repeated renewal meets itself: the transfer goes on."""
    site.proxy.strike("UpdateItem", meanwhile(lambda: time.sleep(NEARLY_OVER_S)), where=CLAIM)
    site.proxy.strike("UpdateItem", lost, where=RENEW)
    assert site.archiver(clock=time)(site.small).outcome is ArchiveOutcome.ARCHIVED


def test_a_claim_that_was_taken_for_anothers_is_not_lost(site: Site) -> None:
    """Whatever becomes of a claim whose answer was lost, the recording is archived in the end."""
    site.proxy.strike("UpdateItem", lost, where=CLAIM)
    site.deliver(site.small)
    assert site.deliver_again(site.small) in {"archived", "already_done"}
    site.assert_archived(site.small)


def _set(site: Site, state: State) -> None:
    site.change(site.small, "SET #state = :it REMOVE claimed_until", state)


def _soon() -> datetime:
    return (now() + timedelta(minutes=2)).replace(microsecond=0)


def _claim_elsewhere(site: Site, until: datetime) -> None:
    site.change(site.small, "SET claimed_until = :it, claimed_by = :it", format_instant(until))


def _whatever_comes(archiver: ArchiveRecording, recording_id: str) -> None:
    """Archive; whether it returns or raises is another test's question."""
    with suppress(RingvaultError):
        archiver(recording_id)
