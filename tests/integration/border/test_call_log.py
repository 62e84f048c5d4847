"""Whatever RingCentral answers, a run comes to its end, and what can be had is there."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.archive_recording import handler as archiver
from functions.list_recordings import handler as lister
from ringvault.adapters.clock import now
from ringvault.core.catalogue.item import State
from ringvault.core.instants import format_instant
from tests.integration.border.shapes import few, json_values
from tests.support.audio_files import mp3
from tests.support.cloud import Cloud
from tests.support.deployed import Context, Deployed, deploy, event
from tests.support.tiny_server import Reply, Seen, TinyServer

ACCOUNT = "/restapi/v1.0/account/37000001"
JSON = {"Content-Type": "application/json"}
AUDIO = {"Content-Type": "audio/mpeg"}


class Outside:
    """A RingCentral whose call log and media are as an example has them."""

    def __init__(self) -> None:
        self.records: Any = []
        self.odd_content = Reply()
        self.odd_id = ""
        self.numbers = count(1000)

    def answer(self, request: Seen) -> Reply:
        """Answer as the example says; sign-in is as it should be."""
        if request.method == "POST":
            token = {"access_token": "t", "expires_in": 3600}
            return Reply(200, JSON, json.dumps(token).encode())
        if "/content" in request.target:
            is_odd = f"/{self.odd_id}/" in request.target
            return self.odd_content if is_odd else Reply(200, AUDIO, mp3(50))
        return Reply(200, JSON, json.dumps({"records": self.records}).encode())


@pytest.fixture
def outside() -> Outside:
    """Return what an example changes."""
    return Outside()


@pytest.fixture
def deployed(cloud: Cloud, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Deploy lister and archiver against it."""
    caches = (lister._container, *_archivers_caches())
    for cached in caches:
        cached.cache_clear()
    with TinyServer(outside.answer) as server:
        made = deploy(cloud, server.url)
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made
    for cached in caches:
        cached.cache_clear()


def _archivers_caches() -> tuple[Any, ...]:
    return (archiver._settings, archiver._session, archiver._queues, archiver._archiver)


def good(recording_id: str, server: str) -> dict[str, Any]:
    """Return a record as it is documented."""
    uri = f"{server}{ACCOUNT}/recording/{recording_id}"
    return {
        "id": recording_id,
        "startTime": format_instant(now()),
        "duration": 60,
        "recording": {"id": recording_id, "uri": uri, "contentUri": f"{uri}/content"},
    }


@given(odd=st.lists(json_values, max_size=3), data=st.data())
@few
def test_a_page_of_any_records_is_read(
    outside: Outside, deployed: Deployed, odd: list[Any], data: st.DataObject
) -> None:
    """The good record on it is listed, and nothing is left open or unsaid."""
    server = deployed["RINGCENTRAL_SERVER_URL"]
    deployed.cloud.empty_table(deployed["STATE_TABLE"])  # what is due is read again
    recording_id = str(next(outside.numbers))
    changed = good(str(next(outside.numbers)), server)
    name = data.draw(st.sampled_from(sorted(changed)))
    changed[name] = data.draw(json_values)
    outside.records = [*odd, changed, good(recording_id, server)]
    answer = lister.lambda_handler(event("list_recordings"), Context())
    assert (answer["outcome"], answer["windows_open"]) == ("listed", 0)
    assert deployed.catalogue.find(recording_id) is not None


@given(
    status=st.sampled_from([200, 204, 206, 302, 403, 404, 416, 500, 503]),
    headers=st.dictionaries(
        st.sampled_from(
            ["Content-Type", "Content-Range", "Location", "Retry-After", "X-Rate-Limit-Limit"]
        ),
        st.sampled_from(["", "0", "9" * 5_000, "-1", "bytes 0-1/*", "http://[", "nan", "audio/x"]),
    ),
    body=st.sampled_from([b"", b"[" * 100_000, b"<html>", b"RIFF", b'{"errors": 5}', b"\xff\xfb"]),
)
@few
def test_any_answer_for_one_recording_costs_only_this_one(
    outside: Outside, deployed: Deployed, status: int, headers: dict[str, str], body: bytes
) -> None:
    """The other message of the batch is archived; of the odd one there is a state or a retry."""
    server = deployed["RINGCENTRAL_SERVER_URL"]
    deployed.cloud.empty_table(deployed["STATE_TABLE"])  # no gate that the last example closed
    odd_id, good_id = (str(next(outside.numbers)) for _ in range(2))
    outside.records = [good(odd_id, server), good(good_id, server)]
    outside.odd_id, outside.odd_content = odd_id, Reply(status, headers, body)
    lister.lambda_handler(event("list_recordings"), Context())
    for recording_id in (good_id, odd_id):
        batch = event("archive_recording")
        batch["Records"] = batch["Records"][:1]
        batch["Records"][0]["body"] = json.dumps({"recording_id": recording_id})
        assert archiver.lambda_handler(batch, Context()) == {"batchItemFailures": []}
    assert deployed.item(good_id).state is State.ARCHIVED
