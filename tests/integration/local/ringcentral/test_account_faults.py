"""What is wrong with an account for good: refused, gone, moved, deleted, on another host."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.ringcentral.account.account import make_account
from local.ringcentral.account.options import Options
from local.ringcentral.faults.chaos import Chaos
from tests.integration.local.ringcentral.client import Client, Clock, recording_ids
from tests.integration.local.ringcentral.conftest import AMPLE

Start = Callable[[Options], Client]


def _books(client: Client) -> dict[str, Any]:
    books: Any = client.simulator.books()
    return {row["id"]: row for row in books["recordings"]}


def test_forbidden_recordings_are_forbidden_for_good(start: Start) -> None:
    """So many are listed and refused whenever they are asked for; the others are served."""
    client = start(Options(recordings=24, quotas=AMPLE, forbidden=7)).sign_in()
    books = _books(client)
    forbidden = {name for name, row in books.items() if row["forbidden"]}
    assert len(forbidden) == 7
    assert not any(books[name]["available"] for name in forbidden)
    for name in books:
        statuses = {client.content(name).status_code for _ in range(2)}
        assert statuses == ({403} if name in forbidden else {200})
    listed = set(recording_ids(client.records(view="Detailed", recordingType="All")))
    assert listed == books.keys()


def test_what_lasts_is_served_the_same_everywhere(start: Start) -> None:
    """Bytes by chaos are those of the books, whole, by range and behind a redirect."""
    kinds = {"unrecognised": 1.0, "wav-header-pipe": 1.0, "parts": 1.0, "redirect": 1.0}
    chaos = Chaos(probability=0.9, kinds=kinds, max_per_recording=1)
    client = start(Options(recordings=24, quotas=AMPLE, chaos=chaos)).sign_in()
    books = _books(client)
    lasting = {row["lastingFault"] for row in books.values()}
    assert lasting == {None, "unrecognised", "wav-header-pipe", "parts"}
    for name, row in books.items():
        pieces = [client.content(name).content]
        while (came := sum(map(len, pieces))) < row["size"]:
            assert row["lastingFault"] == "parts"
            pieces.append(client.content(name, headers={"Range": f"bytes={came}-"}).content)
        assert hashlib.sha256(b"".join(pieces)).hexdigest() == row["sha256"]


def test_gone_recordings_are_offered_no_more_after_a_time(start: Start, clock: Clock) -> None:
    """Then their records are rewritten without them; those of others stay as they are."""
    client = start(Options(recordings=24, quotas=AMPLE, gone=5, gone_offered_s=1_800)).sign_in()
    gone = client.simulator.account.gone
    query = {"view": "Detailed", "recordingType": "All"}
    assert gone < set(recording_ids(client.records(**query)))
    clock.advance(1_800)
    assert set(recording_ids(client.records(**query))) == set(_books(client)) - gone
    modified = {record["lastModifiedTime"] for record in client.records(view="Detailed")}
    assert "2026-11-22T12:30:00.000Z" in modified


def test_starts_are_moved_over_midnight(start: Start, clock: Clock) -> None:
    """So many records get another start, shortly before the day of the old one; all are found."""
    options = Options(recordings=24, quotas=AMPLE, moved=6, moved_after_s=1_800)
    client = start(options).sign_in()
    before = {record["id"]: record for record in client.records(view="Detailed")}
    clock.advance(1_800)
    after = {record["id"]: record for record in client.records(view="Detailed")}
    moved = {name for name in before if before[name]["startTime"] != after[name]["startTime"]}
    assert moved == client.simulator.account.moved
    assert (len(moved), before.keys()) == (6, after.keys())
    for name in moved:
        old, new = (datetime.fromisoformat(it[name]["startTime"]) for it in (before, after))
        assert old.date() - new.date() == timedelta(days=1)
        assert after[name]["lastModifiedTime"] == "2026-11-22T12:30:00.000Z"
        at = after[name]["startTime"]
        found = client.records(view="Detailed", dateFrom=at, dateTo=at)
        assert [record["id"] for record in found] == [name]


def test_each_kind_of_recording_has_its_own_retention(start: Start, clock: Clock) -> None:
    """Settings tell both periods, and what is older than its own is 404."""
    client = start(Options(recordings=60, days=90, quotas=AMPLE, retention_days=(90, 30))).sign_in()
    settings = client.get("/call-recording").json()
    assert settings["automatic"]["retentionPeriod"] == 90
    assert settings["onDemand"]["retentionPeriod"] == 30
    account = client.simulator.account
    for name, row in _books(client).items():
        age = clock.now - account.call_of[name].started_at
        is_kept = age < timedelta(days=90 if account.recordings[name].type == "Automatic" else 30)
        assert (row["available"], row["gone"]) == (is_kept, not is_kept)
        assert client.content(name).status_code == (200 if is_kept else 404)


def test_content_may_be_on_a_host_of_a_partner(start: Start) -> None:
    """Its addresses are those of the foreign host, which serves it."""
    client = start(Options(recordings=3, quotas=AMPLE, partner_media=True)).sign_in()
    foreign_url = client.simulator.foreign_host.base_url
    records = client.records(view="Simple", recordingType="All")
    addresses = [record["recording"]["contentUri"] for record in records if "recording" in record]
    assert addresses
    for address in addresses:
        assert address.startswith(f"{foreign_url}/restapi/v1.0/account/")
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(recordings=3, forbidden=4), "4 recordings can't be forbidden: 3 are there"),
        (Options(recordings=1, moved=2), "2 calls can't be moved: 1 are recorded"),
    ],
)
def test_no_more_than_there_are(clock: Clock, options: Options, message: str) -> None:
    """Asking for too many is an error that says how many there are."""
    with pytest.raises(ValueError, match=message):
        make_account(options, now=clock.now)
