"""The catalogue in a table as template.yaml defines it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from ringvault.adapters.dynamodb import catalogue as catalogue_table
from ringvault.adapters.dynamodb.batches import MAX_ROUNDS, put_batches
from ringvault.adapters.dynamodb.catalogue import CatalogueItems, CatalogueTable
from ringvault.core.catalogue.item import CatalogueItem, State
from ringvault.core.errors import ConflictError, ServiceUnavailableError, UnreadableItemError
from ringvault.core.listing.feed import Candidate, Losses
from tests.support.cloud import Cloud
from tests.support.recordings import NOW, STARTED_AT, archived_of, recording_of

MINUTE = timedelta(minutes=1)
Candidates = dict[str, Candidate]


def listed(catalogue: CatalogueTable, recording_id: str, **changes: Any) -> CatalogueItem:
    """Add a recording and return its item."""
    catalogue.add_new([recording_of(recording_id, **changes)], listed_at=NOW)
    return found(catalogue, recording_id)


def another(catalogue: CatalogueTable) -> CatalogueTable:
    """Return the same catalogue as another archiver has it."""
    return CatalogueTable(catalogue._items.table, catalogue._items.client)


def found(catalogue: CatalogueTable, recording_id: str) -> CatalogueItem:
    """Return the item of a recording that is there."""
    item = catalogue.find(recording_id)
    assert item is not None
    return item


def candidates(
    catalogue: CatalogueTable, *, max_items: int = 100, now: datetime = NOW
) -> Candidates:
    """Return what the feed sees, by id; none of it is damaged."""
    found = catalogue.candidates(max_items=max_items, now=now)
    return {it.recording_id: it for it in found if isinstance(it, Candidate)}


def candidate(catalogue: CatalogueTable, recording_id: str) -> Candidate:
    """Return what the feed sees of a recording."""
    return candidates(catalogue)[recording_id]


@pytest.mark.parametrize(
    "changes", [{}, {"duration_s": None, "extension_id": None}], ids=["whole", "least"]
)
def test_an_added_recording_is_found_as_it_was_listed(
    catalogue: CatalogueTable, changes: dict[str, Any]
) -> None:
    """Every field of a recording survives the table, absent ones included."""
    recording = recording_of("1", **changes)
    assert catalogue.add_new([recording], listed_at=NOW) == 1
    assert found(catalogue, "1") == CatalogueItem(recording, State.PENDING, listed_at=NOW)


def test_an_unknown_id_is_not_found(catalogue: CatalogueTable) -> None:
    """An id that was never listed has no item."""
    assert catalogue.find("404") is None


def test_what_is_known_stays_as_it_is(catalogue: CatalogueTable) -> None:
    """A recording that is listed again is not counted, and not set back."""
    item = listed(catalogue, "1")
    catalogue.set_archived("1", archived_of(item.recording))
    again = [recording_of("1", duration_s=999), recording_of("2")]
    assert catalogue.add_new(again, listed_at=NOW + MINUTE) == 1
    assert found(catalogue, "1").state is State.ARCHIVED
    assert found(catalogue, "1").recording.duration_s == 61


def test_more_recordings_than_one_read_takes(catalogue: CatalogueTable) -> None:
    """A page with more recordings than BatchGetItem's 100 keys is added whole, and once."""
    recordings = [recording_of(str(number)) for number in range(120)]
    assert catalogue.add_new(recordings[:110], listed_at=NOW) == 110
    assert catalogue.unlisted(recordings) == tuple(recordings[110:])
    assert catalogue.add_new(recordings, listed_at=NOW) == 10


def test_nothing_to_add(catalogue: CatalogueTable) -> None:
    """A page without recordings adds nothing and asks nothing of the table."""
    assert catalogue.unlisted([]) == ()
    assert catalogue.add_new([], listed_at=NOW) == 0


def test_unread_keys_are_asked_for_again(cloud: Cloud) -> None:
    """A BatchGetItem that leaves keys unread is repeated for those, up to a bound."""
    client = cloud.own_client("dynamodb")
    unread: Any = {
        "Responses": {},
        "UnprocessedKeys": {"t": {"Keys": [{"recording_id": {"S": "1"}}]}},
    }
    read: Any = {"Responses": {"t": [{"recording_id": {"S": "1"}}]}, "UnprocessedKeys": {}}
    with Stubber(client) as stub:
        for response in (unread, read):
            stub.add_response("batch_get_item", response)
        assert CatalogueTable("t", client).unlisted([recording_of("1")]) == ()
        for _ in range(MAX_ROUNDS):
            stub.add_response("batch_get_item", unread)
        with pytest.raises(ServiceUnavailableError, match="throttled"):
            CatalogueTable("t", client).unlisted([recording_of("1")])


def test_a_refused_write_costs_itself_only(catalogue: CatalogueTable) -> None:
    """An item that is too large, here by its URI: the others are added, and it is named."""
    too_large = recording_of("3", content_uri="x" * 500_000)
    recordings = [recording_of("1"), too_large, recording_of("2")]
    assert catalogue.add_new(recordings, listed_at=NOW) == 2
    assert catalogue.take_refused() == ("3",)
    assert catalogue.take_refused() == ()
    assert catalogue._items.known(["1", "2", "3"]) == {"1", "2"}


def test_what_a_cancelled_transaction_refuses_is_left_out_of_the_next(cloud: Cloud) -> None:
    """AWS says for each write why: one that is refused for good is not tried again."""
    client = cloud.own_client("dynamodb")
    reasons = [{"Code": "None"}, {"Code": "ValidationError"}, {"Code": "ConditionalCheckFailed"}]
    catalogue = CatalogueTable("t", client)
    with Stubber(client) as stub:
        stub.add_client_error(
            "transact_write_items",
            "TransactionCanceledException",
            modeled_fields={"CancellationReasons": reasons},
        )
        stub.add_response("transact_write_items", {})
        added = catalogue.add_new([recording_of(it) for it in "123"], listed_at=NOW)
    assert (added, catalogue.take_refused()) == (1, ("2",))


def test_a_refused_put_of_a_batch_costs_itself_only(cloud: Cloud) -> None:
    """DynamoDB refuses the batch whole and does not say which: each is put by itself."""
    table = cloud.make_table("CatalogueTable")
    items = [{"recording_id": {"S": it}, "note": {"S": "x"}} for it in "123"]
    items[1]["note"] = {"S": "x" * 500_000}
    assert put_batches(cloud.dynamodb, table, items) == [items[1]]
    assert CatalogueItems(table, cloud.dynamodb).known(["1", "2", "3"]) == {"1", "3"}


def test_a_recording_is_listed_however_long_its_record_is(catalogue: CatalogueTable) -> None:
    """A call of a thousand legs does not fit an item as text, and is still not lost."""
    legs = [{"legType": "Accept", "extension": {"id": str(number)}} for number in range(10_000)]
    item = listed(catalogue, "1", call_record={"legs": legs})
    assert item.recording.call_record == {"legs": legs}


def test_candidates_from_both_ends(catalogue: CatalogueTable) -> None:
    """The feed sees the oldest and the newest PENDING, and every QUEUED."""
    for number in range(6):
        listed(catalogue, str(number), started_at=STARTED_AT + number * MINUTE)
    for number in (2, 3):
        catalogue.mark_queued([candidate(catalogue, str(number))], queued_at=NOW)
    seen = {name: it.state for name, it in candidates(catalogue, max_items=1).items()}
    assert seen == {
        "0": State.PENDING,
        "5": State.PENDING,
        "2": State.QUEUED,
        "3": State.QUEUED,
    }


def test_what_has_ended_is_no_candidate(catalogue: CatalogueTable) -> None:
    """ARCHIVED, ABSENT and FAILED are never fed."""
    items = [listed(catalogue, str(number)) for number in range(3)]
    catalogue.set_archived("0", archived_of(items[0].recording))
    catalogue.end(items[1], state=State.ABSENT, reason="gone", attempts=1)
    catalogue.end(items[2], state=State.FAILED, reason="no audio", attempts=12)
    assert not list(catalogue.candidates(max_items=100, now=NOW))


def test_a_deferred_recording_is_a_candidate_when_its_time_has_come(
    catalogue: CatalogueTable,
) -> None:
    """What is to be tried later takes nobody's place until then."""
    item = listed(catalogue, "1")
    catalogue.defer(item, retry_at=NOW + MINUTE, reason="404", attempts=1)
    listed(catalogue, "2", started_at=STARTED_AT + MINUTE)
    early = set(candidates(catalogue, max_items=1))
    late = set(candidates(catalogue, max_items=1, now=NOW + MINUTE))
    assert (early, late) == ({"2"}, {"1", "2"})


def test_candidates_carry_what_the_feed_decides_by(catalogue: CatalogueTable) -> None:
    """The index tells when a recording was queued, claimed and deferred to."""
    item = listed(catalogue, "1")
    catalogue.mark_queued([candidate(catalogue, "1")], queued_at=NOW)
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    queued = candidate(catalogue, "1")
    assert (queued.state, queued.queued_at) == (State.QUEUED, NOW)
    assert queued.claimed_until == NOW + MINUTE
    catalogue.defer(item, retry_at=NOW, reason="503", attempts=1)
    deferred = candidate(catalogue, "1")
    assert (deferred.state, deferred.retry_at) == (State.PENDING, NOW)
    assert (deferred.queued_at, deferred.claimed_until) == (None, None)


def test_queued_again_after_its_claim_has_expired(catalogue: CatalogueTable) -> None:
    """A dead archiver's recording is queued anew; its claim stays, as a trace of it."""
    item = listed(catalogue, "1")
    catalogue.mark_queued([candidate(catalogue, "1")], queued_at=NOW)
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    catalogue.mark_queued([candidate(catalogue, "1")], queued_at=NOW + 2 * MINUTE)
    again = found(catalogue, "1")
    assert (again.queued_at, again.claimed_until) == (NOW + 2 * MINUTE, NOW + MINUTE)


def test_the_feed_leaves_alone_what_was_claimed_meanwhile(catalogue: CatalogueTable) -> None:
    """An archiver that was quicker than the feed keeps its claim."""
    item = listed(catalogue, "1")
    seen = candidate(catalogue, "1")
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    catalogue.mark_queued([seen], queued_at=NOW)
    assert found(catalogue, "1").claimed_until == NOW + MINUTE
    assert found(catalogue, "1").state is State.PENDING


def test_the_feed_leaves_alone_what_was_deferred_meanwhile(catalogue: CatalogueTable) -> None:
    """An archiver that claimed and deferred before the feed wrote keeps its word."""
    item = listed(catalogue, "1")
    seen = candidate(catalogue, "1")
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    catalogue.defer(item, retry_at=NOW + 60 * MINUTE, reason="404", attempts=0)
    catalogue.mark_queued([seen], queued_at=NOW)
    assert found(catalogue, "1").state is State.PENDING


def test_one_claim_at_a_time(catalogue: CatalogueTable) -> None:
    """A claim holds until it expires, then somebody else may have it."""
    item = listed(catalogue, "1")
    other = another(catalogue)
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    with pytest.raises(ConflictError):
        other.claim(item, now=NOW + MINUTE, until=NOW + 2 * MINUTE)
    after = NOW + MINUTE + timedelta(milliseconds=1)
    other.claim(item, now=after, until=NOW + 3 * MINUTE)
    assert found(catalogue, "1").claimed_until == NOW + 3 * MINUTE


def test_of_many_who_claim_at_once_one_wins(catalogue: CatalogueTable) -> None:
    """Eight archivers that got the same id do not all fetch it."""
    item = listed(catalogue, "1")

    def wins(_: int) -> bool:
        try:
            another(catalogue).claim(item, now=NOW, until=NOW + MINUTE)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(wins, range(8))) == 1


def test_what_has_ended_can_not_be_claimed(catalogue: CatalogueTable) -> None:
    """ARCHIVED and ABSENT are final; FAILED may be tried again."""
    items = [listed(catalogue, str(number)) for number in range(3)]
    catalogue.set_archived("0", archived_of(items[0].recording))
    catalogue.end(items[1], state=State.ABSENT, reason="gone", attempts=1)
    catalogue.end(items[2], state=State.FAILED, reason="no audio", attempts=12)
    for item in items[:2]:
        with pytest.raises(ConflictError):
            catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    catalogue.claim(items[2], now=NOW, until=NOW + MINUTE)


def test_a_claim_is_renewed_by_who_holds_it(catalogue: CatalogueTable) -> None:
    """Who lost its claim learns it at the renewal, and so does who was overtaken."""
    item = listed(catalogue, "1")
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    catalogue.renew_claim("1", until=NOW + 2 * MINUTE)
    after = NOW + 3 * MINUTE
    another(catalogue).claim(item, now=after, until=after + MINUTE)
    with pytest.raises(ConflictError):
        catalogue.renew_claim("1", until=after + 2 * MINUTE)
    catalogue.set_archived("1", archived_of(item.recording))
    with pytest.raises(ConflictError):
        another(catalogue).renew_claim("1", until=after + 2 * MINUTE)


def test_a_claim_is_ended_by_who_holds_it(catalogue: CatalogueTable) -> None:
    """Who was overtaken neither puts off nor gives up what somebody else works on."""
    item = listed(catalogue, "1")
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    after = NOW + 2 * MINUTE
    another(catalogue).claim(item, now=after, until=after + MINUTE)
    with pytest.raises(ConflictError):
        catalogue.defer(item, retry_at=after, reason="503", attempts=1)
    with pytest.raises(ConflictError):
        catalogue.end(item, state=State.FAILED, reason="no audio", attempts=1)
    assert found(catalogue, "1").claimed_until == after + MINUTE


@pytest.mark.parametrize(("duration_s", "waveform"), [(61.25, bytes(range(256))), (None, None)])
def test_archived_is_final(
    catalogue: CatalogueTable, duration_s: float | None, waveform: bytes | None
) -> None:
    """ARCHIVED keeps what was measured, ends the claim, and nothing takes it back."""
    item = listed(catalogue, "1")
    archived = archived_of(item.recording, audio_duration_s=duration_s, waveform=waveform)
    catalogue.defer(item, retry_at=NOW, reason="503", attempts=3)
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    catalogue.set_archived("1", archived)
    after = found(catalogue, "1")
    assert (after.state, after.archived) == (State.ARCHIVED, archived)
    assert (after.claimed_until, after.retry_at, after.reason) == (None, None, None)
    with pytest.raises(ConflictError):
        catalogue.defer(item, retry_at=NOW, reason="503", attempts=4)
    with pytest.raises(ConflictError):
        catalogue.end(item, state=State.FAILED, reason="no audio", attempts=4)
    assert found(catalogue, "1") == after


def test_an_unknown_recording_can_not_be_archived(catalogue: CatalogueTable) -> None:
    """Nothing enters the catalogue but through the listing."""
    with pytest.raises(ConflictError):
        catalogue.set_archived("404", archived_of(recording_of("404")))
    assert catalogue.find("404") is None


def test_an_end_says_why(catalogue: CatalogueTable) -> None:
    """ABSENT carries its reason and attempts, and neither a claim nor a time to retry."""
    item = listed(catalogue, "1")
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    catalogue.end(item, state=State.ABSENT, reason="404, 91 days after the call", attempts=1)
    after = found(catalogue, "1")
    assert (after.state, after.reason) == (State.ABSENT, "404, 91 days after the call")
    assert (after.attempts, after.claimed_until, after.retry_at) == (1, None, None)


def test_what_is_lost_is_put_back_with_its_losses_until_it_is_heard_of(
    catalogue: CatalogueTable,
) -> None:
    """The claim of the dead stays; deferring forgets the losses; what changed is left alone."""
    item = listed(catalogue, "1")
    catalogue.mark_queued([candidate(catalogue, "1")], queued_at=NOW)
    catalogue.claim(item, now=NOW, until=NOW + MINUTE)
    lost = candidate(catalogue, "1")
    catalogue.put_back(lost, Losses(2, 1), retry_at=NOW + MINUTE)
    assert catalogue.losses(["1"]) == {"1": Losses(2, 1)}
    after = found(catalogue, "1")
    assert (after.state, after.retry_at, after.queued_at) == (State.PENDING, NOW + MINUTE, None)
    assert after.claimed_until == NOW + MINUTE
    with pytest.raises(ConflictError):
        catalogue.put_back(lost, Losses(3, 2), retry_at=NOW)
    with pytest.raises(ConflictError):
        catalogue.give_up(lost, Losses(3, 2), reason="died")
    catalogue.defer(item, retry_at=NOW, reason="503", attempts=1)
    assert catalogue.losses(["1"]) == {}


def test_what_is_given_up_says_why(catalogue: CatalogueTable) -> None:
    """FAILED, with neither claim nor time to retry."""
    listed(catalogue, "1")
    catalogue.mark_queued([candidate(catalogue, "1")], queued_at=NOW)
    catalogue.give_up(candidate(catalogue, "1"), Losses(12, 12), reason="its archiver died")
    after = found(catalogue, "1")
    assert (after.state, after.reason, after.retry_at) == (State.FAILED, "its archiver died", None)


def test_a_damaged_item_is_returned_as_its_error(catalogue: CatalogueTable) -> None:
    """Whatever stands there instead of an instant; the others are candidates."""
    for name in ("1", "2", "3"):
        listed(catalogue, name)
    catalogue._items.update(
        "2", "SET retry_at = :it", "#state = :was", {":it": {"S": "soon"}, ":was": {"S": "PENDING"}}
    )
    seen = list(catalogue.candidates(max_items=100, now=NOW))
    assert [it.recording_id for it in seen if isinstance(it, UnreadableItemError)] == ["2"]
    assert set(candidates(catalogue)) == {"1", "3"}


def test_what_is_deferred_hides_nothing_behind_it(
    catalogue: CatalogueTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed reads a bounded part of PENDING, and the next one goes on behind it."""
    monkeypatch.setattr(catalogue_table, "MAX_PENDING_READ", 3)
    for number in range(9):
        item = listed(catalogue, str(number), started_at=STARTED_AT + number * MINUTE)
        if number != 4:
            catalogue.defer(item, retry_at=NOW + MINUTE, reason="404", attempts=1)
    seen = [set(candidates(catalogue, max_items=5)) for _ in range(4)]
    assert seen == [set(), {"4"}, set(), set()]
