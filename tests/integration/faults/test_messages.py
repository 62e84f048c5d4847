"""Messages that come again, or that nobody should act on: no token ever leaves the house."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.archive_recording import handler
from ringvault.adapters.clock import now
from ringvault.core.archiving.archive_recording import ArchiveOutcome
from ringvault.core.catalogue.item import State
from tests.integration.faults.aws_proxy import lost, refused
from tests.integration.faults.site import Site
from tests.support.archiver_events import NONE_FAILED, batch, message
from tests.support.deployed import CREDENTIALS, Context
from tests.support.tiny_server import Reply, TinyServer

DAY = timedelta(days=1)
NOT_OURS = 'the message is not {"recording_id": "…"}'
MALFORMED = {
    '{"recording_id": "1"': "the message is not JSON",
    '"1"': NOT_OURS,
    '{"recording_id": "1", "content_uri": "http://127.0.0.2/"}': NOT_OURS,
    '{"recording_id": "1/../2"}': "recording_id is not the id of a recording",
    '{"recording_id": null}': "recording_id is not the id of a recording",
    message("404404"): "recording 404404 is not in the catalogue",
}


@pytest.fixture
def foreign() -> Iterator[TinyServer]:
    """Run a host that is not RingCentral's and would take whatever comes."""
    with TinyServer(lambda _: Reply(headers={"Content-Type": "audio/mpeg"})) as server:
        yield server


def test_a_delivery_a_day_later_is_no_second_download(site: Site) -> None:
    """What is archived stays as it is; one look is all it costs."""
    assert site.deliver(site.small) == "archived"
    archiver = replace(site.archiver(clock=lambda: now() + DAY), deadline=now() + 2 * DAY)
    before, asked = site.deployed.item(site.small), len(site.proxy.asked)
    assert archiver(site.small).outcome is ArchiveOutcome.ALREADY_DONE
    assert site.proxy.asked[asked:] == ["GetItem"]
    assert site.deployed.item(site.small) == before
    assert site.downloads() == 1
    site.assert_archived(site.small)


def test_a_delivery_a_day_after_a_failure_is_no_second_download(site: Site) -> None:
    """What was left whole without its state is found however late the next one comes."""
    fault = refused(500, "InternalServerError")
    site.proxy.strike("UpdateItem", fault, where="object_key", times=None)
    assert site.archiver()(site.small).outcome is ArchiveOutcome.DEFERRED
    site.proxy.heal()
    archiver = replace(site.archiver(clock=lambda: now() + DAY), deadline=now() + 2 * DAY)
    assert archiver(site.small).outcome is ArchiveOutcome.FOUND_IN_VAULT
    assert site.downloads() == 1
    site.assert_archived(site.small)


def test_malformed_and_unknown_messages_are_put_aside(site: Site) -> None:
    """Each goes to the dead-letter queue with its reason; none costs a request or the batch."""
    event = batch(*MALFORMED, message(site.small))
    assert handler.lambda_handler(event, Context()) == NONE_FAILED
    assert site.deployed.dead_letters() == MALFORMED
    assert site.downloads() == 1
    site.assert_archived(site.small)


def test_a_dead_letter_whose_answer_was_lost_is_there(site: Site) -> None:
    """It may be there twice, but never not at all."""
    site.proxy.strike("SendMessage", lost)
    assert handler.lambda_handler(batch("[]"), Context()) == NONE_FAILED
    assert site.deployed.dead_letters() == {"[]": NOT_OURS}


@pytest.mark.parametrize(
    "disguise",
    [
        "{foreign}/restapi/v1.0/account/1/recording/1/content",
        "{ringcentral}@{foreign_host}/content",
        "http://{ringcentral_host}@{foreign_host}/content",
        "{foreign}\\@{ringcentral_host}/content",
        "{foreign}#@{ringcentral_host}/content",
        "//{foreign_host}/content",
        " {foreign}/content",
        "http:{foreign_host}/content",
    ],
)
def test_no_token_leaves_for_a_foreign_host(site: Site, foreign: TinyServer, disguise: str) -> None:
    """A content URI that leads elsewhere waits with its reason, however it is disguised."""
    uri = disguise.format(
        foreign=foreign.url,
        foreign_host=foreign.url.removeprefix("http://"),
        ringcentral=site.simulator.base_url,
        ringcentral_host=site.simulator.base_url.removeprefix("http://"),
    )
    site.change(site.small, "SET content_uri = :it", uri)
    assert site.deliver(site.small) == "deferred"
    item = site.deployed.item(site.small)
    assert (item.state, item.claimed_until) == (State.PENDING, None)
    assert "a URL from RingCentral leads to" in str(item.reason)
    assert foreign.seen == []
    assert site.downloads() == 0
    told = json.dumps(site.log) + str(item.reason)
    assert not [secret for secret in CREDENTIALS.values() if secret in told]
